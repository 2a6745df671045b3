// The key: what is told apart, what is not, and that it says what the origin is asked.
#include "proxy/cache/key.h"

#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace weir {
namespace {

using test::get;

struct QueryRow {
  const char* name;
  KeySpec spec;
  const char* target;
  const char* forwarded;  // path and query
};

KeySpec only(std::vector<std::string> names) {
  KeySpec spec;
  spec.query_mode = KeySpec::Query::only;
  spec.query = std::move(names);
  return spec;
}

KeySpec except(std::vector<std::string> names) {
  KeySpec spec = only(std::move(names));
  spec.query_mode = KeySpec::Query::except;
  return spec;
}

KeySpec normalising(const std::string& name, bool trim, bool lower) {
  KeySpec spec;
  spec.normalise[name] = {trim, lower};
  return spec;
}

std::string forwarded(const KeySpec& spec, std::string_view target) {
  Arena arena;
  const auto request = get(target);
  const Key key = make_key(spec, request, arena);
  std::string out(request.path);
  if (key.has_query) out.append("?").append(key.query);
  return out;
}

TEST_CASE("the query is forwarded as it is keyed: filtered, normalised, sorted by name") {
  const std::vector<QueryRow> rows{
      {"no query", {}, "/a", "/a"},
      {"an empty query is another target", {}, "/a?", "/a?"},
      {"sorted by name", {}, "/a?b=2&a=1", "/a?a=1&b=2"},
      {"repeated names keep their order", {}, "/a?x=2&b=1&x=1", "/a?b=1&x=2&x=1"},
      {"names compare decoded, so an escaped one keeps its place among its like", {}, "/a?a=2&%61=1", "/a?a=2&%61=1"},
      {"plus is a space in names", {}, "/a?a+b=2&a%20b=1", "/a?a+b=2&a%20b=1"},
      {"no value is not an empty value", {}, "/a?b&a=", "/a?a=&b"},
      {"empty pairs go", {}, "/a?&b=1&&a=1&", "/a?a=1&b=1"},
      {"nothing but separators", {}, "/a?&&", "/a?"},
      {"only", only({"q", "page"}), "/a?utm=1&page=2&q=x", "/a?page=2&q=x"},
      {"only, by decoded name", only({"q"}), "/a?%71=x", "/a?%71=x"},
      {"only, none there", only({"q"}), "/a?x=1", "/a"},
      {"only, empty query", only({"q"}), "/a?", "/a"},
      {"only, every line of a repeated name", only({"q"}), "/a?q=2&z=0&q=1", "/a?q=2&q=1"},
      {"except", except({"utm"}), "/a?utm=1&b=2", "/a?b=2"},
      {"except, nothing left", except({"utm"}), "/a?utm=1", "/a"},
      {"names are told apart by case", only({"q"}), "/a?Q=1", "/a"},
      {"trim", normalising("q", true, false), "/a?q=+%20x+y%20+", "/a?q=x+y"},
      {"lower, escaped letters too, other escapes not", normalising("q", false, true), "/a?q=H%C3%84%41b&r=H",
       "/a?q=h%C3%84ab&r=H"},
      {"a broken escape stays", normalising("q", true, true), "/a?q=A%4", "/a?q=a%4"},
  };
  for (const auto& row : rows) {
    INFO(row.name);
    CHECK(forwarded(row.spec, row.target) == row.forwarded);
  }
}

TEST_CASE("equal keys mean equal forwarded bytes") {
  const KeySpec specs[] = {{}, only({"a", "b"}), except({"a"}), normalising("a", true, true)};
  const char* targets[] = {
      "/",     "/?",  "/?a=1", "/?a=1&b=2", "/?b=2&a=1", "/?a=1&a=2",   "/?a=2&a=1", "/?%61=1", "/?a=%20A",
      "/?a=a", "/?a", "/?a=",  "/?c=1&a=1", "/?c=2&a=1", "/?a=1%26b=2", "/a?b",      "/a%3Fb",  "/?a=1&&b=2"};
  for (const auto& spec : specs) {
    for (const auto* one : targets) {
      for (const auto* other : targets) {
        Arena arena;
        const bool same = make_key(spec, get(one), arena).bytes == make_key(spec, get(other), arena).bytes;
        INFO(one << " and " << other);
        CHECK(same == (forwarded(spec, one) == forwarded(spec, other)));
      }
    }
  }
}

TEST_CASE("no delimiter can be forged: parts that look alike when joined stay apart") {
  Arena arena;
  KeySpec spec;
  spec.headers = {"x-a", "x-b"};
  const auto one = make_key(spec, get("/p", {{"X-A", "1"}, {"X-B", "2"}}), arena);
  const auto other = make_key(spec, get("/p", {{"X-A", "1x-b2"}}), arena);
  const auto empty = make_key(spec, get("/p", {{"X-A", "1"}, {"X-B", ""}}), arena);
  const auto missing = make_key(spec, get("/p", {{"X-A", "1"}}), arena);
  CHECK(one.bytes != other.bytes);
  CHECK(empty.bytes != missing.bytes);
  CHECK(make_key(spec, get("/p", {{"X-A", "1"}, {"X-A", "2"}}), arena).bytes != one.bytes);

  auto moved = get("/p");
  moved.authority = "example.co";
  moved.path = "m/p";
  CHECK(make_key({}, moved, arena).bytes != make_key({}, get("/p"), arena).bytes);
}

TEST_CASE("headers, cookies and users widen the key; what is not keyed does not") {
  Arena arena;
  KeySpec spec;
  spec.cookies = {"theme"};
  const auto key = [&](const test::Lines& lines) { return std::string(make_key(spec, get("/p", lines), arena).bytes); };
  CHECK(key({{"Cookie", "theme=dark; sid=1"}}) == key({{"Cookie", "sid=2; theme=dark"}}));
  CHECK(key({{"Cookie", "theme=dark"}}) != key({{"Cookie", "theme=light"}}));
  CHECK(key({{"Cookie", "theme=dark"}}) != key({}));
  CHECK(key({{"Cookie", "theme=dark; theme=light"}}) !=
        key({{"Cookie", "theme=dark"}}));  // an origin may read the last
  CHECK(key({{"Cookie", "a=1"}, {"Cookie", "theme=dark"}}) == key({{"Cookie", "theme=dark"}}));
}

TEST_CASE("users are kept apart by a digest; their values are in no key") {
  Arena arena;
  KeySpec spec;
  spec.user = KeySpec::User{KeySpec::User::From::header, "authorization"};
  spec.headers = {"authorization"};
  spec.cookies = {"sid"};
  const auto anna =
      make_key(spec, get("/f", {{"Authorization", "Bearer anna-secret"}, {"Cookie", "sid=cookie-secret"}}), arena);
  const auto bert = make_key(spec, get("/f", {{"Authorization", "Bearer bert-secret"}}), arena);
  const auto nobody = make_key(spec, get("/f"), arena);
  CHECK(anna.bytes != bert.bytes);
  CHECK(anna.user.size() == 32);
  CHECK(anna.user != bert.user);
  CHECK(nobody.user == "anonymous");
  CHECK(anna.bytes.find("secret") == std::string_view::npos);
  CHECK(make_key({}, get("/f"), arena).user.empty());

  spec.user = KeySpec::User{KeySpec::User::From::cookie, "sid"};
  CHECK(make_key(spec, get("/f", {{"Cookie", "sid=1"}}), arena).user.size() == 32);
}

TEST_CASE("who shares the key: a user is alone in it where it is named and no other Authorization fits it") {
  using User = KeySpec::User;
  const std::optional<User> by_header{{User::From::header, "authorization"}};
  const std::optional<User> by_cookie{{User::From::cookie, "sid"}};
  const std::optional<User> by_name{{User::From::header, "x-user"}};
  struct Row {
    std::optional<User> user;
    std::vector<std::string> headers;
    test::Lines lines;
    Asker asker;
  };
  const test::Lines none{}, shown{{"Authorization", "x"}}, session{{"Cookie", "sid=1"}};
  const test::Lines both{{"Cookie", "sid=1"}, {"Authorization", "x"}};
  const std::vector<Row> rows{
      {{}, {}, none, Asker::anyone},
      {{}, {}, session, Asker::anyone},
      {{}, {}, shown, Asker::credentials},
      {{}, {"authorization"}, shown, Asker::credentials},  // no user is named
      {by_header, {}, none, Asker::anyone},
      {by_header, {}, shown, Asker::user},
      {by_header, {}, {{"Authorization", ""}}, Asker::credentials},
      {by_header, {}, {{"Authorization", ""}, {"Authorization", ""}}, Asker::credentials},
      {by_cookie, {}, none, Asker::anyone},
      {by_cookie, {}, session, Asker::user},
      {by_cookie, {}, {{"Cookie", "sid="}}, Asker::anyone},
      {by_cookie, {}, {{"Cookie", "sid=; sid=; a=1"}}, Asker::anyone},
      {by_cookie, {}, shown, Asker::credentials},
      {by_cookie, {}, both, Asker::credentials},
      {by_cookie, {"authorization"}, both, Asker::user},
      {by_cookie, {"authorization"}, shown, Asker::credentials},
      {by_name, {}, {{"X-User", "a"}}, Asker::user},
      {by_name, {}, {{"X-User", ""}}, Asker::anyone},
      {by_name, {}, {{"X-User", "a"}, {"Authorization", "x"}}, Asker::credentials},
  };
  for (const auto& row : rows) {
    Arena arena;
    KeySpec spec;
    spec.user = row.user;
    spec.headers = row.headers;
    const Key key = make_key(spec, get("/f", row.lines), arena);
    CAPTURE(row.user ? row.user->name : "-", row.headers.size(), row.lines.size());
    CHECK(key.asker == row.asker);
    if (row.asker == Asker::anyone && row.user) CHECK(key.user == "anonymous");
  }
}

TEST_CASE("a key's parts can be read back") {
  Arena arena;
  KeySpec spec;
  spec.headers = {"x-a"};
  const auto key = make_key(spec, get("/v/1?b=2&a=1", {{"X-A", "z"}}), arena);
  const auto parts = key_parts(key.bytes);
  CHECK(parts.host == "example.com");
  CHECK(parts.path == "/v/1");
  CHECK(parts.query == "a=1&b=2");
  CHECK(parts.has_query);
  CHECK_FALSE(key_parts(make_key({}, get("/v"), arena).bytes).has_query);
  CHECK(key.digest == hash128(key.bytes));
  for (std::size_t cut = 0; cut < key.bytes.size(); ++cut)
    (void)key_parts(key.bytes.substr(0, cut));  // never past the end
}

TEST_CASE("URLs as people write them take the form of keys") {
  CHECK(keyed_url("http://Example.COM/a?b=2&a=1#top") == "example.com/a?a=1&b=2");
  CHECK(keyed_url("https://example.com") == "example.com/");
  CHECK(keyed_url("example.com?b&a") == "example.com/?a&b");
  CHECK(keyed_url("/A/b?") == "/A/b?");
  CHECK(keyed_url("/a") == "/a");
}

TEST_CASE("a cookie's value: of all lines, the first, whatever stands around it") {
  const auto fields = test::fields({{"Cookie", "a=1;b = 2 ; c=3=4"}, {"cookie", "b=5; d=\"x\""}});
  CHECK(cookie_value(fields, "a") == "1");
  CHECK(cookie_value(fields, "b") == "2");
  CHECK(cookie_value(fields, "c") == "3=4");
  CHECK(cookie_value(fields, "d") == "\"x\"");
  CHECK(cookie_value(fields, "e").empty());
}

TEST_CASE("a request of many pairs and cookies costs a bounded arena") {
  std::string query;
  std::string cookies;
  for (int i = 0; i < 2000; ++i) {
    query += "a=" + std::to_string(i) + "&";
    cookies += "sid=" + std::to_string(i) + ";";
  }
  Arena arena;
  KeySpec spec;
  spec.cookies = {"sid"};
  const std::string target = "/p?" + query;
  const auto key = make_key(spec, get(target, {{"Cookie", cookies}}), arena);
  CHECK(key.query.size() == query.size() - 1);
}

}  // namespace
}  // namespace weir
