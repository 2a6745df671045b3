// A target in its normal form is in its normal form; no normal form holds what a second reader could take differently.
#include <array>
#include <string>

#include "proxy/http/grammar.h"
#include "proxy/http/uri.h"
#include "tests/fuzz/fuzz.h"

using namespace weir;

namespace {

void check_target(std::string_view raw, Method method) {
  Arena arena;
  const auto target = parse_target(raw, method, arena);
  if (!target) return;
  const std::string path(target->path);
  WEIR_CHECK(path == "*" || path.starts_with('/'));
  WEIR_CHECK(kTargetChars.covers(path) && kTargetChars.covers(target->query));
  WEIR_CHECK(path.find('?') == std::string::npos && path.find("/../") == std::string::npos && !path.ends_with("/.."));
  WEIR_CHECK(path.find("/./") == std::string::npos && !path.ends_with("/."));
  for (const std::string_view escaped : {"%00", "%0D", "%0A", "%41", "%7E", "%2e"}) {
    WEIR_CHECK(path.find(escaped) == std::string::npos);
  }
  const std::string whole = target->has_query ? path + "?" + std::string(target->query) : path;
  const auto again = parse_target(whole, method, arena);
  WEIR_CHECK(again.ok());
  WEIR_CHECK(again->path == target->path && again->query == target->query && again->has_query == target->has_query);
}

void check_authority(std::string_view raw, bool tls) {
  Arena arena;
  const auto authority = parse_authority(raw, tls, arena);
  if (!authority) return;
  WEIR_CHECK(!authority->empty() && authority->find('@') == std::string_view::npos);
  const auto again = parse_authority(*authority, tls, arena);
  WEIR_CHECK(again.ok() && *again == *authority);
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  static constexpr std::array<std::string_view, 28> kWords{
      "/", "//", "/.", "/..", "/../", "%2e",  "%2E%2e", "%2f",     "%5c",      "%00", "%0a", "%41",  "%",     "?",
      "&", "=",  "#",  "\\",  ";",    "..;/", "*",      "http://", "https://", "@",   ":80", ":443", "[::1]", "a.b."};
  return kWords;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto raw = weir::test::text_of(data, size);
  check_target(raw, Method::get);
  check_target(raw, Method::options);
  check_authority(raw, false);
  check_authority(raw, true);
  (void)percent_decode(raw);
  if (const auto url = parse_origin_url(raw)) WEIR_CHECK(parse_origin_url(url->text())->text() == url->text());
  return 0;
}
