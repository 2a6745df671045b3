// A response is the same message in any pieces; written again and parsed it is identical; llhttp accepts what we
// accept.
#include "tests/fuzz/fuzz.h"
#include "tests/support/h1_parse.h"
#include "tests/support/h1_words.h"
#ifdef WEIR_HAS_ORACLES
#include "tests/oracles/oracle.h"
#endif

using namespace weir;
using namespace weir::test;

namespace {

std::string rewrite(const Parsed& response) {
  std::string out;
  WEIR_CHECK(write_h1_response_head(out, response.status, response.reason, fields_of(response.fields)));
  if (response.framing == Framing::length) out += "Content-Length: " + std::to_string(response.content_length) + "\r\n";
  if (response.framing == Framing::chunked) out += "Transfer-Encoding: chunked\r\n";
  out += "\r\n";
  WEIR_CHECK(append_body(out, response));
  return out;
}

void check_oracle([[maybe_unused]] std::string_view bytes, [[maybe_unused]] const Parsed& response) {
#ifdef WEIR_HAS_ORACLES
  const OracleMessage theirs = llhttp_response(bytes, false, true);
  WEIR_CHECK(theirs.complete && theirs.refusal.empty());
  WEIR_CHECK(theirs.status == response.status && theirs.body == response.body && theirs.consumed == response.consumed);
#endif
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  return kH1Words;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const auto bytes = text_of(data, size);
  const Parsed whole = parse_response(bytes, Method::get, true);
  WEIR_CHECK(parse_response(bytes, Method::get, true, every_byte(bytes)) == whole);
  const std::size_t cuts[] = {size / 2};
  WEIR_CHECK(parse_response(bytes, Method::get, true, cuts, true) == whole);
  const Parsed to_head = parse_response(bytes, Method::head, true);
  WEIR_CHECK(to_head.body.empty());
  if (whole.last != H1Event::end) return 0;
  WEIR_CHECK(whole.status >= 100 && whole.status <= 599 && to_head.last == H1Event::end);
  const std::string rewritten = rewrite(whole);
  const Parsed again = parse_response(rewritten, Method::get, true);
  WEIR_CHECK(again.last == H1Event::end && again.consumed == rewritten.size());
  WEIR_CHECK(again.status == whole.status && again.reason == whole.reason && again.body == whole.body);
  WEIR_CHECK(again.framing == whole.framing && again.trailers == whole.trailers);
  WEIR_CHECK(without_framing(again.fields) == without_framing(whole.fields));
  check_oracle(bytes, whole);
  return 0;
}
