// What is written is read back; what is read means the same moment when it is written.
#include <array>
#include <cstring>

#include "proxy/http/date.h"
#include "tests/fuzz/fuzz.h"

using namespace weir;

namespace {

constexpr WallTime kLast = 253402300799;  // the end of 9999
constexpr WallTime kNow = 1790000000;

void check_written(WallTime t) {
  const auto text = format_date(t);
  const auto read = parse_date({text.data(), text.size()}, kNow);
  WEIR_CHECK(read.has_value());
  WEIR_CHECK(*read == (t < 0 ? 0 : t > kLast ? kLast : t));
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  static constexpr std::array<std::string_view, 16> kWords{"Sun, ", "Sunday, ", "Feb", "Nov",      " GMT", "29",
                                                           "00",    "99",       "31",  "23:59:60", "1994", "0000",
                                                           "9999",  "-",        ":",   "  "};
  return kWords;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  WallTime t = 0;
  std::memcpy(&t, data, size < sizeof t ? size : sizeof t);
  check_written(t);
  check_written(t % (kLast + 1));
  if (const auto read = parse_date(weir::test::text_of(data, size), kNow)) {
    WEIR_CHECK(size <= 40);
    check_written(*read);
  }
  return 0;
}
