// Chunked content decodes to the same bytes, trailers and end in any pieces, and encoded again it decodes to itself.
#include <algorithm>

#include "tests/fuzz/fuzz.h"
#include "tests/support/h1_parse.h"
#include "tests/support/h1_words.h"

using namespace weir;
using namespace weir::test;

namespace {

struct Decoded {
  H1Event last = H1Event::need_more;
  std::string body;
  Pairs trailers;
  std::size_t consumed = 0;
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

constexpr H1Limits kNarrow{.trailers = 200, .chunk_extension = 20, .chunk_extensions = 50};

Decoded decode(std::string_view bytes, std::size_t step, const H1Limits& limits = kNarrow) {
  ChunkedDecoder decoder(limits);
  Decoded out;
  std::size_t available = std::min(step, bytes.size());
  for (;;) {
    std::size_t consumed = 0;
    const auto in = bytes.substr(out.consumed, available - out.consumed);
    out.last = decoder.next(in, consumed);
    WEIR_CHECK(consumed <= in.size());
    out.consumed += consumed;
    if (out.last == H1Event::body) out.body.append(decoder.body());
    if (out.last == H1Event::end) out.trailers = pairs_of(decoder.trailers());
    if (out.last == H1Event::error) out.consumed = 0;  // it says nothing any more
    if (out.last == H1Event::end || out.last == H1Event::error) return out;
    if (out.last != H1Event::need_more) continue;
    if (available == bytes.size()) return out;
    available = std::min(bytes.size(), available + step);
  }
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  return kH1Words;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const auto bytes = text_of(data, size);
  const Decoded whole = decode(bytes, size + 1);
  for (const std::size_t step : {1U, 2U, 5U, 64U}) WEIR_CHECK(decode(bytes, step) == whole);
  if (whole.last != H1Event::end) return 0;
  std::string again;
  if (!whole.body.empty()) {
    write_chunk_header(again, whole.body.size());
    again.append(whole.body).append("\r\n");
  }
  WEIR_CHECK(write_last_chunk(again, fields_of(whole.trailers)));
  const Decoded second = decode(again, again.size(), H1Limits{});  // a blank a field more
  WEIR_CHECK(second.last == H1Event::end && second.body == whole.body && second.consumed == again.size());
  WEIR_CHECK(second.trailers == whole.trailers);
  return 0;
}
