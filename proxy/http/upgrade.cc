// Names of protocols; see upgrade.h.
#include "proxy/http/upgrade.h"

#include <algorithm>

#include "proxy/base/text.h"
#include "proxy/http/grammar.h"
#include "proxy/http/headers.h"

namespace weir {

bool is_upgrade_protocol(std::string_view text) noexcept {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return is_token(text);
  return is_token(text.substr(0, slash)) && is_token(text.substr(slash + 1));
}

std::string_view choose_upgrade(std::string_view offered, const std::vector<std::string>& allowed) noexcept {
  std::string_view chosen;
  bool sound = true;
  for_each_member(offered, [&](std::string_view protocol) {
    sound = sound && is_upgrade_protocol(protocol);
    const bool fits = std::any_of(allowed.begin(), allowed.end(),
                                  [&](const std::string& one) { return equals_ignoring_case(one, protocol); });
    if (chosen.empty() && fits) chosen = protocol;
  });
  return sound ? chosen : std::string_view();
}

}  // namespace weir
