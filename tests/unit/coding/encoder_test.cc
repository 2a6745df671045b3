// Whatever is encoded, in whatever pieces, comes out of the decoder as it went in; what was flushed can be read at
// once.
#include "proxy/coding/encoder.h"

#include <vector>

#include "proxy/base/units.h"
#include "proxy/coding/decoder.h"
#include "proxy/coding/levels.h"
#include "tests/support/catch.h"
#include "tests/unit/coding/bodies.h"

using namespace weir;
using namespace weir::test;

namespace {

std::shared_ptr<const Dictionary> dictionary_of(std::string bytes) {
  return std::move(Dictionary::make(std::move(bytes))).value();
}

std::string decoded(ContentCoding coding, std::string_view bytes,
                    const std::shared_ptr<const Dictionary>& dictionary = {}) {
  DecodeLimits limits;
  limits.max_ratio = UINT64_MAX;
  auto body = decode(coding, bytes, limits, dictionary);
  INFO(word_of(coding));
  REQUIRE(body.ok());
  return *body;
}

std::optional<std::uint64_t> any_hint(Mutator& random, std::size_t size) {
  switch (random.below(4)) {
    case 0: return std::nullopt;
    case 1: return random.below(UINT64_MAX);
    case 2: return random.below(2 * size + 1);
    default: return size;
  }
}

int any_level(Mutator& random, ContentCoding coding, std::size_t size) {
  const bool small = size < 20000;
  if (coding == ContentCoding::br) return static_cast<int>(random.below(small ? 12 : 6));
  return static_cast<int>(1 + random.below(small && coding != ContentCoding::gzip ? 19 : 9));
}

// Hands `body` in by random pieces, flushes in between, and checks each time that all before it can be read.
void stream_and_check(Mutator& random, ContentCoding coding, const std::string& body,
                      const std::shared_ptr<const Dictionary>& dictionary) {
  const auto hint = any_hint(random, body.size());
  const auto encoder = Encoder::make(coding, any_level(random, coding, body.size()), hint, dictionary);
  REQUIRE(encoder);
  DecodeLimits limits;
  limits.max_ratio = UINT64_MAX;
  const auto decoder = Decoder::make(coding, limits, dictionary);
  std::string wire;
  std::string read;
  std::size_t sent = 0;
  std::string_view left = body;
  const std::size_t piece = 1 + random.below(body.size() + 1);
  while (!left.empty()) {
    const auto part = left.substr(0, 1 + random.below(piece));
    left.remove_prefix(part.size());
    REQUIRE(encoder->add(part, wire).ok());
    if (random.below(4) > 0) continue;
    REQUIRE(encoder->flush(wire).ok());
    if (random.below(8) == 0) REQUIRE(encoder->flush(wire).ok());
    REQUIRE(decoder->add(std::string_view(wire).substr(sent), read).ok());
    sent = wire.size();
    REQUIRE(read == std::string_view(body).substr(0, body.size() - left.size()));
  }
  REQUIRE(encoder->finish(wire).ok());
  REQUIRE(decoder->add(std::string_view(wire).substr(sent), read).ok());
  REQUIRE(decoder->finish().ok());
  REQUIRE(read == body);
  REQUIRE(decoded(coding, wire, dictionary) == body);
}

}  // namespace

TEST_CASE("streams in random pieces, with flushes, come out as they went in", "[encoder]") {
  Mutator random(11);
  const auto dictionary = dictionary_of(json_body(random, 20000));
  for (int run = 0; run < 800; ++run) {
    const std::string body = any_body(random, any_size(random));
    for (const auto coding : kCodings) stream_and_check(random, coding, body, {});
    stream_and_check(random, ContentCoding::dcz, body, dictionary);
  }
}

TEST_CASE("whole bodies in parts come out as they went in", "[encoder]") {
  Mutator random(12);
  const auto dictionary = dictionary_of(json_body(random, 5000));
  for (int run = 0; run < 800; ++run) {
    const std::string body = any_body(random, any_size(random));
    std::vector<std::string_view> parts;
    for (std::string_view left = body; !left.empty();) {
      const auto part = left.substr(0, random.below(3) == 0 ? left.size() : random.below(left.size() + 1));
      parts.push_back(part);
      left.remove_prefix(part.size());
    }
    for (const auto coding : {ContentCoding::gzip, ContentCoding::br, ContentCoding::zstd, ContentCoding::dcz}) {
      const int level = any_level(random, coding, body.size());
      const auto out = encode(coding, level, parts, dictionary);
      REQUIRE(out.ok());
      REQUIRE(decoded(coding, *out, dictionary) == body);
    }
  }
}

TEST_CASE("a context that is used again writes what a new one writes", "[encoder]") {
  Mutator random(13);
  std::vector<std::string> bodies;
  for (int i = 0; i < 12; ++i) bodies.push_back(any_body(random, 1 + random.below(100000)));
  for (const auto coding : kCodings) {
    std::vector<std::string> first;
    for (const auto& body : bodies) first.push_back(*encode(coding, 3, body));
    for (int run = 0; run < 100; ++run) {
      const auto i = random.below(bodies.size());
      (void)encode(coding, 1 + static_cast<int>(random.below(9)), bodies[random.below(bodies.size())]);
      REQUIRE(*encode(coding, 3, bodies[i]) == first[i]);
    }
  }
}

TEST_CASE("an encoder that is given up in the middle spoils nothing", "[encoder]") {
  Mutator random(14);
  const std::string body = json_body(random, 50000);
  for (int run = 0; run < 30; ++run) {
    for (const auto coding : kCodings) {
      std::string ignored;
      REQUIRE(Encoder::make(coding, 3, std::nullopt)->add(body, ignored).ok());
      CHECK(decoded(coding, *encode(coding, 3, body)) == body);
    }
  }
}

TEST_CASE("an empty body has a form in every coding", "[encoder]") {
  const auto dictionary = dictionary_of("x");
  for (const auto coding : {ContentCoding::gzip, ContentCoding::br, ContentCoding::zstd, ContentCoding::dcz}) {
    const auto out = encode(coding, 5, std::span<const std::string_view>{}, dictionary);
    REQUIRE(out.ok());
    CHECK_FALSE(out->empty());
    CHECK(decoded(coding, *out, dictionary).empty());
  }
}

TEST_CASE("what there is no encoder for", "[encoder]") {
  CHECK_FALSE(Encoder::make(ContentCoding::identity, 1, 10));
  CHECK_FALSE(Encoder::make(ContentCoding::dcz, 1, 10));
  CHECK_FALSE(encode(ContentCoding::identity, 1, "x").ok());
}

TEST_CASE("levels outside of a coding's own are the nearest of its own", "[encoder]") {
  const std::string body(1000, 'x');
  for (const auto coding : kCodings) {
    for (const int level : {-100, -1, 0, 30, 100000}) CHECK(decoded(coding, *encode(coding, level, body)) == body);
  }
}

TEST_CASE("the gzip header says no time and no name", "[encoder]") {
  const auto out = encode(ContentCoding::gzip, 6, "hello");
  CHECK(out->substr(0, 8) == std::string("\x1f\x8b\x08\0\0\0\0\0", 8));
}

TEST_CASE("no zstd window is above 8 MiB", "[encoder]") {  // RFC 9659; the decoder refuses what is
  Mutator random(15);
  const std::string body = json_body(random, 3_MiB);
  std::string big;
  while (big.size() < 20_MiB) big += body;
  CHECK(decoded(ContentCoding::zstd, *encode(ContentCoding::zstd, 3, big)) == big);
  const auto encoder = Encoder::make(ContentCoding::zstd, 100, 1_GiB);
  std::string wire;
  REQUIRE(encoder->add(body, wire).ok());
  REQUIRE(encoder->finish(wire).ok());
  CHECK(decoded(ContentCoding::zstd, wire) == body);
}

TEST_CASE("JSON shrinks, and more effort shrinks it further", "[encoder]") {
  Mutator random(16);
  const std::string body = json_body(random, 60000);
  for (const auto coding : kCodings) {
    const auto size = [&](Effort effort) {
      return encode(coding, level_of(coding, effort, body.size()), body)->size();
    };
    INFO(word_of(coding));
    CHECK(size(Effort::fast) < body.size() / 3);
    CHECK(size(Effort::fast) <= size(Effort::stream));
    CHECK(size(Effort::best) < size(Effort::fast));
  }
}

TEST_CASE("the level of each effort", "[encoder]") {
  CHECK(level_of(ContentCoding::br, Effort::fast, 64_KiB) == 5);
  CHECK(level_of(ContentCoding::br, Effort::fast, 64_KiB + 1) == 4);
  CHECK(level_of(ContentCoding::br, Effort::fast) == 4);
  CHECK(level_of(ContentCoding::br, Effort::best) == 11);
  CHECK(level_of(ContentCoding::zstd, Effort::stream) == 1);
  CHECK(level_of(ContentCoding::zstd, Effort::fast) == 3);
  CHECK(level_of(ContentCoding::zstd, Effort::best) == 19);
  CHECK(level_of(ContentCoding::gzip, Effort::stream) == 1);
  CHECK(level_of(ContentCoding::gzip, Effort::fast) == 6);
  CHECK(level_of(ContentCoding::gzip, Effort::best) == 9);
}
