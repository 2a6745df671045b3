// Parses and fills in templates; see template.h.
#include "proxy/route/template.h"

#include <algorithm>

#include "proxy/base/text.h"

namespace weir {
namespace {

Error wrong(std::string detail) {
  return Error{Side::config, Code::malformed, std::move(detail)};
}

Error unknown_name(std::string_view name, const std::vector<std::string_view>& known) {
  const auto near = nearest(name, known);
  std::string right = "no name is filled in here";
  if (!known.empty()) {
    right = "known are";
    for (const auto one : known) right.append(right.ends_with("are") ? " ${" : ", ${").append(one).append("}");
  }
  if (!near.empty()) right = "did you mean ${" + std::string(near) + "}?";
  return wrong("${" + printable(name) + "} is not a name that this route fills in: " + right);
}

}  // namespace

Result<Template> Template::parse(std::string_view text, const std::vector<std::string_view>& known) {
  Template made;
  made.text_ = text;
  while (!text.empty()) {
    const auto begin = text.find("${");
    if (begin != 0) made.pieces_.push_back({false, std::string(text.substr(0, begin))});
    if (begin == std::string_view::npos) break;
    const auto end = text.find('}', begin);
    if (end == std::string_view::npos) return wrong("${ is not closed: ${NAME}");
    const auto name = text.substr(begin + 2, end - begin - 2);
    if (std::find(known.begin(), known.end(), name) == known.end()) return unknown_name(name, known);
    made.pieces_.push_back({true, std::string(name)});
    text.remove_prefix(end + 1);
  }
  return made;
}

void Template::render(const RouteValues& values, std::string& out) const {
  for (const Piece& piece : pieces_) out.append(piece.name ? values.find(piece.text) : std::string_view(piece.text));
}

bool Template::constant() const {
  return std::none_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) { return piece.name; });
}

}  // namespace weir
