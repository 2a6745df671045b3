// Frames of a client are the same events in any pieces; what weir accepts nghttp2 accepts, too, with the same fields
// and the same content; what a request was read as can be written as HTTP/1.1 (hostile.md 37).
#include <algorithm>

#include "proxy/http/h1_codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/oracles/nghttp2_oracle.h"
#include "tests/support/h2_parse.h"
#include "tests/support/h2_script.h"

using namespace weir;
using namespace weir::test;

namespace {

// One stream as weir understood it.
struct Seen {
  OracleStream stream;
  bool refused = false, broken = false;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : parser_(limits_) {
    for (std::size_t consumed = 0;; bytes.remove_prefix(consumed)) {
      const H2Event event = parser_.next(bytes, consumed, Time{std::chrono::seconds(1)});
      if (event == H2Event::need_more || event == H2Event::error) {
        alive = event != H2Event::error;
        return;
      }
      read(event);
    }
  }

  std::map<std::uint32_t, Seen> streams;
  bool alive = false;

 private:
  void read(H2Event event) {
    Seen& seen = streams[parser_.stream()];
    switch (event) {
      case H2Event::head: {
        const RequestHead& head = parser_.head();
        seen.refused = parser_.refusal().status != 0;
        if (seen.refused) return;
        seen.stream.has_head = true;
        seen.stream.head = {{":method", head.upgrade.empty() ? std::string(head.method_text) : "CONNECT"}};
        if (!head.upgrade.empty()) seen.stream.head.emplace_back(":protocol", head.upgrade);
        if (head.method != Method::connect) seen.stream.head.emplace_back(":path", head.target);
        for (const Field& field : head.fields) seen.stream.head.emplace_back(lower(field.name), field.value);
        seen.stream.ended = head.framing == Framing::none && head.upgrade.empty();
        check_writable(head);
        return;
      }
      case H2Event::body: seen.stream.body.append(parser_.body()); return;
      case H2Event::end: seen.stream.ended = true; return;
      case H2Event::stream_error:
      case H2Event::refused:
      case H2Event::reset: seen.broken = true; return;
      default: return;
    }
  }

  static void check_writable(const RequestHead& head) {
    if (head.method == Method::connect) return;
    std::string out;
    const std::string target = std::string(head.path) + (head.has_query ? "?" + std::string(head.query) : "");
    WEIR_CHECK(write_h1_request(out, {head.method_text, target, head.authority}, head.fields, head.framing,
                                head.content_length)
                   .ok());
    const H1Limits limits;
    H1RequestParser again(limits);
    std::size_t consumed = 0;
    const bool plain = head.framing != Framing::none || head.content_length == 0;
    WEIR_CHECK(!plain || again.next(out, consumed) == H1Event::head);
    WEIR_CHECK(again.head().path == head.path && again.head().authority == head.authority);
  }

  const H1Limits limits_;
  H2RequestParser parser_;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

// What weir gives another form: hosts, cookies in several fields, and what is not a field of its own.
Pairs comparable(const Pairs& fields) {
  Pairs out;
  std::string cookies;
  for (const auto& [name, value] : fields) {
    if (name == "host" || name == ":authority" || name == ":scheme") continue;
    if (name == "cookie") {
      cookies.append(cookies.empty() ? "" : "; ").append(value);
    } else {
      out.emplace_back(name, value);
    }
  }
  if (!cookies.empty()) out.emplace_back("cookie", cookies);
  std::sort(out.begin(), out.end());
  return out;
}

void check_oracle(std::string_view bytes) {
  const Reader ours(bytes);
  const OracleConnection theirs = nghttp2_requests(bytes);
  for (const auto& [id, seen] : ours.streams) {
    if (!seen.stream.has_head || seen.refused || seen.broken) continue;
    const auto found = theirs.streams.find(id);
    if (found == theirs.streams.end() && !theirs.alive) continue;  // it ends where weir drops what comes late
    WEIR_CHECK(found != theirs.streams.end() && found->second.has_head);
    WEIR_CHECK(comparable(seen.stream.head) == comparable(found->second.head));
    if (!ours.alive || !theirs.alive) continue;  // they stop elsewhere
    WEIR_CHECK(seen.stream.body == found->second.body);
    WEIR_CHECK(!seen.stream.ended || found->second.ended);
  }
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  using namespace std::string_view_literals;
  static constexpr std::array kWords{"\x82"sv,
                                     "\x84"sv,
                                     "\x86"sv,
                                     "\x87"sv,
                                     "\x41\x01\x61"sv,
                                     "\xbe"sv,
                                     "\x20"sv,
                                     "\x3f\xe1\x1f"sv,
                                     "\x40\x01\x61\x01\x62"sv,
                                     "\x00\x01\x61\x01\x62"sv,
                                     "\x10\x01\x61\x01\x62"sv,
                                     "\x0f\x0d\x01\x35"sv,
                                     "\x5c\x01\x33"sv,
                                     "\x60\x03\x61=b"sv,
                                     "\x00\x02te\x08trailers"sv,
                                     "\x04\x02/a"sv,
                                     "\x04\x04/a?b"sv,
                                     "\x02\x04POST"sv,
                                     "\x02\x07CONNECT"sv,
                                     "\x00\x09:protocol\x09websocket"sv,
                                     "\x66\x01\x61"sv,
                                     "\x00\x0a"
                                     "connection\x05"
                                     "close"sv,
                                     "\x01\x05\x01\x05\x82\x84\x86\x41\x01\x61"sv,
                                     "\x01\x04\x03\x05\x83\x84\x86\x41\x01\x61"sv,
                                     "\x00\x00\x01\x02xy"sv,
                                     "\x00\x01\x01\x02xy"sv,
                                     "\x00\x09\x01\x04\x01xy\x00"sv,
                                     "\x03\x00\x01\x04\x00\x00\x00\x08"sv,
                                     "\x04\x00\x00\x06\x00\x04\x00\x00\x00\x0a"sv,
                                     "\x06\x00\x00\x08"
                                     "12345678"sv,
                                     "\x08\x00\x01\x04\x00\x00\x00\x01"sv,
                                     "\x09\x04\x01\x00"sv,
                                     "\x02\x00\x01\x05\x00\x00\x00\x00\x01"sv,
                                     "\x10\x00\x00\x07\x00\x00\x00\x01u=1"sv,
                                     "\x07\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00"sv};
  return kWords;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string bytes = h2_from_script(text_of(data, size));
  const std::size_t cut =
      bytes.empty() ? 0 : (bytes.size() * 31 + static_cast<unsigned char>(bytes.back())) % bytes.size();
  for (const bool answers : {false, true}) {
    const H2Options options{.answers = answers};
    const H2Run whole = run_h2(bytes, options);
    WEIR_CHECK(run_h2_bytewise(bytes, options) == whole);
    WEIR_CHECK(run_h2_cut(bytes, cut, options) == whole);
  }
  check_oracle(bytes);
  return 0;
}
