// Whole files: what good ones mean, and that all that is wrong with bad ones is said, each with its place.
#include "proxy/config/load.h"

#include "tests/support/catch.h"

namespace weir {
namespace {

std::optional<std::string> variable(const std::string& name) {
  if (name == "TOKEN") return "s3cret";
  if (name == "API") return "http://10.0.0.1:3000";
  if (name == "TRICKY") return "x }, cache: off #";
  return std::nullopt;
}

const std::string kUpstream = "upstreams: { api: { servers: http://a } }\n";

Config good(const std::string& text) {
  auto loaded = load_text("f", text, variable);
  INFO(text_of(loaded.diagnostics));
  REQUIRE(loaded.config);
  REQUIRE_FALSE(has_errors(loaded.diagnostics));
  return *loaded.config;
}

std::string said_of(const std::string& text) {
  return text_of(load_text("f", text, variable).diagnostics);
}

TEST_CASE("the least file: one upstream, one route for all, what the origin's headers allow") {
  const Config config = good("upstreams:\n  api:\n    servers: http://127.0.0.1:3000\n");
  CHECK(config.upstreams.at(0).name == "api");
  CHECK(config.upstreams[0].servers.at(0).port == 3000);
  CHECK(config.listen.at(0).address.text() == "127.0.0.1:8080");
  REQUIRE(config.routes.size() == 1);
  CHECK(config.routes[0].upstream == "api");
  CHECK(config.routes[0].match.at(0).path == "/");
  CHECK(config.routes[0].cache.mode() == CacheMode::origin);
}

TEST_CASE("a listener without an address is off, whatever else it says") {
  const std::string rest = "upstreams:\n  api:\n    servers: http://127.0.0.1:3000\n";
  const std::string off = R"({ address: "${NONE:-}", tls: { certificate: "", key: "${NONE:-}" } })";
  const Config config = good("listen: [ " + off + ", { address: \"127.0.0.1:1\" }, " + off + " ]\n" + rest);
  REQUIRE(config.listen.size() == 1);
  CHECK(config.listen[0].address.text() == "127.0.0.1:1");
  CHECK(config.listen[0].number == 1);
  CHECK(said_of("listen: [ " + off + " ]\n" + rest).find("nowhere to listen") != std::string::npos);
  const std::string second = R"({ address: "127.0.0.1:2", tls: { certificate: a } })";
  CHECK(said_of("listen:\n  - " + off + "\n  - " + second + "\n" + rest).find("f:3:") != std::string::npos);
  CHECK(said_of("admin: { address: \"\" }\n" + rest).find("an address to listen on") != std::string::npos);
}

TEST_CASE("values of every kind are read") {
  const Config config = good(R"(listen: [ { address: "127.0.0.1:0" }, { address: "[::1]:8443" } ]
admin: { address: 0.0.0.0:9090, token: "${TOKEN}", purge_from: [ 10.0.0.0/8, "::1" ] }
workers: 4
cache: { memory: 1GiB, max_object: 1MiB }
upstreams:
  api:
    servers: [ "${API}", "http://b:81/" ]
    balance: least_conn
    connections: { max: 10, queue: 0, queue_timeout: 250ms }
    timeouts: { connect: 2s, first_byte: 1m, between_bytes: 1m }
client: { timeouts: { head: 5s, idle: 2m, slow: 10s }, min_rate: 2KiB, limits: { head: 16KiB, line: 4KiB, fields: 50, connections: 10 } }
access_log: ./access.log
drain: 5s
routes:
  - name: a
    match: GET /a/{id}
    cache: { ttl: 5m, override: true, stale_while_revalidate: 1m, stale_if_error: 1h, refresh_ahead: 20%, etag: true, prefer: origin, patience: 2s, adaptive: { min: 1m, max: 1h }, max_variants: 4, status: { 404: 1m, 500: 1s }, hit_for_miss: 10s, max_object: 64KiB }
    key: { query: [ q ], normalise: { q: [ trim, lower ] }, headers: Accept-Language, cookies: [ c ], user: { cookie: session } }
    tags: [ a, "a:${id}" ]
    request: { headers: { set: { X-A: b }, remove: [ Cookie ] }, max_body: 0B }
    response: { headers: { add: { X-B: c } }, client_ttl: 1m }
)");
  CHECK(config.listen.size() == 2);
  CHECK(config.admin.token.text == "s3cret");
  CHECK(config.admin.purge_from.at(0).contains(*Ip::parse("10.1.1.1")));
  CHECK(config.workers == 4);
  CHECK(config.cache.memory == 1_GiB);
  CHECK(config.upstreams[0].servers.at(0).host == "10.0.0.1");
  CHECK(config.upstreams[0].balance == Balance::least_conn);
  CHECK(config.upstreams[0].connections.queue == 0);
  CHECK(config.upstreams[0].timeouts.first_byte == std::chrono::minutes(1));
  CHECK(config.client.limits.fields == 50);
  CHECK(config.access_log.path == "./access.log");
  const RouteConfig& a = config.routes.at(0);
  CHECK(a.cache.mode() == CacheMode::ttl);
  CHECK(a.cache.ttl == std::chrono::minutes(5));
  CHECK(a.cache.status.at(404) == std::chrono::minutes(1));
  CHECK(a.cache.refresh_ahead.part == 0.2);
  CHECK(a.cache.adaptive->max == std::chrono::hours(1));
  CHECK(a.key.query->at(0) == "q");
  CHECK(a.key.headers.at(0) == "Accept-Language");
  CHECK(a.key.user->cookie == "session");
  CHECK(a.tags.at(1).text == "a:${id}");
  CHECK(a.request.headers.set.at("X-A").text == "b");
  CHECK(a.response.client_ttl == std::chrono::minutes(1));
}

TEST_CASE("the database that is followed; its URL is never quoted") {
  CHECK(good(kUpstream).invalidation.postgres.url.text.empty());
  CHECK(good(kUpstream + "invalidation: { postgres: { url: \"${NONE:-}\" } }").invalidation.postgres.url.text.empty());
  const Config config =
      good(kUpstream +
           "invalidation: { postgres: { url: \"postgres://u:p@h:5433/d\", mode: one, schema: Odd name, "
           "reader: edge } }\ncache: { redis: { url: redis://h } }\n");
  CHECK(said_of(kUpstream + "invalidation: { postgres: { mode: one } }\n").find("without a Redis") !=
        std::string::npos);
  CHECK(said_of(kUpstream + "cache: { redis: { url: [ redis://a, \"rediss://b\" ] } }\n").starts_with("f:2:"));
  CHECK(config.invalidation.postgres.url.text == "postgres://u:p@h:5433/d");
  CHECK(config.invalidation.postgres.mode == PostgresMode::one);
  CHECK(config.invalidation.postgres.schema == "Odd name");
  CHECK(config.invalidation.postgres.reader == "edge");
  const std::string said =
      said_of(kUpstream + "invalidation: { postgres: { url: \"mysql://u:s3cret@h\", mode: some, schema: \"\" } }");
  CHECK(said.find("f:2:34: the value is not a PostgreSQL URL (postgres://user:password@host:5432/database)") !=
        std::string::npos);
  CHECK(said.find("s3cret") == std::string::npos);
  CHECK(said.find("\"some\" is not known here") != std::string::npos);
  CHECK(said.find("a name in a database") != std::string::npos);
}

TEST_CASE("the forms of match, as people write them") {
  const Config config = good(kUpstream + R"(routes:
  - name: a
    match: [ PUT, PATCH, DELETE ] /a/{id}   # words
  - name: b
    match: "[ PUT, PATCH ] /b"
  - name: c
    match: [ "GET /c", "[ PUT, PATCH ] /d", /e ]
  - match: [POST] /f
    name: f
)");
  CHECK(config.routes[0].match.at(0).methods == std::vector<std::string>{"PUT", "PATCH", "DELETE"});
  CHECK(config.routes[0].match[0].path == "/a/{id}");
  CHECK(config.routes[1].match.at(0).methods.size() == 2);
  REQUIRE(config.routes[2].match.size() == 3);
  CHECK(config.routes[2].match[1].methods.size() == 2);
  CHECK(config.routes[2].match[2].methods.empty());
  CHECK(config.routes[3].match.at(0).text() == "POST /f");
}

TEST_CASE("defaults are merged key by key, lists are replaced, and places tell which is whose") {
  const Config config = good(kUpstream + R"(defaults:
  cache: { ttl: 1m, stale_if_error: 1h, status: { 404: 1m } }
  tags: [ all ]
  request: { headers: { set: { X-A: "1", X-B: "1" } } }
routes:
  - { name: same, match: /same }
  - name: more
    match: /more
    cache: { ttl: 5m, status: { 410: 2m } }
    tags: [ more ]
    request: { headers: { set: { X-B: "2" } } }
  - { name: "off", match: /off, cache: off }
  - { name: origin, match: /origin, cache: origin }
)");
  const auto& same = config.routes[0];
  CHECK(same.cache.ttl == std::chrono::minutes(1));
  CHECK(same.places.at("cache.ttl").line == 3);
  const auto& more = config.routes[1];
  CHECK(more.cache.ttl == std::chrono::minutes(5));
  CHECK(more.cache.stale_if_error == std::chrono::hours(1));
  CHECK(more.cache.status.size() == 2);
  CHECK(more.tags.size() == 1);
  CHECK(more.request.headers.set.at("X-A").text == "1");
  CHECK(more.request.headers.set.at("X-B").text == "2");
  CHECK(more.places.at("cache.ttl").line == 10);
  CHECK(more.places.at("cache.stale_if_error").line == 3);
  CHECK(config.routes[2].cache.mode() == CacheMode::off);
  CHECK(config.routes[3].cache.mode() == CacheMode::origin);
  CHECK(config.routes[3].cache.stale_if_error == std::chrono::hours(1));
}

TEST_CASE("modes of the cache follow from what is written") {
  struct Row {
    const char* defaults;
    const char* route;
    CacheMode mode;
  };
  const Row row = GENERATE(values<Row>({
      {"{}", "{}", CacheMode::origin},
      {"{}", "off", CacheMode::off},
      {"{}", "{ stale_if_error: 1h }", CacheMode::origin},
      {"{}", "{ ttl: 1m }", CacheMode::ttl},
      {"{}", "{ adaptive: { min: 1s, max: 1m } }", CacheMode::ttl},
      {"off", "{}", CacheMode::origin},
      {"off", "{ ttl: 1m }", CacheMode::ttl},
      {"{ ttl: 1m }", "{ etag: true }", CacheMode::ttl},
      {"{ ttl: 1m }", "origin", CacheMode::origin},
      {"origin", "{ ttl: 1m }", CacheMode::ttl},
  }));
  CAPTURE(row.defaults, row.route);
  const Config config = good(kUpstream + "defaults: { cache: " + row.defaults +
                             " }\nroutes: [ { name: a, match: /, cache: " + row.route + " } ]\n");
  CHECK(config.routes[0].cache.mode() == row.mode);
}

TEST_CASE("the environment never adds structure") {
  const Config config =
      good(kUpstream + "routes: [ { name: a, match: /, request: { headers: { set: { X-A: \"${TRICKY}\" } } } } ]\n");
  CHECK(config.routes[0].request.headers.set.at("X-A").text == "x }, cache: off #");
  CHECK(config.routes[0].cache.mode() == CacheMode::origin);
}

TEST_CASE("what is wrong is said with its place and what would be right") {
  struct Row {
    std::string text;
    std::string said;
  };
  const Row row = GENERATE(values<Row>({
      {"", "f:1:1: \"upstreams\" is missing (NAME: with options below it)\n"},
      {"[]",
       "f:1:1: a list does not fit here (options: listen, admin, workers, cache, invalidation, upstreams, client, "
       "access_log, drain, "
       "defaults and routes)\n"},
      {"upstreams:\n", "f:1:1: no value (NAME: with options below it)\n"},
      {"upstreams: {}\n", "f:1:12: nothing in it (NAME: with options below it)\n"},
      {"upstreams: { api: {} }\n",
       "f:1:19: \"servers\" is missing (http://HOST:PORT, https://HOST:PORT or unix:/PATH, or a list of such)\n"},
      {"upstreams: { api: { servers: [] } }\n", "f:1:14: an upstream without servers (at least one URL)\n"},
      {"upstreams: { \"a b\": { servers: http://a } }\n",
       "f:1:14: \"a b\" is not a name (letters, digits, '-', '_' and '.', at most 64)\n"},
      {"upstreams: { api: { servers: http://a/path } }\n",
       "f:1:30: \"http://a/path\" is not a server's URL (http://HOST:PORT or https://HOST:PORT, without a path, or "
       "unix:/run/api.sock)\n"},
      {kUpstream + "worker: 4\n", "f:2:1: unknown key \"worker\" (did you mean \"workers\"?)\n"},
      {kUpstream + "cache: { disk: { url: redis://x } }\n",
       "f:2:10: unknown key \"disk\" (here may stand memory, max_object and redis)\n"},
      {kUpstream + "ttl: 5m\n",
       "f:2:1: unknown key \"ttl\" (here may stand listen, admin, workers, cache, invalidation, upstreams, client, "
       "access_log, "
       "drain, "
       "defaults and routes)\n"},
      {kUpstream + "defaults:\n  stale_if_error: 5m\n",
       "f:3:3: unknown key \"stale_if_error\" (it stands under \"cache\")\n"},
      {kUpstream + "workers: 4\nworkers: 5\n", "f:3:1: the key \"workers\" a second time (each key once)\n"},
      {kUpstream + "workers: 0\n", "f:2:10: 0 is too little (at least 1)\n"},
      {kUpstream + "workers: 257\n", "f:2:10: 257 is too much (at most 256)\n"},
      {kUpstream + "workers: many\n", "f:2:10: \"many\" is not a number (digits only)\n"},
      {kUpstream + "cache: { memory: 512 }\n",
       "f:2:18: \"512\" is not a size (a whole number and B, KiB, MiB, GiB, kB, MB or GB, as in 16KiB)\n"},
      {kUpstream + "cache: { memory: 64MiB, max_object: 7MiB }\n",
       "f:2:25: 7MiB is more than the memory can take (at most a tenth of cache.memory, which is 64MiB)\n"},
      {kUpstream + "drain: 30\n", "f:2:8: \"30\" is not a duration (a whole number and ms, s, m, h or d, as in 30s)\n"},
      {kUpstream + "listen: []\n", "f:2:1: nowhere to listen (at least one address)\n"},
      {kUpstream + "listen: [ { address: 127.0.0.1:80 }, { address: 127.0.0.1:80 } ]\n",
       "f:2:38: 127.0.0.1:80 a second time (each address once)\n"},
      {kUpstream + "listen: [ { address: x }, { address: y } ]\n",
       "f:2:22: \"x\" is not an address to listen on (ADDRESS:PORT, as in 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080)\n"
       "f:2:38: \"y\" is not an address to listen on (ADDRESS:PORT, as in 127.0.0.1:8080, 0.0.0.0:8080 or "
       "[::]:8080)\n"},
      {kUpstream + "listen: { address: 127.0.0.1:80 }\nadmin: { address: 127.0.0.1:80 }\n",
       "f:3:1: the admin endpoint on a public port, 127.0.0.1:80 (a port of its own)\n"},
      {kUpstream + "admin: { address: 0.0.0.0:9090 }\n",
       "f:2:10: 0.0.0.0:9090 can be reached from outside, and there is no admin.token (a token, or a loopback "
       "address)\n"},
      {kUpstream + "admin: { address: 0.0.0.0:9090, token: \"${NONE:-}\" }\n",
       "f:2:10: 0.0.0.0:9090 can be reached from outside, and there is no admin.token (a token, or a loopback "
       "address)\n"},
      {kUpstream + "admin: { token: \"${NONE}\" }\n",
       "f:2:17: the environment variable NONE is not set (set it, or write ${NONE:-default})\n"},
      {kUpstream + "admin: { token: \"a\\nb\" }\n", "f:2:17: a control byte (visible characters and spaces)\n"},
      {kUpstream + "client: { limits: { head: 2KiB } }\n",
       "f:2:21: a line may be longer than the head it is part of (line at most head)\n"},
      {kUpstream + "routes: []\n", "f:2:1: no route (at least one, or no `routes` at all)\n"},
      {kUpstream + "routes: off\n",
       "f:2:9: a single value does not fit here (options: name, match, upstream, cache, key, tags, invalidate, "
       "request, response, compress, upgrade and timeouts)\n"},
      {kUpstream + "routes:\n  - match: /\n", "f:3:5: \"name\" is missing (a name)\n"},
      {kUpstream + "routes:\n  - name: a\n", "f:3:5: \"match\" is missing ([METHODS] PATH, or a list of such)\n"},
      {kUpstream + "routes:\n  - { name: a, match: GET }\n",
       "f:3:23: \"GET\" is not a match (METHOD /path or [ METHOD, METHOD ] /path or /path)\n"},
      {kUpstream + "routes:\n  - { name: a, match: /a }\n  - { name: a, match: /b }\n",
       "f:4:7: a second route called \"a\" (a name of its own; the first stands on line 3)\n"},
      {kUpstream + "routes:\n  - { name: a, match: /a, upstream: apo }\n",
       "f:3:27: no upstream is called \"apo\" (did you mean \"api\"?)\n"},
      {"upstreams: { a: { servers: http://a }, b: { servers: http://b } }\nroutes:\n  - { name: x, match: /a }\n",
       "f:3:5: route \"x\" says no upstream (one of a, b)\n"},
  }));
  CAPTURE(row.text);
  CHECK(said_of(row.text) == row.said);
}

TEST_CASE("what gives up a protection is warned of, and is no error") {
  const auto loaded = load_text("f", kUpstream + R"(routes:
  - name: a
    match: /a
    cache: { ttl: 1m, set_cookie: strip, trust_client: true, store_unterminated: true }
    request: { forward: [ Cookie, Accept-Language ] }
    key: { headers: [ Accept-Language ] }
  - name: b
    match: /b
    cache: { set_cookie: store }
    request: { forward: [ Cookie ] }
    key: { user: { header: X-User } }
)",
                                variable);
  CHECK_FALSE(has_errors(loaded.diagnostics));
  CHECK(
      text_of(loaded.diagnostics) ==
      "f:5:23: warning: clients never get the cookies that the origin sets here (set_cookie: refuse)\n"
      "f:5:42: warning: any client can make each of its requests reach the origin (trust_client: false)\n"
      "f:5:62: warning: an answer that was cut off can be kept as if it were whole (store_unterminated: false)\n"
      "f:6:27: warning: Cookie reaches the origin, and is not in the key: if the answer depends on it, clients get one "
      "another's (key: { headers: [ Cookie ] })\n"
      "f:10:14: warning: the cookies of one client's answer are handed to all (set_cookie: refuse)\n"
      "f:12:20: warning: whoever sends X-User is taken for that user (good only where something in front of weir sets "
      "it)\n");
}

TEST_CASE("all errors are said at once, in the order of the file") {
  CHECK(said_of(R"(workers: 0
upstreams: { api: { servers: ftp://a, balanc: hash } }
routes:
  - name: a
    match: /a
    cache: { ttl: 5, tll: 1 }
  - name: a
    match: b
)") == "f:1:10: 0 is too little (at least 1)\n"
       "f:2:30: \"ftp://a\" is not a server's URL (http://HOST:PORT or https://HOST:PORT, without a path, or "
       "unix:/run/api.sock)\n"
       "f:2:39: unknown key \"balanc\" (did you mean \"balance\"?)\n"
       "f:6:19: \"5\" is not a duration (a whole number and ms, s, m, h or d, as in 30s)\n"
       "f:6:22: unknown key \"tll\" (did you mean \"ttl\"?)\n"
       "f:7:5: a second route called \"a\" (a name of its own; the first stands on line 4)\n"
       "f:8:12: \"b\" is not a match (METHOD /path or [ METHOD, METHOD ] /path or /path)\n");
}

TEST_CASE("secrets are never repeated in errors") {
  const auto said =
      said_of(kUpstream + "routes: [ { name: a, match: /, request: { headers: { set: { X-Key: \" s3cret\" } } } } ]\n");
  CHECK(said.find("s3cret") == std::string::npos);
  CHECK(said.find("the value is not a field value") != std::string::npos);
}

TEST_CASE("errors are bounded in number, texts and routes in size") {
  std::string many = kUpstream;
  for (int i = 0; i < 1000; ++i) many += "key" + std::to_string(i) + ": 1\n";
  const auto loaded = load_text("f", many, variable);
  CHECK(loaded.diagnostics.size() == 101);
  CHECK(loaded.diagnostics.back().what == "there is more, which is not shown");

  std::string warned = kUpstream + "routes:\n";
  for (int i = 0; i < 200; ++i) {
    warned +=
        "  - { name: r" + std::to_string(i) + ", match: /" + std::to_string(i) + ", cache: { trust_client: true } }\n";
  }
  const auto only_warnings = load_text("f", warned, variable);
  CHECK(only_warnings.diagnostics.size() == 101);
  CHECK_FALSE(has_errors(only_warnings.diagnostics));
  CHECK(text_of(load_text("f", warned + "workers: 0\n", variable).diagnostics) ==
        "f:203:10: 0 is too little (at least 1)\nf: there is more, which is not shown\n");

  CHECK(said_of(kUpstream + "access_log: " + std::string(9000, 'x') + "\n") ==
        "f:2:13: a text of 9000 bytes (at most 8 KiB)\n");

  std::string routes = kUpstream + "routes:\n";
  for (int i = 0; i <= 1000; ++i)
    routes += "  - { name: r" + std::to_string(i) + ", match: /" + std::to_string(i) + " }\n";
  CHECK(said_of(routes) == "f:1003:5: too many routes (at most 1000)\n");
}

TEST_CASE("a file that can't be read says why") {
  const auto loaded = load_file("/no/such/file.yaml");
  CHECK_FALSE(loaded.config);
  CHECK(text_of(loaded.diagnostics) == "/no/such/file.yaml: can't be read: No such file or directory\n");
}

TEST_CASE("weir run --origin: one upstream, standard caching, no log") {
  const Config config = quick_config(*parse_origin_url("http://127.0.0.1:3000"), {"127.0.0.1", 0}, {"127.0.0.1", 1});
  CHECK(config.admin.address.text() == "127.0.0.1:1");
  CHECK(config.routes.at(0).cache.mode() == CacheMode::origin);
  CHECK(config.routes[0].upstream == config.upstreams.at(0).name);
  CHECK(config.cache.memory == 256_MiB);
  CHECK(config.access_log.kind == AccessLogConfig::Kind::off);
}

}  // namespace
}  // namespace weir
