// Frames of HTTP/2, in order and out of it: what each means to its stream, or to the connection (RFC 9113 §5, §6).
#include "tests/support/catch.h"
#include "tests/support/h2_parse.h"
#include "tests/support/h2_write.h"

using namespace weir;
using namespace weir::test;

namespace {

using Lines = std::vector<std::string>;

constexpr std::uint8_t kWhole = h2_flag::kEndHeaders | h2_flag::kEndStream;

const H2Fields kGet = h2_request("GET", "/");
const H2Fields kPost = h2_request("POST", "/");

struct Ending {
  std::string_view what;
  std::string bytes;
  H2End why;
};

}  // namespace

TEST_CASE("events of a connection that keeps to the rules", "[h2]") {
  const auto bytes = H2Bytes{}
                         .settings({{H2Setting::initial_window_size, 100}})
                         .frame(H2Type::settings, h2_flag::kAck, 0)
                         .headers(1, kPost, false)
                         .headers(3, kGet)
                         .data(1, "hel")
                         .ping()
                         .frame(H2Type::data, h2_flag::kPadded, 1, std::string("\x02lo\0\0", 5))
                         .window(0, 7)
                         .window(1, 8)
                         .frame(H2Type::priority, 0, 9, std::string(5, '\0'))
                         .frame(static_cast<H2Type>(0x77), 0xff, 5, "unknown")
                         .frame(H2Type::priority_update, 0, 0, h2_number(3) + "u=1")
                         .frame(H2Type::priority_update, 0, 0, h2_number(9) + "i")
                         .data(1, "", true)
                         .reset(3)
                         .frame(H2Type::ping, h2_flag::kAck, 0, "12345678")
                         .frame(H2Type::goaway, 0, 0, std::string(8, '\0'))
                         .bytes;
  const auto run = run_h2(bytes);
  CHECK(run.lines == Lines{"settings", "settings", "head 1 POST / open host=example.com",
                           "head 3 GET / none host=example.com", "body 1 hel", "ping 12345678", "body 1 lo",
                           "window 0 7", "window 1 8", "priority 3 u=1", "priority 9 i", "end 1", "reset 3", "ping-ack",
                           "goaway"});
  CHECK_FALSE(run.failed);
}

TEST_CASE("what ends a connection", "[h2]") {
  const std::string preface(kH2Preface);
  const auto open = [] { return H2Bytes{}.headers(1, kPost, false); };
  const auto get_block = h2_block(kGet);
  const std::vector<Ending> rows{
      {"another preface", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", H2End::protocol},
      {"no settings", preface + h2_frame(H2Type::ping, 0, 0, "12345678"), H2End::protocol},
      {"an acknowledgement first", preface + h2_frame(H2Type::settings, h2_flag::kAck, 0), H2End::protocol},
      {"a frame too long", open().frame(H2Type::data, 0, 1, std::string(16385, 'x')).bytes, H2End::frame_size},
      {"push", open().frame(H2Type::push_promise, 4, 1, h2_number(2)).bytes, H2End::protocol},
      {"data on 0", open().data(0, "x").bytes, H2End::protocol},
      {"data on an idle stream", open().data(3, "x").bytes, H2End::protocol},
      {"data on a stream of the server's", open().data(2, "x").bytes, H2End::protocol},
      {"padding that is all", open().frame(H2Type::data, h2_flag::kPadded, 1, "\x03xy").bytes, H2End::protocol},
      {"padding without a length", open().frame(H2Type::data, h2_flag::kPadded, 1).bytes, H2End::protocol},
      {"a head on 0", H2Bytes{}.headers(0, kGet).bytes, H2End::protocol},
      {"a head on an even stream", H2Bytes{}.headers(2, kGet).bytes, H2End::protocol},
      {"a head on a lower stream", H2Bytes{}.headers(5, kGet).headers(3, kGet).bytes, H2End::stream_closed},
      {"a head without room for priority",
       H2Bytes{}.frame(H2Type::headers, kWhole | h2_flag::kPriority, 1, "abcd").bytes, H2End::frame_size},
      {"something within a head", H2Bytes{}.frame(H2Type::headers, 0, 1, get_block).ping().bytes, H2End::protocol},
      {"another stream's continuation",
       H2Bytes{}.frame(H2Type::headers, 0, 1, get_block).frame(H2Type::continuation, 4, 3).bytes, H2End::protocol},
      {"a continuation of nothing", open().frame(H2Type::continuation, 4, 1).bytes, H2End::protocol},
      {"HPACK that refers to nothing", H2Bytes{}.frame(H2Type::headers, kWhole, 1, "\xff\xff\x7f").bytes,
       H2End::compression},
      {"HPACK cut short", H2Bytes{}.frame(H2Type::headers, kWhole, 1, get_block.substr(0, 9)).bytes,
       H2End::compression},
      {"a table that may not be so large",
       H2Bytes{}.frame(H2Type::headers, kWhole, 1, "\x3f\xe2\x1f" + get_block).bytes, H2End::compression},
      {"a reset of an idle stream", open().reset(3).bytes, H2End::protocol},
      {"a reset of 0", open().reset(0).bytes, H2End::protocol},
      {"a reset of 3 bytes", open().frame(H2Type::rst_stream, 0, 1, "abc").bytes, H2End::frame_size},
      {"settings on a stream", open().frame(H2Type::settings, 0, 1).bytes, H2End::protocol},
      {"settings of 5 bytes", open().frame(H2Type::settings, 0, 0, "12345").bytes, H2End::frame_size},
      {"an acknowledgement with settings", open().frame(H2Type::settings, 1, 0, "123456").bytes, H2End::frame_size},
      {"push switched on twice", open().settings({{H2Setting::enable_push, 2}}).bytes, H2End::protocol},
      {"a window too large", open().settings({{H2Setting::initial_window_size, 0x80000000}}).bytes,
       H2End::flow_control},
      {"frames too small", open().settings({{H2Setting::max_frame_size, 16383}}).bytes, H2End::protocol},
      {"a ping of 7 bytes", open().frame(H2Type::ping, 0, 0, "1234567").bytes, H2End::frame_size},
      {"a ping on a stream", open().frame(H2Type::ping, 0, 1, "12345678").bytes, H2End::protocol},
      {"a goaway of 7 bytes", open().frame(H2Type::goaway, 0, 0, "1234567").bytes, H2End::frame_size},
      {"a goaway on a stream", open().frame(H2Type::goaway, 0, 1, "12345678").bytes, H2End::protocol},
      {"a window of 3 bytes", open().frame(H2Type::window_update, 0, 1, "123").bytes, H2End::frame_size},
      {"a window grown by 0", open().window(0, 0).bytes, H2End::protocol},
      {"a window of an idle stream", open().window(3, 1).bytes, H2End::protocol},
      {"priority of 4 bytes", open().frame(H2Type::priority, 0, 1, "1234").bytes, H2End::frame_size},
      {"priority of 0", open().frame(H2Type::priority, 0, 0, "12345").bytes, H2End::protocol},
      {"an update of priority on a stream", open().frame(H2Type::priority_update, 0, 1, "1234").bytes, H2End::protocol},
      {"an update of priority of 0", open().frame(H2Type::priority_update, 0, 0, h2_number(0)).bytes, H2End::protocol},
  };
  for (const Ending& row : rows) {
    INFO(row.what);
    const auto run = run_h2(row.bytes);
    CHECK(run.failed);
    CHECK(run.ending == row.why);
  }
}

TEST_CASE("what ends a stream, and only that", "[h2]") {
  struct Row {
    std::string_view what;
    std::string bytes;
    Lines lines;  // after those of the opening
  };
  const auto sized = h2_request("POST", "/", {{"content-length", "3"}});
  const std::vector<Row> rows{
      {"content past its length",
       H2Bytes{}.headers(1, sized, false).data(1, "ab").data(1, "cd").bytes,
       {"body 1 ab", "error 1 1"}},
      {"content short of its length", H2Bytes{}.headers(1, sized, false).data(1, "ab", true).bytes, {"error 1 1"}},
      {"trailers before its end",
       H2Bytes{}.headers(1, sized, false).data(1, "ab").headers(1, {}).bytes,
       {"body 1 ab", "error 1 1"}},
      {"content after the end", H2Bytes{}.headers(1, kGet).data(1, "x").bytes, {"error 1 5"}},
      {"a head after the end", H2Bytes{}.headers(1, kGet).headers(1, kGet).bytes, {"error 1 5"}},
      {"a window grown by 0", H2Bytes{}.headers(1, kGet).window(1, 0).bytes, {"error 1 1"}},
      {"and what still comes of it is dropped",
       H2Bytes{}.headers(1, sized, false).window(1, 0).data(1, "abc").headers(1, {}).window(1, 1).reset(1).bytes,
       {"error 1 1", "dropped 1 3"}},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const auto run = run_h2(row.bytes);
    CHECK(Lines(run.lines.begin() + 2, run.lines.end()) == row.lines);
    CHECK_FALSE(run.failed);
  }
}

TEST_CASE("a head in pieces", "[h2]") {
  const auto block = h2_block(kGet);
  const auto pieces = [&](unsigned continuations, const std::string& extra = {}) {
    H2Bytes bytes;
    bytes.frame(H2Type::headers, h2_flag::kEndStream, 1, block.substr(0, 3));
    for (unsigned i = 1; i < continuations; ++i) bytes.frame(H2Type::continuation, 0, 1, block.substr(2 + i, 1));
    return run_h2(
        bytes.frame(H2Type::continuation, h2_flag::kEndHeaders, 1, block.substr(2 + continuations) + extra).bytes);
  };
  CHECK(pieces(1).lines.back() == "head 1 GET / none host=example.com");
  CHECK(pieces(8).lines.back() == "head 1 GET / none host=example.com");
  CHECK(pieces(9).ending == H2End::continuations);
  // One that is larger than a head may be is read, so that the connection can go on; four times as large is a flood.
  const std::string much(16384, '\x90');  // accept-encoding, as the static table has it
  H2Bytes large;
  large.frame(H2Type::headers, h2_flag::kEndStream, 1, block);
  for (int i = 0; i < 6; ++i) large.frame(H2Type::continuation, 0, 1, much);
  CHECK(run_h2(H2Bytes(large).frame(H2Type::continuation, 4, 1, much).bytes).lines.back() ==
        "head 1 refused 431 the field list is too large");
  large.frame(H2Type::continuation, 0, 1, much).frame(H2Type::continuation, 4, 1, much);
  CHECK(run_h2(large.bytes).ending == H2End::continuations);
}

TEST_CASE("what is given back between the frames of a head, or before an end, changes nothing of them", "[h2]") {
  const H1Limits limits;
  H2RequestParser parser(limits);
  const auto block = h2_block(kGet);
  std::string bytes = H2Bytes{}.frame(H2Type::headers, h2_flag::kEndStream, 1, block.substr(0, 3)).bytes;
  std::size_t used = 0;
  while (parser.next(bytes, used, {}) != H2Event::need_more) bytes.erase(0, used);
  parser.shrink();
  bytes = h2_frame(H2Type::continuation, h2_flag::kEndHeaders, 1, block.substr(3));
  REQUIRE(parser.next(bytes, used, {}) == H2Event::head);
  CHECK(parser.refusal().status == 0);
  CHECK(parser.head().path == "/");
}

TEST_CASE("trailers in two frames, of a stream that is over before the second", "[h2]") {
  const H1Limits limits;
  H2RequestParser parser(limits);
  const auto block = h2_block({{"x-a", "b"}});
  std::string bytes = H2Bytes{}.headers(1, kPost, false).frame(H2Type::headers, h2_flag::kEndStream, 1, block).bytes;
  std::size_t used = 0;
  for (H2Event event; (event = parser.next(bytes, used, {})) != H2Event::need_more; bytes.erase(0, used)) {
    if (event == H2Event::head) parser.answered(parser.slot(), {});
  }
  REQUIRE(parser.next_overdue(Time{} + std::chrono::seconds(1)));
  CHECK_FALSE(parser.next_overdue(Time{} + std::chrono::seconds(1)));
  bytes = h2_frame(H2Type::continuation, h2_flag::kEndHeaders, 1);
  CHECK(parser.next(bytes, used, {}) == H2Event::need_more);
  CHECK(parser.streams() == 0);
}

TEST_CASE("no more streams than are allowed, until others are over", "[h2]") {
  H2Bytes bytes;
  for (std::uint32_t i = 0; i < 101; ++i) bytes.headers(2 * i + 1, kPost, false);
  bytes.data(201, "x", true).reset(1).headers(203, kGet);
  const auto run = run_h2(bytes.bytes);
  CHECK(run.of("head").size() == 101);
  CHECK(Lines(run.lines.end() - 4, run.lines.end()) ==
        Lines{"refused 201", "dropped 201 1", "reset 1", "head 203 GET / none host=example.com"});
}

TEST_CASE("the rest of a body that was answered already", "[h2]") {
  const H2Options answers{.answers = true};
  const auto ended =
      run_h2(H2Bytes{}.headers(1, kPost, false).data(1, "abc").data(1, "", true).headers(3, kGet).bytes, answers);
  CHECK(Lines(ended.lines.begin() + 2, ended.lines.end()) ==
        Lines{"dropped 1 3", "dropped 1 0", "head 3 GET / none host=example.com"});
  H2Bytes endless;
  endless.headers(1, kPost, false);
  for (int i = 0; i < 5; ++i) endless.data(1, std::string(16384, 'x'));
  const auto run = run_h2(endless.bytes, answers);
  CHECK(Lines(run.lines.end() - 2, run.lines.end()) == Lines{"dropped 1 16384", "error 1 0"});
  // One that says nothing more is reset after a while.
  H2Runner runner(answers);
  runner.feed(H2Bytes{}.headers(1, kPost, false).bytes);
  CHECK_FALSE(runner.parser().next_overdue(answers.now - std::chrono::seconds(1)));
  CHECK(runner.parser().next_overdue(answers.now));
  CHECK(runner.parser().stream() == 1);
  CHECK(runner.parser().streams() == 0);
}

TEST_CASE("budgets of a connection", "[h2]") {
  const auto many = [](const std::string& frame, std::size_t times) {
    std::string bytes = H2Bytes{}.headers(1, kPost, false).bytes;
    for (std::size_t i = 0; i < times; ++i) bytes += frame;
    return run_h2(bytes);
  };
  struct Row {
    std::string frame;
    H2End why;
  };
  for (const Row& row : std::vector<Row>{
           {h2_frame(H2Type::ping, 0, 0, "12345678"), H2End::pings},
           {h2_frame(H2Type::settings, 0, 0), H2End::settings},
           {h2_frame(H2Type::data, 0, 1), H2End::empty_frames},
           {h2_frame(static_cast<H2Type>(99), 0, 0), H2End::empty_frames},
           {h2_frame(H2Type::window_update, 0, 1, h2_number(1)), H2End::windows},
           {h2_frame(H2Type::priority, 0, 1, "12345"), H2End::priorities},
           {h2_frame(H2Type::priority_update, 0, 0, h2_number(1)), H2End::priorities},
       }) {
    INFO(word(row.why));
    CHECK_FALSE(many(row.frame, 999).failed);
    const auto run = many(row.frame, 1001);
    CHECK(run.failed);
    CHECK(run.ending == row.why);
    CHECK(code_of(run.ending) == H2Code::enhance_your_calm);
  }
}

TEST_CASE("resets are for bounded in number and in time", "[h2]") {
  H2Budget budget;
  Time now{std::chrono::hours(1)};
  for (int i = 0; i < 200; ++i) CHECK(budget.reset(now));
  CHECK_FALSE(budget.reset(now));
  now += std::chrono::seconds(1);
  int more = 0;
  while (budget.reset(now)) ++more;
  CHECK(more == 19);  // one of 20 was spent in vain
  now += std::chrono::hours(1);
  for (int i = 0; i < 200; ++i) CHECK(budget.reset(now));
  CHECK_FALSE(budget.reset(now));
}

TEST_CASE("who is sent much may open the window often", "[h2]") {
  H2Budget budget;
  const Time now{std::chrono::hours(1)};
  budget.sent_content(300, 0);
  budget.sent_content(0, 50 * 4096);
  int updates = 0;
  while (budget.spend(H2Budget::Kind::windows, now)) ++updates;
  CHECK(updates == 1700);  // a thousand, two for each frame, two for each 4 KiB
  CHECK(budget.spend(H2Budget::Kind::windows, now + std::chrono::seconds(10)));
}
