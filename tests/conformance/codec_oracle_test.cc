// The HTTP/1 codec against two other parsers, over the corpus and seeded mutations of it: what weir accepts they
// accept, too, with the same method, target, status, fields, body and end. Not the other way round: weir refuses more.
#include <cstdlib>

#include "proxy/base/text.h"
#include "tests/oracles/oracle.h"
#include "tests/support/catch.h"
#include "tests/support/h1_corpus.h"
#include "tests/support/h1_parse.h"
#include "tests/support/h1_words.h"
#include "tests/support/mutate.h"

using namespace weir;
using namespace weir::test;

namespace {

// 20,000 take a second or two; WEIR_MUTATIONS asks for more, by hand.
std::size_t mutations() {
  const char* wanted = std::getenv("WEIR_MUTATIONS");
  return wanted == nullptr ? 20000 : parse_number(wanted).value_or(20000);
}

Pairs trimmed(const Pairs& fields) {
  Pairs out;
  for (const auto& [name, value] : fields) out.emplace_back(name, trim(value));
  return out;
}

// weir gives Host in its normal form: that one is compared by its name only.
Pairs without_host(const Pairs& fields) {
  Pairs out;
  for (const auto& [name, value] : fields) {
    const bool host = equals_ignoring_case(name, "host");
    out.emplace_back(host ? "host" : name, host ? "" : value);
  }
  return out;
}

void agree_on_request(const std::string& bytes, const Parsed& ours, const OracleMessage& theirs) {
  if (theirs.unknown_method || ours.method == "CONNECT") return;
  REQUIRE(theirs.refusal == "");
  REQUIRE(theirs.complete);
  CHECK(theirs.method == ours.method);
  CHECK(theirs.target == ours.target);
  CHECK(without_host(trimmed(theirs.fields)) == without_host(ours.fields));
  CHECK(theirs.body == ours.body);
  CHECK(theirs.consumed == ours.consumed);
  CHECK(theirs.consumed <= bytes.size());
}

void agree_on_response(const Parsed& ours, const OracleMessage& theirs) {
  REQUIRE(theirs.refusal == "");
  REQUIRE(theirs.complete);
  CHECK(theirs.status == ours.status);
  CHECK(trimmed(theirs.fields) == ours.fields);
  CHECK(theirs.body == ours.body);
  CHECK(theirs.consumed == ours.consumed);
}

bool compare_request(const std::string& bytes) {
  INFO(printable(bytes));
  const Parsed ours = parse_request(bytes);
  if (ours.last != H1Event::end) return false;
  agree_on_request(bytes, ours, llhttp_request(bytes));
  const OracleMessage other = http_parser_request(bytes);
  if (other.refusal.empty()) agree_on_request(bytes, ours, other);
  return true;
}

bool compare_response(const std::string& bytes, bool head) {
  INFO(printable(bytes) << (head ? " to HEAD" : ""));
  const Parsed ours = parse_response(bytes, head ? Method::head : Method::get, true);
  if (ours.last != H1Event::end) return false;
  agree_on_response(ours, llhttp_response(bytes, head, true));
  const OracleMessage other = http_parser_response(bytes, head, true);
  if (other.refusal.empty()) agree_on_response(ours, other);
  return true;
}

std::vector<std::string> together(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("good requests are understood alike", "[oracle]") {
  for (const auto& bytes : good_requests()) {
    INFO(bytes);
    CHECK(compare_request(bytes));
    CHECK(compare_request(bytes + "GET /next HTTP/1.1\r\nHost: h\r\n\r\n"));
  }
}

TEST_CASE("good responses are understood alike", "[oracle]") {
  for (const auto& bytes : good_responses()) {
    INFO(bytes);
    CHECK(compare_response(bytes, false));
    CHECK(compare_response(bytes, true));
  }
}

TEST_CASE("no mutated request is accepted that the others refuse or frame differently", "[oracle]") {
  const auto corpus = together(good_requests(), smuggling_requests());
  Mutator mutator(1);
  const std::size_t count = mutations();
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < count; ++i) accepted += compare_request(mutator.next(corpus, kH1Words)) ? 1U : 0U;
  CHECK(accepted > count / 50);  // or the test says nothing
}

TEST_CASE("no mutated response is accepted that the others refuse or frame differently", "[oracle]") {
  const auto corpus = together(good_responses(), bad_responses());
  Mutator mutator(2);
  const std::size_t count = mutations();
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < count; ++i) {
    accepted += compare_response(mutator.next(corpus, kH1Words), i % 4 == 0) ? 1U : 0U;
  }
  CHECK(accepted > count / 50);
}
