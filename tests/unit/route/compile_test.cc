// From text to a table that runs: matching in order, options carried over, errors of patterns, templates and reach.
#include "proxy/route/compile.h"

#include "tests/support/catch.h"

namespace weir {
namespace {

const std::string kUpstream =
    "upstreams: { api: { servers: http://a }, other: { servers: http://b } }\ndefaults: { upstream: api }\n";

Prepared prepared(const std::string& routes) {
  return prepare_text("f", kUpstream + "routes:\n" + routes, {}, [](const std::string&) { return std::nullopt; });
}

std::shared_ptr<const RouteTable> table(const std::string& routes) {
  const auto made = prepared(routes);
  INFO(text_of(made.diagnostics));
  REQUIRE(made.ok());
  return made.routes;
}

std::string said_of(const std::string& routes) {
  return text_of(prepared(routes).diagnostics);
}

std::string matched(const RouteTable& routes, std::string_view method, std::string_view path) {
  RouteValues values;
  const Route* const route = routes.match(method_of(method), method, path, values);
  return route == nullptr ? "-" : route->name;
}

TEST_CASE("the first route that matches wins; GET matches HEAD too") {
  const auto routes = table(R"(  - { name: trending, match: GET /v/trending }
  - { name: video, match: "GET /v/{id}" }
  - name: write
    match: [ PUT, DELETE ] /v/{id}
  - { name: several, match: [ "GET /a", "REPORT /b", /c/ ] }
  - { name: head, match: HEAD /d }
)");
  CHECK(matched(*routes, "GET", "/v/trending") == "trending");
  CHECK(matched(*routes, "HEAD", "/v/trending") == "trending");
  CHECK(matched(*routes, "GET", "/v/42") == "video");
  CHECK(matched(*routes, "PUT", "/v/42") == "write");
  CHECK(matched(*routes, "POST", "/v/42") == "-");
  CHECK(matched(*routes, "get", "/v/42") == "-");
  CHECK(matched(*routes, "REPORT", "/b") == "several");
  CHECK(matched(*routes, "GET", "/b") == "-");
  CHECK(matched(*routes, "PATCH", "/c/x") == "several");
  CHECK(matched(*routes, "HEAD", "/d") == "head");
  CHECK(matched(*routes, "GET", "/d") == "-");
}

TEST_CASE("values of the path come with the route, and none without one") {
  const auto routes = table("  - { name: a, match: \"/v/{id}/c/{n}\" }\n");
  RouteValues values;
  REQUIRE(routes->match(Method::get, "GET", "/v/1/c/2", values) != nullptr);
  CHECK(values.find("id") == "1");
  CHECK(values.find("n") == "2");
  CHECK(values.find("none").empty());
  REQUIRE(routes->match(Method::get, "GET", "/v/1/d/2", values) == nullptr);
  CHECK(values.count == 0);
}

TEST_CASE("options are carried over to what runs") {
  const auto routes = table(R"(  - name: a
    match: GET /a/{id}
    upstream: other
    cache: { ttl: 5m, override: true, stale_if_error: 1h, refresh_ahead: 20%, prefer: origin, status: { 404: 1m }, max_object: 1MiB }
    key: { query_except: [ utm ], normalise: { q: lower }, headers: [ Accept-Language ], user: { header: Authorization } }
    tags: [ "a:${id}", "u:${user}" ]
    request: { forward: [ X-Api-Version ], max_body: 1KiB }
  - { name: b, match: /b, cache: off }
  - { name: c, match: POST /c, invalidate: { tags: [ x ], urls: [ /a/1 ], prefixes: [ /a/ ], soft: true } }
)");
  const Route& a = routes->routes()[0];
  CHECK(a.upstream == 1);
  CHECK(a.place == "f:4");
  CHECK(a.policy.mode == CacheMode::ttl);
  CHECK(a.policy.ttl == std::chrono::minutes(5));
  CHECK(a.policy.override_origin);
  CHECK(a.policy.prefer_origin);
  CHECK(a.policy.status_ttl.at(404) == std::chrono::minutes(1));
  CHECK(a.policy.max_object == 1_MiB);
  CHECK_FALSE(a.forward_all);
  CHECK(a.forward == std::vector<std::string>{"x-api-version"});
  CHECK(a.max_request_body == 1_KiB);
  CHECK(a.key.query_mode == KeySpec::Query::except);
  CHECK(a.key.normalise.at("q").lower);
  CHECK_FALSE(a.key.normalise.at("q").trim);
  CHECK(a.key.headers == std::vector<std::string>{"accept-language"});
  CHECK(a.key.user->name == "authorization");
  CHECK(a.tags.size() == 2);
  const Route& b = routes->routes()[1];
  CHECK(b.upstream == 0);
  CHECK(b.policy.mode == CacheMode::off);
  CHECK(b.policy.max_object == 8_MiB);
  CHECK(b.forward_all);
  const Route& c = routes->routes()[2];
  CHECK(c.invalidate.tags.size() == 1);
  CHECK(c.invalidate.soft);
  CHECK(c.policy.mode == CacheMode::origin);
}

TEST_CASE("an adaptive lifetime without a ttl begins at its shortest") {
  const auto routes = table("  - { name: a, match: /a, cache: { adaptive: { min: 10s, max: 1h } } }\n");
  CHECK(routes->routes()[0].policy.mode == CacheMode::ttl);
  CHECK(routes->routes()[0].policy.ttl == std::chrono::seconds(10));
}

TEST_CASE("a lifetime by status alone still keeps what isn't in the key from the origin") {
  const auto routes = table("  - { name: a, match: /a, cache: { status: { 500: 1m } } }\n");
  CHECK(routes->routes()[0].policy.mode == CacheMode::origin);
  CHECK_FALSE(routes->routes()[0].forward_all);
}

TEST_CASE("names in templates are those of every match, and the user's only where there is one") {
  CHECK(said_of("  - { name: a, match: \"/a/{id}\", tags: [ \"x:${idd}\" ] }\n") ==
        "f:4:42: ${idd} is not a name that this route fills in (did you mean ${id}?)\n");
  CHECK(said_of("  - { name: a, match: \"/a/{id}\", tags: [ \"x:${user}\" ] }\n") ==
        "f:4:42: ${user} is not a name that this route fills in (known are ${id})\n");
  CHECK(said_of("  - { name: a, match: [ \"/a/{id}\", \"/b/{name}\" ], invalidate: { urls: [ \"/${id}\" ] } }\n") ==
        "f:4:73: ${id} is not a name that this route fills in (no name is filled in here)\n");
  CHECK(said_of("  - { name: a, match: \"/a/{user}\", key: { user: { cookie: s } } }\n") ==
        "f:4:16: {user} is not clear where key.user is set (another name, as {user_id})\n");
  CHECK(said_of("  - { name: a, match: \"/a/{user}\", tags: [ \"x:${user}\" ] }\n").empty());
}

TEST_CASE("patterns with errors are said at their place") {
  CHECK(
      said_of("  - name: a\n    match: [ \"GET /a\", \"GET /{ID}\" ]\n") ==
      "f:5:24: \"{ID}\" is not a parameter (small letters, digits and _, as in {id} or {path...}; capitals are for the "
      "environment)\n");
}

TEST_CASE("a route that can never be reached is an error") {
  struct Row {
    const char* first;
    const char* second;
    bool unreachable;
  };
  const Row row = GENERATE(values<Row>({
      {"/", "/a", true},
      {"GET /", "GET /a", true},
      {"GET /", "HEAD /a", true},
      {"GET /", "POST /a", false},
      {"GET /", "/a", false},
      {"/{id}", "/a", true},
      {"/a", "/{id}", false},
      {"/a/{id}", "GET /a/{name}", true},
      {"[ GET, PUT ] /a", "[ PUT, GET ] /a", true},
      {"[ GET, PUT ] /a", "[ PUT, POST ] /a", false},
  }));
  CAPTURE(row.first, row.second);
  const std::string said = said_of("  - name: a\n    match: \"" + std::string(row.first) +
                                   "\"\n  - name: b\n    match: \"" + row.second + "\"\n");
  CHECK(said == (row.unreachable
                     ? "f:7:12: route \"b\" can never be reached: \"a\" on line 4 takes all of " +
                           Scalar<MatchConfig>::parse(row.second)->text() + " (the special before the general)\n"
                     : ""));
}

TEST_CASE("several earlier routes together can leave nothing to a later one, and a route to itself") {
  CHECK(
      said_of("  - { name: a, match: GET /a }\n  - { name: b, match: POST /a }\n  - name: c\n    match: [ GET, POST ] "
              "/a\n") ==
      "f:7:12: route \"c\" can never be reached: \"a\" on line 4 takes all of [ GET, POST ] /a (the special before the "
      "general)\n");
  CHECK(said_of("  - { name: a, match: [ GET /, GET /a ] }\n") ==
        "f:4:32: route \"a\" can never be reached: its own earlier match takes all of GET /a (the special before the "
        "general)\n");
}

TEST_CASE("errors of options, patterns and templates are said together") {
  CHECK(said_of("  - { name: a, match: /a/{, cache: { ttl: 5 } }\n  - { name: b, match: \"/b\", tags: [ \"${x}\" ] }\n")
            .find("no valid YAML") != std::string::npos);
  CHECK(said_of("  - { name: a, match: \"/a/{\", cache: { ttl: 5 } }\n  - { name: b, match: \"/b\", tags: [ \"${x}\" ] "
                "}\n") ==
        "f:4:23: \"{\" is not a segment of a path (a parameter takes a whole segment, as in /videos/{id}/page)\n"
        "f:4:45: \"5\" is not a duration (a whole number and ms, s, m, h or d, as in 30s)\n"
        "f:5:37: ${x} is not a name that this route fills in (no name is filled in here)\n");
}

}  // namespace
}  // namespace weir
