// Accept-Encoding by RFC 9110 §12.5.3, and the coding that is chosen from it.
#include "proxy/http/content_coding.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/h1_parse.h"

using namespace weir;
using weir::test::literal_fields;
using C = ContentCoding;

namespace {

constexpr std::array kOrder{C::zstd, C::br, C::gzip};

AcceptedCodings accepted(std::string_view line) {
  return parse_accept_encoding(literal_fields({{"Accept-Encoding", line}}));
}

}  // namespace

TEST_CASE("the words of the codings", "[content_coding]") {
  for (const auto coding : {C::identity, C::gzip, C::br, C::zstd, C::dcz}) {
    CHECK(content_coding_of(word_of(coding)) == coding);
  }
  CHECK(content_coding_of("GZip") == C::gzip);
  CHECK(content_coding_of("x-gzip") == C::gzip);
  CHECK(content_coding_of("X-GZIP") == C::gzip);
  for (const auto unknown : {"", "*", "deflate", "compress", "x-compress", "dcb", "gzip ", "gzip, br", "gzi", "brr"}) {
    INFO(unknown);
    CHECK_FALSE(content_coding_of(unknown));
  }
}

TEST_CASE("how much each coding is wanted", "[content_coding]") {
  struct Row {
    std::string_view line;
    std::array<std::uint16_t, kContentCodings> q;  // identity gzip br zstd dcz
  };
  for (const auto& row : {
           Row{"", {1, 0, 0, 0, 0}},
           Row{" , ,", {1, 0, 0, 0, 0}},
           Row{"gzip", {1, 1000, 0, 0, 0}},
           Row{"gzip, deflate, br, zstd", {1, 1000, 1000, 1000, 0}},
           Row{"gzip, deflate, br, zstd, dcb, dcz", {1, 1000, 1000, 1000, 1000}},
           Row{"GZIP;Q=0.5", {1, 500, 0, 0, 0}},
           Row{"x-gzip;q=0.25", {1, 250, 0, 0, 0}},
           Row{"gzip ; q=0.5 , br\t;\tq=1.000", {1, 500, 1000, 0, 0}},
           Row{"gzip;q=0.001,br;q=0.12,zstd;q=0.", {1, 1, 120, 0, 0}},
           Row{"*", {1000, 1000, 1000, 1000, 0}},
           Row{"*;q=0.3", {300, 300, 300, 300, 0}},
           Row{"*;q=0", {0, 0, 0, 0, 0}},
           Row{"*;q=0, identity", {1000, 0, 0, 0, 0}},
           Row{"gzip;q=0, *", {1000, 0, 1000, 1000, 0}},
           Row{"*, gzip;q=0, dcz;q=0.4", {1000, 0, 1000, 1000, 400}},
           Row{"identity;q=0", {0, 0, 0, 0, 0}},
           Row{"br, identity;q=0", {0, 0, 1000, 0, 0}},
           Row{"identity;q=0.5, gzip;q=0.2", {500, 200, 0, 0, 0}},
           Row{"gzip, gzip;q=0", {1, 0, 0, 0, 0}},
           Row{"gzip;q=0, gzip", {1, 0, 0, 0, 0}},
       }) {
    INFO(row.line);
    CHECK(accepted(row.line).q == row.q);
  }
}

TEST_CASE("without the field everything is acceptable, and identity is preferred", "[content_coding]") {
  const auto any = parse_accept_encoding(literal_fields({{"Accept", "gzip"}}));
  CHECK(any.q == std::array<std::uint16_t, kContentCodings>{1000, 1, 1, 1, 0});
  CHECK(any.accepts(C::gzip));
  CHECK_FALSE(any.accepts(C::dcz));
  CHECK(choose(any, kOrder) == C::identity);
}

TEST_CASE("malformed members are passed over, the others count", "[content_coding]") {
  for (const auto wrong : {"gzip;q=2",  "gzip;q=1.001", "gzip;q=0.1234", "gzip;q=-1",    "gzip;q=",    "gzip;q",
                           "gzip;",     "gzip;q=.5",    "gzip;q=a",      "gzip;q=0,5x",  "gzip;q=00",  "gzip;q=1.0000",
                           "gzip;q =1", "gzip;q= 1",    "gzip;level=1",  "gzip;q=1;x=2", "gz ip",      "gzip br",
                           "\"gzip\"",  "=gzip",        ";q=1",          "gzip;q=0x1",   "gzip;q=1,0", "gzip;q=+1"}) {
    INFO(wrong);
    const auto got = accepted(std::string(wrong) + ", br;q=0.5");
    CHECK(got.q_of(C::br) == 500);
    const bool first_half_stands = std::string_view(wrong) == "gzip;q=1,0";
    CHECK(got.accepts(C::gzip) == first_half_stands);
  }
}

TEST_CASE("all lines count, in any order", "[content_coding]") {
  const auto both = parse_accept_encoding(literal_fields({{"Accept-Encoding", "gzip"}, {"Accept-Encoding", "br;q=0"}}));
  CHECK(both == accepted("br;q=0, gzip"));
  CHECK(both == accepted("gzip,br;q=0.000"));
}

TEST_CASE("the choice", "[content_coding]") {
  struct Row {
    std::string_view line;
    C chosen;
  };
  for (const auto& row : {
           Row{"gzip, deflate, br, zstd", C::zstd},
           Row{"gzip, deflate, br", C::br},
           Row{"gzip", C::gzip},
           Row{"deflate", C::identity},
           Row{"", C::identity},
           Row{"identity", C::identity},
           Row{"*", C::zstd},
           Row{"*;q=0", C::identity},
           Row{"zstd;q=0.5, br;q=0.6, gzip;q=0.4", C::br},
           Row{"zstd;q=0, *", C::br},
           Row{"gzip;q=0.001", C::gzip},
           Row{"gzip;q=0.2, identity;q=0.5", C::identity},
           Row{"gzip;q=0.5, identity;q=0.5", C::gzip},
           Row{"identity;q=0, dcz", C::identity},  // nothing that could be offered: identity all the same
           Row{"identity;q=0", C::identity},
           Row{"identity;q=0, br;q=0.001", C::br},
       }) {
    INFO(row.line);
    CHECK(choose(accepted(row.line), kOrder) == row.chosen);
  }
}

TEST_CASE("the route's order decides among equals, and only what it offers is chosen", "[content_coding]") {
  const auto all = accepted("gzip, br, zstd, dcz");
  CHECK(choose(all, std::array{C::gzip, C::zstd}) == C::gzip);
  CHECK(choose(all, std::array{C::dcz, C::zstd}) == C::dcz);
  CHECK(choose(all, std::array{C::identity, C::br}) == C::br);
  CHECK(choose(all, {}) == C::identity);
  CHECK(choose(accepted("*"), std::array{C::dcz}) == C::identity);
}

TEST_CASE("odd spellings of the same come down to the same", "[content_coding]") {
  const auto plain = accepted("gzip, br");
  for (const auto line :
       {"br,gzip", "gzip;q=1,br;q=1.0", "GZIP , Br", "x-gzip, br", " ,br,,gzip, ", "deflate, gzip, br",
        "gzip, br, gzip", "gzip, br, *;q=0.0, identity;q=0.001", "gzip, br, sdch;q=0.9"}) {
    INFO(line);
    CHECK(accepted(line) == plain);
  }
}

TEST_CASE("what is remembered of lines is what they say, however many there are", "[content_coding]") {
  KnownCodings known;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) {
      const std::string line = "gzip;q=0." + std::to_string(i) + ", br";
      INFO(line);
      CHECK(known.of(literal_fields({{"Accept-Encoding", line}})) == accepted(line));
      CHECK(known.of(literal_fields({{"Accept-Encoding", line}})) == accepted(line));
    }
    const auto several = literal_fields({{"Accept-Encoding", "gzip;q=0.1, br"}, {"Accept-Encoding", "br;q=0"}});
    CHECK(known.of(several) == parse_accept_encoding(several));
    CHECK(known.of(literal_fields({})) == parse_accept_encoding(literal_fields({})));
    CHECK(known.of(literal_fields({{"Accept-Encoding", ""}})) == accepted(""));
    const std::string lengthy(500, ',');
    CHECK(known.of(literal_fields({{"Accept-Encoding", lengthy}})) == accepted(lengthy));
  }
}
