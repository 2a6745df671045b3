// A request is the same message in any pieces; written again and parsed it is identical; llhttp accepts what we accept.
#include "tests/fuzz/fuzz.h"
#include "tests/support/h1_parse.h"
#include "tests/support/h1_words.h"
#ifdef WEIR_HAS_ORACLES
#include "tests/oracles/oracle.h"
#endif

using namespace weir;
using namespace weir::test;

namespace {

void check_pieces(std::string_view bytes, const Parsed& whole) {
  WEIR_CHECK(parse_request(bytes, every_byte(bytes)) == whole);
  std::size_t seed = bytes.size();
  for (const char c : bytes) seed = seed * 31 + static_cast<unsigned char>(c);
  const std::size_t cuts[] = {seed % (bytes.size() + 1)};
  WEIR_CHECK(parse_request(bytes, cuts, true) == whole);
}

void check_rewritten(const Parsed& request) {
  if (request.method == "CONNECT") return;  // never written: the proxy refuses it
  const auto rewritten = rewrite_request(request);
  WEIR_CHECK(rewritten.ok());
  const Parsed again = parse_request(*rewritten);
  WEIR_CHECK(again.last == H1Event::end && again.consumed == rewritten->size());
  WEIR_CHECK(again.method == request.method && path_and_query(again) == path_and_query(request));
  WEIR_CHECK(again.authority == request.authority && again.body == request.body && again.trailers == request.trailers);
  WEIR_CHECK(without_framing(again.fields) == without_framing(request.fields));
}

void check_oracle([[maybe_unused]] std::string_view bytes, [[maybe_unused]] const Parsed& request) {
#ifdef WEIR_HAS_ORACLES
  const OracleMessage theirs = llhttp_request(bytes);
  if (theirs.unknown_method || request.method == "CONNECT") return;
  WEIR_CHECK(theirs.complete && theirs.refusal.empty());
  WEIR_CHECK(theirs.method == request.method && theirs.target == request.target);
  WEIR_CHECK(theirs.body == request.body && theirs.consumed == request.consumed);
#endif
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  return kH1Words;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;  // byte by byte is quadratic in this harness
  const auto bytes = text_of(data, size);
  const Parsed whole = parse_request(bytes);
  check_pieces(bytes, whole);
  WEIR_CHECK(whole.consumed <= size);
  WEIR_CHECK((whole.last == H1Event::error) == (whole.status >= 400));
  if (whole.last != H1Event::end) return 0;
  check_rewritten(whole);
  check_oracle(bytes, whole);
  return 0;
}
