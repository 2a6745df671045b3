// Bodies of admin calls: whatever comes in, what is accepted is bounded and plain, and a URL that is accepted covers
// the object that a request for it is kept under.
#include <array>
#include <string>

#include "proxy/admin/invalidate.h"
#include "proxy/admin/parameters.h"
#include "proxy/cache/key.h"
#include "proxy/http/grammar.h"
#include "proxy/route/url.h"
#include "tests/fuzz/fuzz.h"

using namespace weir;

namespace {

using Kind = InvalidationRecord::Kind;

std::string key_of(const PlainUrl& url) {
  Arena arena;
  RequestHead head;
  head.authority = url.host.empty() ? "any.test" : std::string_view(url.host);
  head.path = url.path;
  head.query = url.query;
  head.has_query = url.has_query;
  return std::string(make_key(KeySpec{}, head, arena).bytes);
}

void check_url(std::string_view text) {
  const auto url = parse_plain_url(text);
  if (!url) return;
  const auto again = parse_plain_url(url->text());
  WEIR_CHECK(again.ok() && again->text() == url->text());
  InvalidationRules rules;
  rules.apply(1, InvalidationRecord{Kind::url, url->text(), false});
  const std::string key = key_of(*url);
  WEIR_CHECK(rules.covers(Subject{key, nullptr, 0}) == Coverage::hard);
}

void check_body(std::string_view text) {
  const RouteTable none({});
  (void)parse_clearing(text);
  const auto wanted = parse_invalidation(text, none);
  if (!wanted) return;
  WEIR_CHECK(!wanted->records.empty());
  for (const auto& record : wanted->records) {
    WEIR_CHECK(record.kind == Kind::all || !record.value.empty());
    WEIR_CHECK(find_control(record.value) == record.value.size());
    if (record.kind == Kind::url) check_url(record.value);
  }
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  static constexpr std::array<std::string_view, 24> kWords{
      "{",       "}",       "[",        "]",         "\"tags\":",    "\"urls\":", "\"prefix\":", "\"pattern\":",
      ",",       "\"",      "\"all\":", "\"soft\":", "\"wait\":",    "\"2s\"",    "true",        "false",
      "\\u0000", "http://", "/a",       "?",         "[\"/a?b=1\"]", "a.test/x",  "*",           "\\"};
  return kWords;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::string_view, 1> kNames{"url"};
  const auto text = weir::test::text_of(data, size);
  check_body(text);
  check_url(text);
  (void)Parameters::parse(text, kNames);
  return 0;
}
