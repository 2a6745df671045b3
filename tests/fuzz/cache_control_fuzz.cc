// Adding no-store never makes an answer more cacheable, wherever it is added; lifetimes stay in their range; hostile
// values cost little time.
#include <array>

#include "proxy/http/cache_control.h"
#include "proxy/http/grammar.h"
#include "tests/fuzz/fuzz.h"

using namespace weir;

namespace {

ResponseDirectives parse(std::initializer_list<std::string_view> lines) {
  Fields fields;
  for (const auto line : lines) fields.add(Name::cache_control, line);
  return parse_response_cache_control(fields);
}

std::optional<ResponseDirectives> parse_targeted(std::string_view line) {
  Fields fields;
  fields.add(Name::cdn_cache_control, line);
  return parse_targeted_cache_control(fields, Name::cdn_cache_control);
}

bool in_range(const std::optional<Seconds>& seconds) {
  return !seconds || (*seconds >= 0 && *seconds <= kMaxDelta);
}

void check_ranges(const ResponseDirectives& d) {
  WEIR_CHECK(in_range(d.max_age) && in_range(d.s_maxage));
  WEIR_CHECK(in_range(d.stale_while_revalidate) && in_range(d.stale_if_error));
}

bool may_be_reused(const ResponseDirectives& d) {
  const Seconds lifetime = d.s_maxage.value_or(d.max_age.value_or(0));
  return !d.no_store && !d.private_ && !d.no_cache && !d.invalid_lifetime && lifetime > 0;
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  static constexpr std::array<std::string_view, 26> kWords{
      "no-store",  "no-cache", "private", "public", "max-age=60",  "s-maxage=5", "max-age=0", "must-revalidate",
      ", ",        ",",        "=",       "\"",     "\\",          "\\\"",       "=\"a, b\"", "stale-if-error=9",
      "immutable", ";a=b",     "?0",      "?1",     "99999999999", "-1",         " ",         "\t",
      "(1 2)",     ":aa=:"};
  return kWords;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) return 0;
  const auto line = weir::test::text_of(data, size);
  if (!is_field_value(line)) return 0;  // no codec lets it through
  const auto before = parse({line});
  check_ranges(before);
  WEIR_CHECK(parse({line, "no-store"}).no_store);
  WEIR_CHECK(parse({"no-store", line}).no_store);
  const std::string behind = std::string(line) + ", no-store";
  const std::string ahead = "no-store, " + std::string(line);
  WEIR_CHECK(parse({ahead}).no_store);
  WEIR_CHECK(!may_be_reused(parse({behind})) || may_be_reused(before));
  if (const auto targeted = parse_targeted(line)) {
    check_ranges(*targeted);
    WEIR_CHECK(parse_targeted(behind)->no_store);
  }
  if (const auto targeted = parse_targeted(behind)) WEIR_CHECK(targeted->no_store);

  Fields request;
  request.add(Name::cache_control, line);
  const auto asked = parse_request_cache_control(request);
  WEIR_CHECK(in_range(asked.max_age) && in_range(asked.min_fresh) && in_range(asked.max_stale_for));
  return 0;
}
