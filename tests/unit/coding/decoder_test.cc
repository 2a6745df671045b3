// What an origin sends is not trusted: cuts, garbage and bombs end in an error, with the output bounded at every
// moment.
#include "proxy/coding/decoder.h"

#include <vector>

#include "proxy/coding/encoder.h"
#include "tests/support/catch.h"
#include "tests/unit/coding/bodies.h"

using namespace weir;
using namespace weir::test;
using C = ContentCoding;

namespace {

const std::string kDictionaryBytes = R"({"id":1,"title":"river stone","views":12345})";

std::shared_ptr<const Dictionary> dictionary() {
  static const auto shared = std::move(Dictionary::make(kDictionaryBytes)).value();
  return shared;
}

constexpr std::array kAll{C::gzip, C::br, C::zstd, C::dcz};

std::string encoded(C coding, std::string_view body) {
  return *encode(coding, 5, body, dictionary());
}

Code error_of(C coding, std::string_view bytes, const DecodeLimits& limits = {}) {
  const auto body = decode(coding, bytes, limits, dictionary());
  REQUIRE_FALSE(body.ok());
  CHECK(body.error().side == Side::origin);
  return body.error().code;
}

}  // namespace

TEST_CASE("a body cut short anywhere is an error", "[decoder]") {
  Mutator random(21);
  for (const auto coding : kAll) {
    const std::string body = json_body(random, 700);
    const std::string whole = encoded(coding, body);
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
      INFO(word_of(coding) << " cut at " << cut << " of " << whole.size());
      CHECK(error_of(coding, std::string_view(whole).substr(0, cut)) == Code::malformed);
    }
    CHECK(*decode(coding, whole, {}, dictionary()) == body);
  }
}

TEST_CASE("bytes behind the end are an error", "[decoder]") {
  for (const auto coding : kAll) {
    const std::string whole = encoded(coding, "some body or other");
    for (const std::string& behind : {std::string(1, '\0'), std::string("x"), std::string("garbage that is longer"),
                                      std::string("\x1f"), std::string("\x28\xb5"), std::string(100, '\0')}) {
      INFO(word_of(coding) << " + " << behind.size());
      CHECK(error_of(coding, whole + behind) == Code::malformed);
    }
  }
}

TEST_CASE("several gzip members and several zstd frames are one body", "[decoder]") {
  std::string text;
  std::string gzip;
  std::string zstd;
  for (const std::string part : {"one ", "", "two ", "three"}) {
    text += part;
    gzip += encoded(C::gzip, part);
    zstd += encoded(C::zstd, part);
  }
  zstd += std::string("\x5a\x2a\x4d\x18\x03\0\0\0abc", 11);  // a frame to be skipped
  CHECK(*decode(C::gzip, gzip) == text);
  CHECK(*decode(C::zstd, zstd) == text);
  CHECK(error_of(C::br, encoded(C::br, "one") + encoded(C::br, "two")) == Code::malformed);
}

TEST_CASE("one coding is not taken for another", "[decoder]") {
  const std::string body = "some body or other, some body or other";
  for (const auto written : kAll) {
    for (const auto read : kAll) {
      if (written == read) continue;
      INFO(word_of(written) << " as " << word_of(read));
      const auto out = decode(read, encoded(written, body), {}, dictionary());
      if (written == C::dcz && read == C::zstd)
        continue;  // 40 bytes that zstd skips; it may need nothing of the dictionary
      CHECK_FALSE(out.ok());
    }
  }
  CHECK_FALSE(Decoder::make(C::identity, {}));
  CHECK_FALSE(Decoder::make(C::dcz, {}));
  CHECK_FALSE(decode(C::identity, "x").ok());
}

TEST_CASE("the formats before zstd 0.8 are not read", "[decoder]") {
  for (const char first : {'\x22', '\x23', '\x24', '\x25', '\x26', '\x27', '\x1e'}) {
    CHECK(error_of(C::zstd, std::string(1, first) + "\xb5\x2f\xfd" + std::string(20, '\0')) == Code::malformed);
  }
}

TEST_CASE("a frame that wants more than 8 MiB of window is refused", "[decoder]") {
  // Frame header without single segment, window descriptor 14 << 3: 16 MiB (RFC 8878 §3.1.1.1); then an empty last
  // block.
  const std::string sixteen("\x28\xb5\x2f\xfd\x00\x70\x01\x00\x00", 9);
  const std::string eight("\x28\xb5\x2f\xfd\x00\x68\x01\x00\x00", 9);
  CHECK(error_of(C::zstd, sixteen) == Code::malformed);
  CHECK(decode(C::zstd, eight).ok());
}

TEST_CASE("bombs stop at the bounds", "[decoder]") {
  const std::string zeros(8_MiB, '\0');
  for (const auto coding : kAll) {
    INFO(word_of(coding));
    const std::string bomb = encoded(coding, zeros);
    DecodeLimits small;
    small.max_output = 100000;
    small.max_ratio = UINT64_MAX;
    CHECK(error_of(coding, bomb, small) == Code::too_large);
    small.max_output = zeros.size();
    CHECK(decode(coding, bomb, small, dictionary())->size() == zeros.size());
    small.max_output = zeros.size() - 1;
    CHECK(error_of(coding, bomb, small) == Code::too_large);

    if (coding != C::gzip) CHECK(error_of(coding, bomb) == Code::too_large);  // gzip stays below 1032 : 1
    DecodeLimits strict;
    strict.max_ratio = 100;
    strict.free_output = 1000;
    CHECK(error_of(coding, bomb, strict) == Code::too_large);
  }
}

TEST_CASE("at no moment is there more output than the bounds allow", "[decoder]") {
  Mutator random(22);
  const std::string bomb = encoded(C::br, std::string(3_MiB, 'a')) + "x";
  for (const auto coding : kAll) {
    const std::string bytes = encoded(coding, std::string(3_MiB, 'a'));
    DecodeLimits limits;
    limits.free_output = 5000 + random.below(100000);
    limits.max_ratio = 1 + random.below(50);
    const auto decoder = Decoder::make(coding, limits, dictionary());
    std::string out;
    std::size_t given = 0;
    bool failed = false;
    while (!failed && given < bytes.size()) {
      const auto piece = std::string_view(bytes).substr(given, 1 + random.below(40));
      given += piece.size();
      failed = !decoder->add(piece, out).ok();
      REQUIRE(out.size() <= limits.free_output + limits.max_ratio * given);
    }
    CHECK(failed);
    CHECK_FALSE(decoder->add("x", out).ok());
    CHECK_FALSE(decoder->finish().ok());
  }
}

TEST_CASE("real JSON passes the default bounds", "[decoder]") {
  Mutator random(23);
  const std::string row = R"({"id":17,"state":"ok","tags":[],"note":null,"parent":{"id":1,"name":"root"}},)";
  std::string rows;
  while (rows.size() < 900000) rows += row;  // all members equal: the worst that is still JSON
  for (const auto coding : kAll) {
    CHECK(*decode(coding, encoded(coding, rows), {}, dictionary()) == rows);
    const std::string big = json_body(random, 4_MiB);
    CHECK(*decode(coding, encoded(coding, big), {}, dictionary()) == big);
  }
}

TEST_CASE("a call never gives more than it is asked for, and loses nothing", "[decoder]") {
  Mutator random(24);
  for (int run = 0; run < 200; ++run) {
    const std::string body = any_body(random, any_size(random));
    for (const auto coding : kAll) {
      const std::string bytes = encoded(coding, body);
      DecodeLimits limits;
      limits.max_ratio = UINT64_MAX;
      const auto decoder = Decoder::make(coding, limits, dictionary());
      std::string out;
      std::string_view left = bytes;
      while (!left.empty()) {
        auto piece = left.substr(0, 1 + random.below(random.below(2) == 0 ? 10 : 5000));
        left.remove_prefix(piece.size());
        bool more = true;
        while (more) {
          const std::size_t before = out.size();
          const std::size_t most = random.below(20) == 0 ? 0 : 1 + random.below(20000);
          const auto got = decoder->advance(piece, out, most);
          REQUIRE(got.ok());
          REQUIRE(out.size() - before <= most);
          more = *got;
        }
        REQUIRE(piece.empty());
      }
      REQUIRE(decoder->finish().ok());
      REQUIRE(out == body);
    }
  }
}

TEST_CASE("garbage and changed bodies end, in an error or in something bounded", "[decoder]") {
  Mutator random(25);
  int errors = 0;
  for (const auto coding : kAll) {
    std::vector<std::string> corpus;
    for (int i = 0; i < 8; ++i) corpus.push_back(encoded(coding, any_body(random, random.below(3000))));
    for (int run = 0; run < 3000; ++run) {
      const std::string bytes = random.next(corpus, {});
      const auto out = decode(coding, bytes, {}, dictionary());
      if (out) REQUIRE(out->size() <= 1_MiB + 1000 * bytes.size());
      errors += out ? 0 : 1;
    }
    for (int run = 0; run < 500; ++run) {
      std::string noise;
      for (std::size_t n = 16 + random.below(200); n > 0; --n) noise += static_cast<char>(random.below(256));
      errors += decode(coding, noise, {}, dictionary()).ok() ? 0 : 1;
    }
  }
  CHECK(errors > 10000);
}
