// Fields: known names, look-ups, changes, and what a proxy takes away.
#include "proxy/http/headers.h"

#include "proxy/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/h1_parse.h"

using namespace weir;
using weir::test::literal_fields;
using weir::test::Pairs;
using weir::test::pairs_of;

TEST_CASE("every known name is found in any case, and nothing else is", "[headers]") {
#define WEIR_CHECK_NAME(id, text)          \
  CHECK(name_of(text) == Name::id);        \
  CHECK(name_of(lower(text)) == Name::id); \
  CHECK(text_of(Name::id) == text);        \
  CHECK(name_of(text "x") == Name::other); \
  CHECK(name_of(std::string_view(text).substr(1)) != Name::id);
  WEIR_FIELD_NAMES(WEIR_CHECK_NAME)
#undef WEIR_CHECK_NAME
  for (const auto unknown : {"", "a", "X-Unknown", "Content_Length", "content-lengtH ", "\0\0", "hos\x54\x20"}) {
    CHECK(name_of(unknown) == Name::other);
  }
  CHECK(name_of(std::string(10000, 'a')) == Name::other);
  CHECK(text_of(Name::other).empty());
}

TEST_CASE("look-ups are by name whatever its case, known or not", "[headers]") {
  const Fields fields = literal_fields({{"accept", "a"}, {"X-Foo", "1"}, {"ACCEPT", "b"}, {"x-foo", "2"}});
  CHECK(fields.value(Name::accept) == "a");
  CHECK(fields.value("Accept") == "a");
  CHECK(fields.value("X-FOO") == "1");
  CHECK(fields.value("X-Bar").empty());
  CHECK(fields.find("X-Bar") == nullptr);
  CHECK(fields.count(Name::accept) == 2);
  CHECK(fields.joined(Name::accept) == "a, b");
  CHECK(fields.joined("x-foo") == "1, 2");
  CHECK(fields.joined("x-bar").empty());
}

TEST_CASE("set keeps one line where the first was; remove takes all", "[headers]") {
  Fields fields = literal_fields({{"A", "1"}, {"Vary", "x"}, {"B", "2"}, {"vary", "y"}, {"b", "3"}});
  fields.set(Name::vary, "z");
  CHECK(pairs_of(fields) == Pairs{{"A", "1"}, {"Vary", "z"}, {"B", "2"}, {"b", "3"}});
  fields.set("b", "4");
  CHECK(pairs_of(fields) == Pairs{{"A", "1"}, {"Vary", "z"}, {"B", "4"}});
  fields.set("C", "5");
  fields.set(Name::age, "6");
  CHECK(pairs_of(fields) == Pairs{{"A", "1"}, {"Vary", "z"}, {"B", "4"}, {"C", "5"}, {"Age", "6"}});
  fields.remove("VARY");
  fields.remove("a");
  fields.remove(Name::age);
  CHECK(pairs_of(fields) == Pairs{{"B", "4"}, {"C", "5"}});
}

TEST_CASE("hop-by-hop fields go, with those that Connection names", "[headers]") {
  Fields fields = literal_fields({{"Connection", "keep-alive, X-One ,,x-two"},
                                  {"X-One", "1"},
                                  {"X-Two", "2"},
                                  {"X-Three", "3"},
                                  {"Keep-Alive", "timeout=5"},
                                  {"Proxy-Connection", "close"},
                                  {"TE", "trailers"},
                                  {"Trailer", "X"},
                                  {"Transfer-Encoding", "chunked"},
                                  {"Upgrade", "h2c"},
                                  {"Proxy-Authenticate", "Basic"},
                                  {"Proxy-Authorization", "x"},
                                  {"Proxy-Authentication-Info", "x"},
                                  {"connection", "X-Four"},
                                  {"x-four", "4"},
                                  {"Content-Type", "text/plain"}});
  remove_hop_by_hop(fields);
  CHECK(pairs_of(fields) == Pairs{{"X-Three", "3"}, {"Content-Type", "text/plain"}});
}

TEST_CASE("no Connection takes away what caching hangs on", "[headers]") {
  Fields fields = literal_fields({{"Connection", "Cache-Control, Set-Cookie, Vary, Content-Encoding, close"},
                                  {"Cache-Control", "no-store"},
                                  {"Set-Cookie", "a=b"},
                                  {"Vary", "Cookie"},
                                  {"Content-Encoding", "gzip"},
                                  {"Close", "kept: an option, not a name"}});
  remove_hop_by_hop(fields);
  CHECK(pairs_of(fields) == Pairs{{"Cache-Control", "no-store"},
                                  {"Set-Cookie", "a=b"},
                                  {"Vary", "Cookie"},
                                  {"Content-Encoding", "gzip"},
                                  {"Close", "kept: an option, not a name"}});
}
