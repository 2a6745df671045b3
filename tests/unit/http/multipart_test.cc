// multipart/byteranges: the form of RFC 9110 §14.6, and that the length said beforehand is the length.
#include "proxy/http/multipart.h"

#include "tests/support/catch.h"
#include "tests/support/mutate.h"

using namespace weir;

namespace {

std::string written(const Multipart& multipart, std::string_view body) {
  std::string text;
  for (std::size_t i = 0; i < multipart.ranges().size(); ++i) {
    const ByteRange& range = multipart.ranges()[i];
    text += multipart.part_head(i);
    text += body.substr(range.first, range.length());
  }
  return text + multipart.closing();
}

ByteRanges ranges_of(std::string_view header, std::uint64_t length) {
  return std::get<ByteRanges>(resolve_range(header, length));
}

}  // namespace

TEST_CASE("a multipart answer", "[multipart]") {
  const Multipart m(ranges_of("bytes=0-1,-2", 10), 10, "text/plain", Digest{0x0123456789abcdefU, 0xfedcba9876543210U});
  CHECK(m.content_type() == "multipart/byteranges; boundary=fedcba98765432100123456789abcdef");
  CHECK(written(m, "0123456789") ==
        "--fedcba98765432100123456789abcdef\r\n"
        "Content-Type: text/plain\r\n"
        "Content-Range: bytes 0-1/10\r\n"
        "\r\n"
        "01\r\n"
        "--fedcba98765432100123456789abcdef\r\n"
        "Content-Type: text/plain\r\n"
        "Content-Range: bytes 8-9/10\r\n"
        "\r\n"
        "89\r\n"
        "--fedcba98765432100123456789abcdef--\r\n");
}

TEST_CASE("without a type the parts have none", "[multipart]") {
  const Multipart m(ranges_of("bytes=0-0,2-2", 3), 3, "", Digest{});
  CHECK(m.part_head(0) == "--" + std::string(32, '0') + "\r\nContent-Range: bytes 0-0/3\r\n\r\n");
  CHECK(m.part_head(1) == "\r\n--" + std::string(32, '0') + "\r\nContent-Range: bytes 2-2/3\r\n\r\n");
}

TEST_CASE("the length is known before anything is written", "[multipart]") {
  weir::test::Mutator random(5);
  const std::string body(100000, 'x');
  for (int run = 0; run < 2000; ++run) {
    std::string header = "bytes=";
    std::uint64_t at = 0;
    for (std::size_t n = 1 + random.below(kMostRanges); n > 0; --n) {
      const std::uint64_t first = at + random.below(2000);
      at = first + 1 + random.below(2000);
      header += std::to_string(first) + "-" + std::to_string(at - 1) + ",";
    }
    const Multipart m(ranges_of(header, body.size()), body.size(), run % 2 == 0 ? "application/json" : "",
                      Digest{random.below(SIZE_MAX), random.below(SIZE_MAX)});
    INFO(header);
    REQUIRE(m.total() == written(m, body).size());
  }
}
