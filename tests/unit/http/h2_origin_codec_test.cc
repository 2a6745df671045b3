// One connection to an HTTP/2 origin, byte by byte: what becomes an answer, what is an error, and whose.
#include "proxy/http/h2_origin_codec.h"

#include <nghttp2/nghttp2.h>

#include "tests/support/catch.h"
#include "tests/support/h2_answers.h"

namespace weir {
namespace {

using namespace test;

const Pairs kFine{{":status", "200"}};

// A server by nghttp2 that reads what the codec wrote.
class Reader {
 public:
  Reader() {
    nghttp2_session_callbacks* table = nullptr;
    nghttp2_session_callbacks_new(&table);
    nghttp2_session_callbacks_set_on_header_callback(
        table, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                  const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self) {
          static_cast<Reader*>(self)->seen[frame->hd.stream_id] +=
              std::string(reinterpret_cast<const char*>(name), name_size) + "=" +
              std::string(reinterpret_cast<const char*>(value), value_size) + "\n";
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        table, [](nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes, std::size_t size,
                  void* self) {
          static_cast<Reader*>(self)->seen[stream].append(reinterpret_cast<const char*>(bytes), size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        table, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
          if (frame->hd.type == NGHTTP2_RST_STREAM) static_cast<Reader*>(self)->seen[frame->hd.stream_id] += "reset";
          const bool may_end = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
          if (may_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
            static_cast<Reader*>(self)->seen[frame->hd.stream_id] += ".";
          return 0;
        });
    nghttp2_session_server_new(&session_, table, this);
    nghttp2_session_callbacks_del(table);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr,
                            0);  // that the codec hears others makes no difference
    for (const std::uint8_t* ignored = nullptr; nghttp2_session_mem_send(session_, &ignored) > 0;) {}
  }
  ~Reader() { nghttp2_session_del(session_); }
  void read(std::string& bytes) {
    const auto taken =
        nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    REQUIRE(taken == static_cast<ssize_t>(bytes.size()));
    bytes.clear();
  }
  std::map<std::int32_t, std::string> seen;

 private:
  nghttp2_session* session_ = nullptr;
};

Fields fields_of(const Pairs& pairs) {
  Fields fields;
  for (const auto& [name, value] : pairs) fields.add(std::string_view(name), std::string_view(value));
  return fields;
}

TEST_CASE("a request in HTTP/2's words", "[h2]") {
  Talk talk;
  Reader reader;
  const Pairs given{{"X-Mine", "A b"},   {"Host", "other"},  {"Connection", "close"},
                    {"Keep-Alive", "5"}, {"TE", "Trailers"}, {"Transfer-Encoding", "x"},
                    {"Upgrade", "h2c"},  {"Cookie", "a=1"},  {"Content-Length", "7"}};
  talk.ask("POST", "/a?b", fields_of(given), Framing::length, 5);
  talk.codec.write(1, "hel");
  talk.codec.write(1, "lo");
  talk.codec.end(1, "");
  talk.ask("GET", "/", fields_of({{"te", "gzip"}}));
  talk.ask("PUT", "/");
  reader.read(talk.written);
  CHECK(reader.seen[1] ==
        ":method=POST\n:scheme=https\n:authority=a.test\n:path=/a?b\nx-mine=A b\nte=trailers\ncookie=a=1\n"
        "content-length=5\nhello.");
  CHECK(reader.seen[3] == ":method=GET\n:scheme=https\n:authority=a.test\n:path=/\n.");
  CHECK(reader.seen[5] == ":method=PUT\n:scheme=https\n:authority=a.test\n:path=/\ncontent-length=0\n.");
}

TEST_CASE("what can't be written is refused before anything is", "[h2]") {
  Talk talk;
  AnswerLog answer;
  const auto refused = [&](const H1RequestLine& line, const Pairs& given) {
    const Fields fields = fields_of(given);
    const auto opened = talk.codec.open(line, fields, Framing::none, 0, false, Method::get, answer);
    CHECK(talk.codec.streams() == 0);
    return !opened.ok() && opened.error().side == Side::internal;
  };
  CHECK(refused({"G ET", "/", "a"}, {}));
  CHECK(refused({"GET", "/a b", "a"}, {}));
  CHECK(refused({"GET", "a", "a"}, {}));
  CHECK(refused({"GET", "/", "a@b"}, {}));
  CHECK(refused({"GET", "/", ""}, {}));
  CHECK(refused({"GET", "/", "a"}, {{"x y", "z"}}));
  CHECK(refused({"GET", "/", "a"}, {{":path", "/b"}}));
  CHECK(refused({"GET", "/", "a"}, {{"x", "a\r\nb"}}));
}

TEST_CASE("content waits for the origin's window, and trailers come after it", "[h2]") {
  Talk talk;
  Reader reader;
  talk.hear(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 4}}));
  AnswerLog& answer = talk.ask("POST", "/", {}, Framing::chunked);
  talk.codec.write(1, "hello");
  talk.write();
  reader.read(talk.written);
  CHECK(talk.codec.unsent(1) == 1);
  const int sent = answer.sent;
  talk.hear(frame(kWindow, 0, 1, number(100, 4)));
  CHECK(talk.codec.unsent(1) == 0);
  CHECK(answer.sent > sent);
  talk.codec.end(1, "X-Sum: 5\r\nContent-Length: 9\r\nnonsense\r\n");
  talk.write();
  reader.read(talk.written);
  CHECK(reader.seen[1] == ":method=POST\n:scheme=https\n:authority=a.test\n:path=/\nhellox-sum=5\n.");
}

struct Row {
  const char* what;
  std::string bytes;
  const char* log;
};

TEST_CASE("answers", "[h2]") {
  const Row row = GENERATE(
      Row{"a length", headers(1, {{":status", "200"}, {"content-length", "5"}, {"x-a", "b"}}) + data(1, "hello", true),
          "200 5 Content-Length=5 x-a=b\n[hello] end"},
      Row{"no length", headers(1, {{":status", "200"}}) + data(1, "hel") + data(1, "lo") + data(1, "", true),
          "200\n[hello] end"},
      Row{"nothing but a head", headers(1, {{":status", "200"}, {"grpc-status", "0"}}, true),
          "200 0 grpc-status=0\n[] end"},
      Row{"trailers",
          headers(1, kFine) + data(1, "x") + headers(1, {{"grpc-status", "0"}, {"set-cookie", "a=b"}}, true),
          "200\n[x] end grpc-status=0"},
      Row{"interim ones",
          headers(1, {{":status", "103"}, {"link", "<a>"}}) + headers(1, {{":status", "100"}}) +
              headers(1, kFine, true),
          "103 none Link=<a>\n100 none\n200 0\n[] end"},
      Row{"none by its status", headers(1, {{":status", "204"}}, true), "204 none\n[] end"},
      Row{"a 304 and its end", headers(1, {{":status", "304"}}) + data(1, "", true), "304 none\n[] end"},
      Row{"padding", headers(1, kFine) + frame(kData, kPadded | kEndStream, 1, std::string("\3hey\0\0\0", 7)),
          "200\n[hey] end"},
      Row{"a head in pieces",
          frame(kHeaders, 0, 1, block(kFine)) + frame(kMore, 0, 1, block({{"a", "b"}})) +
              frame(kMore, kEndHeaders, 1, block({{"c", "d"}})) + data(1, "x", true),
          "200 a=b c=d\n[x] end"},
      Row{"frames of unknown types between", frame(0xee, 0, 1, "?") + headers(1, kFine, true), "200 0\n[] end"});
  INFO(row.what);
  Talk talk;
  AnswerLog& answer = talk.ask();
  CHECK(talk.hear(settings() + row.bytes));
  CHECK(answer.log == row.log);
  CHECK(talk.codec.streams() == 0);
}

TEST_CASE("what is no answer is the loss of its stream alone", "[h2]") {
  const Row row = GENERATE(
      Row{"no status", headers(1, {{"a", "b"}}, true), ""},
      Row{"a status of 600", headers(1, {{":status", "600"}}), ""},
      Row{"a status of 099", headers(1, {{":status", "099"}}), ""},
      Row{"a status of two digits", headers(1, {{":status", "20"}}), ""},
      Row{"a status twice", headers(1, {{":status", "200"}, {":status", "200"}}), ""},
      Row{"a 101", headers(1, {{":status", "101"}}), ""},
      Row{"an interim answer that ends", headers(1, {{":status", "103"}}, true), ""},
      Row{"another pseudo-field", headers(1, {{":status", "200"}, {":path", "/"}}), ""},
      Row{"a pseudo-field behind a field", headers(1, {{"a", "b"}, {":status", "200"}}), ""},
      Row{"a name in capitals", headers(1, {{":status", "200"}, {"X-A", "b"}}), ""},
      Row{"a space in a name", headers(1, {{":status", "200"}, {"x a", "b"}}), ""},
      Row{"an empty name", headers(1, {{":status", "200"}, {"", "b"}}), ""},
      Row{"CR LF in a value", headers(1, {{":status", "200"}, {"a", "b\r\nc: d"}}), ""},
      Row{"NUL in a value", headers(1, {{":status", "200"}, {"a", std::string("b\0c", 3)}}), ""},
      Row{"DEL in a value", headers(1, {{":status", "200"}, {"a", "b\x7f"}}), ""},
      Row{"a space before a value", headers(1, {{":status", "200"}, {"a", " b"}}), ""},
      Row{"connection", headers(1, {{":status", "200"}, {"connection", "close"}}), ""},
      Row{"transfer-encoding", headers(1, {{":status", "200"}, {"transfer-encoding", "chunked"}}), ""},
      Row{"two lengths", headers(1, {{":status", "200"}, {"content-length", "1"}, {"content-length", "1"}}), ""},
      Row{"a length that is none", headers(1, {{":status", "200"}, {"content-length", "1, 1"}}), ""},
      Row{"a length past 64 bits", headers(1, {{":status", "200"}, {"content-length", "18446744073709551617"}}), ""},
      Row{"a head that ends before its length", headers(1, {{":status", "200"}, {"content-length", "5"}}, true), ""},
      Row{"too many fields",
          headers(1,
                  [] {
                    Pairs many{{":status", "200"}};
                    for (int i = 0; i < 101; ++i) many.emplace_back("a", "b");
                    return many;
                  }()),
          ""},
      Row{"a head of 70 KiB",
          frame(kHeaders, 0, 1, block({{":status", "200"}, {"a", std::string(16'000, 'x')}})) +
              frame(kMore, 0, 1, block({{"a", std::string(16'000, 'x')}})) +
              frame(kMore, 0, 1, block({{"a", std::string(16'000, 'x')}})) +
              frame(kMore, 0, 1, block({{"a", std::string(16'000, 'x')}})) +
              frame(kMore, kEndHeaders, 1, block({{"a", std::string(16'000, 'x')}})),
          ""},
      Row{"content of a 204", headers(1, {{":status", "204"}}) + data(1, "evil", true), "204 none\n"},
      Row{"more than its length", headers(1, {{":status", "200"}, {"content-length", "3"}}) + data(1, "hello", true),
          "200 3 Content-Length=3\n"},
      Row{"less than its length", headers(1, {{":status", "200"}, {"content-length", "9"}}) + data(1, "hello", true),
          "200 9 Content-Length=9\n"},
      Row{"trailers with a status", headers(1, kFine) + headers(1, kFine, true), "200\n"},
      Row{"trailers that end nothing", headers(1, kFine) + headers(1, {{"a", "b"}}), "200\n"},
      Row{"trailers of 9 KiB", headers(1, kFine) + headers(1, {{"a", std::string(9'000, 'x')}}, true), "200\n"},
      Row{"a reset", headers(1, kFine) + data(1, "hel") + frame(kReset, 0, 1, number(2, 4)), "200\n"},
      Row{"a refusal after its head", headers(1, kFine) + frame(kReset, 0, 1, number(7, 4)), "200\n"});
  INFO(row.what);
  Talk talk;
  AnswerLog& bad = talk.ask();
  AnswerLog& good = talk.ask();
  CHECK(talk.hear(settings() + row.bytes + headers(3, kFine) + data(3, "fine", true)));
  CHECK(bad.log == row.log + std::string("lost"));
  CHECK_FALSE(bad.why.empty());
  CHECK(good.log == "200\n[fine] end");
  CHECK(talk.codec.streams() == 0);
}

TEST_CASE("what no request was the cause of is the end of the connection", "[h2]") {
  const Row row = GENERATE(
      Row{"HTTP/1", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", ""},
      Row{"no SETTINGS first", headers(1, kFine), ""}, Row{"content before a head", settings() + data(1, "hello"), ""},
      Row{"a push", settings() + frame(kPush, kEndHeaders, 1, number(2, 4) + block({{":method", "GET"}})), ""},
      Row{"a stream that nobody opened", settings() + headers(2, kFine), ""},
      Row{"one that we haven't opened yet", settings() + headers(5, kFine), ""},
      Row{"a frame past what is allowed", settings() + frame(kData, 0, 1, std::string(16'385, 'x')), ""},
      Row{"a window update of nothing", settings() + frame(kWindow, 0, 0, number(0, 4)), ""},
      Row{"a window past all bounds", settings() + frame(kWindow, 0, 0, number(0x7fffffff, 4)), ""},
      Row{"an initial window past all bounds", settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x80000000}}), ""},
      Row{"a HEADERS cut by another frame", settings() + frame(kHeaders, 0, 1, block(kFine)) + data(1, "x"), ""},
      Row{"HPACK that points nowhere", settings() + frame(kHeaders, kEndHeaders, 1, "\xff\xff\x7f"), ""},
      Row{"more content than its window",
          settings() + headers(1, kFine) +
              [] {
                std::string much;
                for (int i = 0; i < 9; ++i) much += data(1, std::string(16'384, 'x'));
                return much;
              }(),
          "window"},
      Row{"CONTINUATION without end",
          settings() + frame(kHeaders, 0, 1, block(kFine)) +
              [] {
                std::string much;
                for (int i = 0; i < 20; ++i) much += frame(kMore, 0, 1, block({{"a", "b"}}));
                return much;
              }(),
          ""});
  INFO(row.what);
  Talk talk;
  AnswerLog& one = talk.ask();
  AnswerLog& other = talk.ask();
  if (std::string_view(row.log) == "window") one.codec = nullptr;  // nothing is read
  const bool goes_on = talk.hear(row.bytes);
  if (std::string_view(row.log) != "window") {  // of that one it is the stream's, or the connection's
    CHECK_FALSE(goes_on);
    CHECK_FALSE(talk.codec.error().detail.empty());
    CHECK(other.log == "lost");
    CHECK(talk.codec.leaving());
    CHECK(talk.codec.room() == 0);
  }
  CHECK(one.log.ends_with("lost"));
}

TEST_CASE("floods end the connection, however small each frame is", "[h2]") {
  const std::string ping = frame(kPing, 0, 0, "01234567");
  for (const auto& [what, one] : {std::pair<std::string, std::string>{"PING", ping},
                                  {"SETTINGS", settings()},
                                  {"empty DATA", data(1, "")},
                                  {"padding alone", frame(kData, kPadded, 1, std::string("\1\0", 2))},
                                  {"WINDOW_UPDATE", frame(kWindow, 0, 0, number(1, 4))},
                                  {"PRIORITY", frame(kPriority, 0, 1, number(0, 5))},
                                  {"resets of what is over", frame(kReset, 0, 3, number(8, 4))}}) {
    INFO(what);
    const auto flood = [&](bool slowly) {
      Talk talk;
      talk.ask();
      const AnswerLog& done = talk.ask();
      talk.hear(settings() + headers(1, kFine) + headers(3, kFine, true));
      CHECK(done.over);
      int count = 0;
      for (; count < 5000 && talk.hear(one); ++count) {
        if (slowly && count % 500 == 0) talk.now += std::chrono::seconds(11);
      }
      return count;
    };
    const int borne = flood(false);
    CHECK(borne >= 900);
    CHECK(borne <= 1003);  // a reset for each request is no oddity
    if (what != "padding alone") CHECK(flood(true) == 5000);
  }
}

TEST_CASE("window updates for what was sent are no flood", "[h2]") {
  Talk talk;
  talk.hear(settings());
  talk.ask("POST", "/", {}, Framing::chunked);
  for (int i = 0; i < 5000; ++i) {
    talk.codec.write(1, std::string(1024, 'x'));
    talk.write();
    REQUIRE(talk.hear(frame(kWindow, 0, 0, number(1024, 4)) + frame(kWindow, 0, 1, number(1024, 4))));
  }
}

TEST_CASE("GOAWAY: what it doesn't cover was not processed, and nothing new is asked", "[h2]") {
  Talk talk;
  AnswerLog& first = talk.ask();
  AnswerLog& second = talk.ask();
  CHECK(talk.hear(settings() + frame(kGoaway, 0, 0, number(1, 4) + number(0, 4))));
  CHECK(talk.codec.leaving());
  CHECK(talk.codec.room() == 0);
  CHECK(second.log == "unprocessed");
  talk.hear(headers(1, kFine) + data(1, "fine", true));
  CHECK(first.log == "200\n[fine] end");
  AnswerLog late;
  CHECK_FALSE(talk.codec.open({"GET", "/", "a"}, {}, Framing::none, 0, false, Method::get, late).ok());
}

TEST_CASE("a stream that is refused, or is to be asked for in HTTP/1.1, was not processed", "[h2]") {
  const auto code = GENERATE(NGHTTP2_REFUSED_STREAM, NGHTTP2_HTTP_1_1_REQUIRED);
  Talk talk;
  AnswerLog& answer = talk.ask();
  CHECK(talk.hear(settings() + frame(kReset, 0, 1, number(code, 4))));
  CHECK(answer.log == "unprocessed");
}

TEST_CASE("the origin says how many may be under way", "[h2]") {
  Talk talk;
  CHECK(talk.codec.room() > 50);
  talk.hear(settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2}}));
  CHECK(talk.codec.room() == 2);
  talk.ask();
  CHECK(talk.codec.room() == 1);
  talk.ask();
  CHECK(talk.codec.room() == 0);
  talk.hear(headers(1, kFine, true));
  CHECK(talk.codec.room() == 1);
  talk.codec.cancel(3);
  CHECK(talk.codec.room() == 2);
}

TEST_CASE("what is cancelled says nothing more; what is over needs no reset", "[h2]") {
  Talk talk;
  Reader reader;
  AnswerLog& left = talk.ask();
  AnswerLog& early = talk.ask("POST", "/", {}, Framing::chunked);
  AnswerLog& done = talk.ask();
  talk.hear(settings() + headers(1, kFine) + data(1, "x"));
  talk.codec.cancel(1);
  talk.write();
  CHECK(talk.hear(data(1, "more") + headers(3, kFine, true) + headers(5, kFine, true)));
  talk.codec.cancel(3);
  talk.codec.cancel(5);
  talk.write();
  reader.read(talk.written);
  CHECK(left.log == "200\n");
  CHECK(left.content == "x");
  CHECK(early.over);
  CHECK(done.over);
  CHECK(reader.seen[1].ends_with("reset"));
  CHECK(reader.seen[3].ends_with("reset"));
  CHECK(reader.seen[5].ends_with("."));
  // What comes of it meanwhile is bounded.
  std::string much;
  for (int i = 0; i < 40; ++i) much += data(1, std::string(16'384, 'x'));
  CHECK_FALSE(talk.hear(much));
}

TEST_CASE("the bytes mean the same however they are cut", "[h2][split]") {
  const std::string bytes =
      settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 9}}) + headers(1, {{":status", "103"}, {"link", "<a>"}}) +
      headers(3, {{":status", "200"}, {"content-length", "5"}}) + data(3, "he") + headers(1, kFine) + data(1, "abc") +
      data(3, "llo", true) + headers(1, {{"x-sum", "3"}}, true) + headers(5, {{":status", "200"}, {"X", "y"}}) +
      frame(kGoaway, 0, 0, number(5, 4) + number(0, 4));
  const auto logs = [&bytes](std::span<const std::size_t> cuts) {
    Talk talk;
    for (int i = 0; i < 4; ++i) talk.ask();
    talk.hear(bytes, cuts);
    std::string all;
    for (const auto& answer : talk.answers) all += answer->log + "|";
    return all;
  };
  const std::string whole = logs({});
  CHECK(whole == "103 none Link=<a>\n200\n[abc] end x-sum=3|200 5 Content-Length=5\n[hello] end|lost|unprocessed|");
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    const std::size_t cuts[] = {cut};
    REQUIRE(logs(cuts) == whole);
  }
  std::vector<std::size_t> every;
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) every.push_back(cut);
  CHECK(logs(every) == whole);
}

}  // namespace
}  // namespace weir
