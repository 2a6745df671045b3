// Heads that come again in the same bytes: whatever is remembered, a request must be read as if nothing were.
#include "proxy/http/h2_known_heads.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include "proxy/http/h2_head.h"
#include "tests/support/catch.h"

using namespace weir;

namespace {

// A client's words of HPACK (RFC 7541 §6).
std::string indexed(std::size_t index) {
  std::string out;
  append_hpack_indexed(out, index);
  return out;
}
std::string literal(char kind, const std::string& name, const std::string& value) {
  const auto text = [](const std::string& it) { return static_cast<char>(it.size()) + it; };
  return kind + text(name) + text(value);
}
std::string entering(const std::string& name, const std::string& value) {
  return literal('\x40', name, value);
}
std::string passing(const std::string& name, const std::string& value) {
  return literal('\x00', name, value);
}
std::string secret(const std::string& name, const std::string& value) {
  return literal('\x10', name, value);
}

const std::string kGet = "\x82\x86\x84";  // GET, http, /

// One connection's side.
struct Reader {
  H1Limits limits;
  HpackDecoder hpack;
  H2HeadReader heads{limits};
  RequestHead head;
  Arena arena;

  // All that a head says; or the refusal, or that the connection is lost.
  std::string read(std::string_view block, bool ends = true) {
    if (!heads.read_request(hpack, block, ends, head, arena)) return "lost";
    if (heads.refused()) return std::to_string(heads.refusal().status);
    std::string text = std::string(head.method_text) + '|' + std::string(head.target) + '|' + std::string(head.path) +
                       '|' + std::string(head.query) + '|' + std::string(head.authority) + '|' +
                       std::string(head.upgrade) + '|' + std::to_string(static_cast<int>(head.method)) +
                       std::to_string(static_cast<int>(head.framing)) + std::to_string(static_cast<int>(head.version)) +
                       (head.has_query ? "?" : "") + (head.expect_continue ? "c" : "") + '|' +
                       std::to_string(head.content_length);
    for (const Field& field : head.fields) {
      text.append("|").append(field.name).append("=").append(field.value);
      text.append(std::to_string(static_cast<int>(field.id)));
    }
    return text;
  }
};

}  // namespace

TEST_CASE("which blocks change the table", "[h2]") {
  CHECK_FALSE(changes_hpack_table(""));
  CHECK_FALSE(changes_hpack_table(kGet));
  CHECK_FALSE(changes_hpack_table(kGet + passing("a", "b") + secret("c", "")));
  CHECK_FALSE(changes_hpack_table("\x04\x01/"));                          // :path, by its name's index
  CHECK_FALSE(changes_hpack_table(std::string("\x0f\x11\x01x", 4)));      // a name's index of two bytes
  CHECK_FALSE(changes_hpack_table(passing("a", std::string(126, '@'))));  // bytes that look like a literal that enters
  CHECK_FALSE(changes_hpack_table("\xff\x80\x01"));                       // an index of three bytes
  CHECK(changes_hpack_table(entering("a", "b")));
  CHECK(changes_hpack_table(kGet + "\x41\x01x"));  // :authority enters
  CHECK(changes_hpack_table(kGet + passing("a", "b") + "\x7f\x01\x01x"));
  CHECK(changes_hpack_table("\x20" + kGet));  // a new size of the table
  CHECK(changes_hpack_table("\x3f\xe1\x1f" + kGet));
  // What HPACK wouldn't read counts as a change.
  for (const std::string& cut : {std::string("\xff"), std::string("\xff\x80\x80\x80\x80\x80\x01"), std::string("\x04"),
                                 std::string("\x04\x05/"), std::string("\x00\x01", 2)}) {
    CHECK(changes_hpack_table(cut));
  }
}

TEST_CASE("a block that comes again says the same, to its last detail", "[h2]") {
  const std::string to = passing(":authority", "A.example:80");
  const std::vector<std::string> blocks{
      kGet + to,
      "\x82\x86" + passing(":path", "/%61/../b?q=%7e") + to + passing("x-own", "1") + passing("accept", "*/*"),
      "\x83\x86" + passing(":path", "/up") + to + passing("content-length", "5") + passing("expect", "100-continue"),
      kGet + to + secret("cookie", "a=1") + secret("cookie", "b=2") + passing("x-empty", ""),
      passing(":method", "CONNECT") + passing(":protocol", "websocket") + "\x86\x84" + to,
      passing(":method", "BREW") + "\x86\x84" + passing("host", "b.example"),
  };
  Reader reader;
  for (const std::string& block : blocks) {
    for (const bool ends : {true, false}) {
      Reader fresh;
      const std::string once = fresh.read(block, ends);
      for (int i = 0; i < 5; ++i) CHECK(reader.read(block, ends) == once);
    }
  }
}

TEST_CASE("the same bytes mean something else once the table has changed", "[h2]") {
  Reader reader;
  CHECK(reader.read(kGet + entering("host", "one.example")).find("|one.example|") != std::string::npos);
  const std::string again = kGet + indexed(62);
  for (int i = 0; i < 4; ++i) CHECK(reader.read(again).find("|one.example|") != std::string::npos);
  SECTION("by another request") {
    CHECK(reader.read(kGet + entering("host", "two.example")).find("|two.example|") != std::string::npos);
  }
  SECTION("by trailers") {
    Fields trailers;
    CHECK(reader.heads.read_trailers(reader.hpack, entering("host", "two.example"), trailers, reader.arena));
  }
  SECTION("by a request that is refused unread") {
    CHECK(reader.heads.skip(reader.hpack, kGet + entering("host", "two.example")));
  }
  SECTION("by a request that is refused for what it says") {
    CHECK(reader.read(kGet + "\x82" + entering("host", "two.example")) == "400");
  }
  for (int i = 0; i < 4; ++i) CHECK(reader.read(again).find("|two.example|") != std::string::npos);
}

TEST_CASE("what was remembered is nobody's to change", "[h2]") {
  Reader reader;
  const std::string block = kGet + passing(":authority", "a.example") + passing("x-one", "1");
  const std::string once = reader.read(block);
  for (int i = 0; i < 4; ++i) {
    reader.head.fields.set("x-one", "changed");
    reader.head.path = "/changed";
    std::string_view first = reader.head.authority;
    std::fill_n(const_cast<char*>(first.data()), first.size(), 'z');  // the memory is the request's own
    CHECK(reader.read(block) == once);
  }
}

TEST_CASE("limits that have changed hold for what was remembered under others", "[h2]") {
  Reader reader;
  const std::string block = kGet + passing(":authority", "a.example") + passing("x-long", std::string(100, 'x'));
  for (int i = 0; i < 3; ++i) CHECK(reader.read(block) != "431");
  reader.limits.line = 50;
  for (int i = 0; i < 3; ++i) CHECK(reader.read(block) == "431");
}

TEST_CASE("heads too large to be remembered are read each time", "[h2]") {
  Reader reader;
  Reader fresh;
  const std::string name = "x-large";
  CHECK(reader.read(kGet + passing(":authority", "a.example") + "\x40\x07" + name + "\x7f\xd1\x0e" +
                    std::string(2000, 'v')) == fresh.read(kGet + passing(":authority", "a.example") + "\x40\x07" +
                                                          name + "\x7f\xd1\x0e" + std::string(2000, 'v')));
  const std::string block = kGet + passing(":authority", "a.example") + indexed(62);
  const std::string once = fresh.read(block);
  CHECK(once.find(std::string(2000, 'v')) != std::string::npos);
  for (int i = 0; i < 4; ++i) CHECK(reader.read(block) == once);
}

// Two readers of one connection, of which the other never remembers.
TEST_CASE("random blocks are read as without a memory", "[h2]") {
  std::mt19937 random(20261129);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  const std::vector<std::string> names{"x-a", "x-b", "accept", "cookie", "content-length", "x-c"};
  const std::vector<std::string> values{"1", "2", "", "some text", "5"};
  std::map<std::string, int> kinds;
  for (int connection = 0; connection < 40; ++connection) {
    Reader ours, theirs;
    std::size_t entries = 0;
    std::vector<std::string> sent;
    for (int i = 0; i < 400; ++i) {
      std::string block = kGet + passing(":authority", below(2) == 0 ? "a.example" : "b.example");
      for (std::size_t fields = below(4); fields > 0; --fields) {
        const auto& name = names[below(names.size())];
        const auto& value = values[below(values.size())];
        switch (below(12)) {
          case 0:
            block += entering(name, value);
            ++entries;
            break;
          case 1: block += secret(name, value); break;
          case 2:
          case 3:
          case 4: block += passing(name, value); break;
          default:
            if (entries > 0) block += indexed(62 + below(std::min<std::size_t>(entries, 8)));
        }
      }
      if (!sent.empty() && below(3) > 0) block = sent[sent.size() - 1 - below(std::min<std::size_t>(sent.size(), 6))];
      sent.push_back(block);
      const bool ends = below(8) > 0;
      theirs.heads.shrink();
      const std::string read = theirs.read(block, ends);
      ++kinds[read.substr(0, 3)];
      REQUIRE(ours.read(block, ends) == read);
      if (read == "lost") break;
    }
  }
  CHECK(kinds["GET"] > 1000);
  CHECK(kinds["400"] > 100);
}
