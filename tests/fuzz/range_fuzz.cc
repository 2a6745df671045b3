// Ranges lie inside of the body, none overlap, there are at most sixteen; the look before the length is known agrees
// with the one after; the length of a multipart answer is what is written.
#include <algorithm>
#include <array>
#include <string>

#include "proxy/http/multipart.h"
#include "proxy/http/range.h"
#include "tests/fuzz/fuzz.h"

using namespace weir;

namespace {

void check_multipart(const ByteRanges& ranges, std::uint64_t length) {
  const Multipart multipart(ranges, length, "text/plain", Digest{1, 2});
  std::uint64_t total = multipart.closing().size();
  for (std::size_t i = 0; i < ranges.size(); ++i) total += multipart.part_head(i).size() + ranges[i].length();
  WEIR_CHECK(multipart.total() == total);
}

void check_ranges(const ByteRanges& ranges, std::uint64_t length) {
  WEIR_CHECK(ranges.size() >= 1 && ranges.size() <= kMostRanges);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    WEIR_CHECK(ranges[i].first <= ranges[i].last && ranges[i].last < length);
    for (std::size_t j = 0; j < i; ++j) {
      WEIR_CHECK(ranges[i].last < ranges[j].first || ranges[j].last < ranges[i].first);
    }
  }
}

void check_early(const EarlyRange& early, const Ranges& ranges, std::uint64_t length) {
  if (std::holds_alternative<WholeBody>(early)) WEIR_CHECK(std::holds_alternative<WholeBody>(ranges));
  const auto* from_to = std::get_if<FromTo>(&early);
  if (from_to == nullptr) return;
  if (from_to->first >= length) {
    WEIR_CHECK(std::holds_alternative<Unsatisfiable>(ranges));
    return;
  }
  const auto& list = std::get<ByteRanges>(ranges);
  WEIR_CHECK(list.size() == 1 && list[0].first == from_to->first);
  WEIR_CHECK(list[0].last == std::min(from_to->last.value_or(UINT64_MAX), length - 1));
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  static constexpr std::array<std::string_view, 16> kWords{"bytes=",
                                                           "BYTES=",
                                                           "0-",
                                                           "-1",
                                                           "0-0",
                                                           "-0",
                                                           ",",
                                                           ", ",
                                                           "-",
                                                           "5-9",
                                                           "18446744073709551615",
                                                           "18446744073709551616",
                                                           "\"a\"",
                                                           "W/\"a\"",
                                                           "Sun, 06 Nov 1994 08:49:37 GMT",
                                                           "items="};
  return kWords;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = weir::test::text_of(data, size);
  for (const std::uint64_t length : {0U, 1U, 10U, 1000U, 4000000000U}) {
    const auto ranges = resolve_range(text, length);
    check_early(look_at_range(text), ranges, length);
    if (const auto* list = std::get_if<ByteRanges>(&ranges)) {
      check_ranges(*list, length);
      check_multipart(*list, length);
    }
  }
  WEIR_CHECK(!if_range_holds(text, "W/\"a\"", "", "", 0));
  WEIR_CHECK(!if_range_holds(text, "", "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", 0));
  return 0;
}
