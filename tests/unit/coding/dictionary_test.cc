// Dictionaries by RFC 9842: their name, dcz's frame, what they save, and that threads may share one.
#include "proxy/coding/dictionary.h"

#include <vector>

#include "proxy/base/units.h"
#include "proxy/coding/decoder.h"
#include "proxy/coding/encoder.h"
#include "tests/support/catch.h"
#include "tests/unit/coding/bodies.h"

using namespace weir;
using namespace weir::test;

namespace {

std::shared_ptr<const Dictionary> dictionary_of(std::string bytes) {
  return std::move(Dictionary::make(std::move(bytes))).value();
}

std::vector<std::string> alike_answers(Mutator& random, int count) {
  std::vector<std::string> answers;
  for (int i = 0; i < count; ++i) {
    answers.push_back(R"({"status":"ok","region":"eu-central-1","items":)" +
                      json_body(random, 300 + random.below(500)) +
                      R"(,"paging":{"next":null,"previous":null,"total":)" + std::to_string(random.below(1000)) + "}}");
  }
  return answers;
}

}  // namespace

TEST_CASE("the name of a dictionary", "[dictionary]") {
  // SHA-256 of "abc" (FIPS 180-2), as a byte sequence.
  constexpr std::string_view kAbc = ":ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:";
  const auto abc = dictionary_of("abc");
  CHECK(abc->available_text() == kAbc);
  CHECK(available_dictionary_text(sha256("abc")) == kAbc);
  CHECK(parse_available_dictionary(kAbc) == abc->hash());
}

TEST_CASE("any hash survives being written and read", "[dictionary]") {
  Mutator random(31);
  for (int run = 0; run < 2000; ++run) {
    Sha256 hash{};
    for (auto& byte : hash) byte = static_cast<unsigned char>(random.below(256));
    REQUIRE(parse_available_dictionary(available_dictionary_text(hash)) == hash);
  }
}

TEST_CASE("what names no dictionary", "[dictionary]") {
  for (const std::string_view wrong : {
           std::string_view(""),
           std::string_view(":"),
           std::string_view("::"),
           std::string_view(":YWJj:"),
           std::string_view("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
           std::string_view(":ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
           std::string_view("\"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\""),
           std::string_view(":ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa1=:"),  // bits that belong to no byte
           std::string_view(":ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa==:"),
           std::string_view(":ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0A:"),
           std::string_view(":ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=:"),
           std::string_view(":ungWv48Bz pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:"),
           std::string_view(": ngWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:"),
           std::string_view(":ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0\n:"),
           std::string_view(":ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=: "),
           std::string_view(":ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:;a=1"),
       }) {
    INFO(wrong);
    CHECK_FALSE(parse_available_dictionary(wrong));
  }
}

TEST_CASE("a dictionary has between one byte and 1 MiB", "[dictionary]") {
  CHECK_FALSE(Dictionary::make("").ok());
  CHECK(Dictionary::make(std::string(1_MiB, 'x')).ok());
  CHECK(Dictionary::make(std::string(1_MiB + 1, 'x')).error().code == Code::too_large);
}

TEST_CASE("a dcz body names its dictionary first", "[dictionary]") {
  const auto dictionary = dictionary_of("some dictionary, some dictionary");
  const auto out = encode(ContentCoding::dcz, 3, "some dictionary, and more", dictionary);
  REQUIRE(out.ok());
  CHECK(out->substr(0, 8) == std::string("\x5e\x2a\x4d\x18\x20\0\0\0", 8));
  CHECK(out->substr(8, 32) == std::string(dictionary->hash().begin(), dictionary->hash().end()));
  CHECK(dictionary->dcz_header() == out->substr(0, Dictionary::kDczHeader));
}

TEST_CASE("another dictionary than the one it was made with is an error", "[dictionary]") {
  const auto out = encode(ContentCoding::dcz, 3, "some body", dictionary_of("one dictionary"));
  CHECK_FALSE(decode(ContentCoding::dcz, *out, {}, dictionary_of("two dictionaries")).ok());
  CHECK_FALSE(
      decode(ContentCoding::dcz, out->substr(Dictionary::kDczHeader), {}, dictionary_of("one dictionary")).ok());
}

TEST_CASE("dictionaries of every size and kind are the raw bytes", "[dictionary]") {
  Mutator random(32);
  // What looks like zdict's own format, or like a frame, is raw content as well.
  std::vector<std::string> kinds{"x", "1234567", "12345678", std::string("\x37\xa4\x30\xec", 4) + std::string(500, 'x'),
                                 std::string("\x28\xb5\x2f\xfd", 4) + std::string(100, '\0')};
  for (int i = 0; i < 40; ++i) kinds.push_back(any_body(random, 1 + any_size(random)));
  for (const auto& bytes : kinds) {
    const auto dictionary = dictionary_of(bytes);
    for (const int level : {1, 3, 9, 19}) {
      if (level == 19 && bytes.size() > 50000) continue;
      for (const auto& body : {bytes, bytes + "more", any_body(random, any_size(random)), std::string()}) {
        const auto out = encode(ContentCoding::dcz, level, body, dictionary);
        DecodeLimits limits;
        limits.max_ratio = UINT64_MAX;
        REQUIRE(out.ok());
        REQUIRE(*decode(ContentCoding::dcz, *out, limits, dictionary) == body);
      }
    }
  }
}

TEST_CASE("a body that is its dictionary all but costs nothing", "[dictionary]") {
  Mutator random(33);
  for (const std::size_t size : {1000U, 30000U, 300000U, 900000U}) {
    const std::string body = json_body(random, size);
    const auto dictionary = dictionary_of(body);
    INFO(size);
    CHECK(encode(ContentCoding::dcz, 3, body, dictionary)->size() < Dictionary::kDczHeader + 30 + size / 500);
  }
}

TEST_CASE("small alike answers shrink by a dictionary what zstd alone can't", "[dictionary]") {
  Mutator random(34);
  const auto learnt = alike_answers(random, 300);
  const std::vector<std::string_view> samples(learnt.begin(), learnt.end());
  const auto bytes = train_dictionary(samples, 16_KiB);
  REQUIRE(bytes.ok());
  CHECK(bytes->size() <= 16_KiB);
  CHECK(*train_dictionary(samples, 16_KiB) == *bytes);
  const auto dictionary = dictionary_of(*bytes);
  std::size_t alone = 0;
  std::size_t with = 0;
  for (const auto& answer : alike_answers(random, 100)) {
    alone += encode(ContentCoding::zstd, 3, answer)->size();
    with += encode(ContentCoding::dcz, 3, answer, dictionary)->size();
  }
  INFO(alone << " without, " << with << " with");
  CHECK(with * 10 < alone * 8);
}

TEST_CASE("too little to learn from is said, not guessed", "[dictionary]") {
  CHECK_FALSE(train_dictionary({}, 16_KiB).ok());
  const std::vector<std::string_view> one{"a single answer"};
  CHECK_FALSE(train_dictionary(one, 16_KiB).ok());
  CHECK_FALSE(train_dictionary(one, 0).ok());
}

TEST_CASE("its footprint counts the tables", "[dictionary]") {
  Mutator random(35);
  const auto dictionary = dictionary_of(json_body(random, 20000));
  const auto before = dictionary->footprint();
  CHECK(before >= 20000);
  const auto* tables = dictionary->tables(3);
  CHECK(tables == dictionary->tables(3));
  CHECK(dictionary->footprint() > before + 1000);
}
