// What an HTTP/2 origin says is the same however its bytes are cut, for three requests at once; no stream says anything
// after its end; what passes can be written to a client of HTTP/1 and read again.
#include "tests/fuzz/fuzz.h"
#include "tests/support/h2_answers.h"

using namespace weir;
using namespace weir::test;

namespace {

constexpr std::string_view kWords[] = {
    {"\0\0\0\4\0\0\0\0\0", 9},                     // SETTINGS
    {"\0\0\1\1\4\0\0\0\1\x88", 10},                // HEADERS of stream 1: :status 200
    {"\0\0\1\1\5\0\0\0\3\x88", 10},                // of stream 3, which ends
    {"\0\0\5\0\1\0\0\0\1hello", 14},               // DATA that ends stream 1
    {"\0\0\4\3\0\0\0\0\5\0\0\0\7", 13},            // RST_STREAM: refused
    {"\0\0\x08\7\0\0\0\0\0\0\0\0\1\0\0\0\0", 17},  // GOAWAY
    {"\0\0\x08\6\0\0\0\0\0abcdefgh", 17},          // PING
    {"\0\0\4\x08\0\0\0\0\1\0\0\1\0", 13},          // WINDOW_UPDATE
    {"\0\4date\4when", 11},                        // a literal field
    {"\x5c\1\x35", 3},                             // content-length: 5
};

// An answer that was taken can be written: no name or value breaks HTTP/1.
class Checker final : public H2Answer {
 public:
  void on_h2_head(ResponseHead& head) override {
    WEIR_CHECK(head.status >= 100 && head.status <= 599 && head.status != 101);
    std::string out;
    WEIR_CHECK(write_h1_response_head(out, head.status, head.reason, head.fields).ok());
    H1ResponseParser parser(limits_);
    parser.next_message(Method::head);
    std::size_t consumed = 0;
    out += "\r\n";
    const H1Limits wide;
    if (head.fields.size() <= wide.fields) WEIR_CHECK(parser.next(out, consumed) == H1Event::head);
  }
  void on_h2_content(std::string_view) override {}
  void on_h2_end(const Fields&) override {}
  void on_h2_lost(Error error, bool) override { WEIR_CHECK(!error.detail.empty()); }
  void on_h2_sent() override {}

 private:
  const H1Limits limits_ = origin_limits();
};

std::string logs(std::string_view bytes, std::span<const std::size_t> cuts) {
  Talk talk;
  talk.ask("GET");
  talk.ask("HEAD");
  talk.ask("POST", "/", {}, Framing::chunked);
  const bool goes_on = talk.hear(bytes, cuts);
  std::string all = goes_on ? "" : "over ";
  for (const auto& answer : talk.answers) all += answer->log + "|";  // content stands there where it is whole
  WEIR_CHECK(goes_on || talk.codec.streams() == 0);
  // nghttp2 counts the pieces in which the head of a CONTINUATION comes as so many frames.
  return talk.codec.error().detail.find("CONTINUATION") == std::string::npos ? all : "";
}

bool same(const std::string& a, const std::string& b) {
  return a == b || a.empty() || b.empty();
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  return kWords;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const auto bytes = text_of(data, size);
  const std::string whole = logs(bytes, {});
  std::vector<std::size_t> every;
  for (std::size_t i = 1; i < size; ++i) every.push_back(i);
  WEIR_CHECK(same(logs(bytes, every), whole));
  const std::size_t half[] = {size / 2};
  WEIR_CHECK(same(logs(bytes, half), whole));
  Checker checker;
  const H1Limits limits = origin_limits();
  H2OriginCodec codec(limits, false);
  WEIR_CHECK(codec.open({"GET", "/", "a"}, {}, Framing::none, 0, false, Method::get, checker).ok());
  codec.receive(bytes, Time{std::chrono::hours(1)});
  while (!codec.next_output().empty()) {}
  codec.fail_all({Side::origin, Code::closed, "over"});
  return 0;
}
