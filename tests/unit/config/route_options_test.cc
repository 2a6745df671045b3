// The options of one route: what is wrong with each is said with its place and what would be right.
#include "proxy/config/load.h"
#include "tests/support/catch.h"

namespace weir {
namespace {

const std::string kUpstream = "upstreams: { api: { servers: http://a } }\n";

std::string said_of(const std::string& text) {
  return text_of(load_text("f", text, [](const std::string&) { return std::nullopt; }).diagnostics);
}

TEST_CASE("what is wrong in a route is said with its place and what would be right") {
  struct Row {
    const char* options;  // of a route on line 4, from column 5
    const char* said;
  };
  const Row row = GENERATE(values<Row>({
      {"cache: of",
       "f:4:12: \"of\" is not known here (off or origin, or options: ttl, override, stale_while_revalidate, "
       "stale_if_error, refresh_ahead, etag, set_cookie, prefer, patience, adaptive, max_variants, status, "
       "trust_client, store_unterminated, hit_for_miss, max_object, shared and coalesce)\n"},
      {"cache: { ttl: 5 }", "f:4:19: \"5\" is not a duration (a whole number and ms, s, m, h or d, as in 30s)\n"},
      {"cache: { ttl: 400d }", "f:4:19: 400d is too much (at most 365d)\n"},
      {"cache: { refresh_ahead: 20 }", "f:4:29: \"20\" is not a percentage (from 0% to 100%, as in 20%)\n"},
      {"cache: { refresh_ahead: 95% }", "f:4:29: 95% is too much (at most 90%)\n"},
      {"cache: { etag: yes }", "f:4:20: \"yes\" is not true or false (true or false)\n"},
      {"cache: { set_cookie: drop }", "f:4:26: \"drop\" is not known here (refuse, strip or store)\n"},
      {"cache: { status: { ok: 1m } }", "f:4:24: \"ok\" is not a status code (from 100 to 599)\n"},
      {"cache: { override: true }", "f:4:14: override without a ttl (a ttl to put above the origin's headers)\n"},
      {"cache: { adaptive: { min: 1h, max: 1m } }", "f:4:14: min is more than max (min at most max)\n"},
      {"cache: { adaptive: { min: 1h } }", "f:4:24: \"max\" is missing (a duration)\n"},
      {"cache: { max_object: 100MiB }",
       "f:4:14: 100MiB is more than the memory can take (at most a tenth of cache.memory, which is 256MiB)\n"},
      {"key: { query: [ a ], query_except: [ b ] }", "f:4:26: both query and query_except (one of them)\n"},
      {"key: { query: \"a&b\" }",
       "f:4:19: \"a&b\" is not a query parameter (a name as it stands in the query, without & = # or spaces)\n"},
      {"key: { query: [ a ], normalise: { b: [ trim ] } }",
       "f:4:39: \"b\" is not in the key, so it can't be normalised (a parameter that counts)\n"},
      {"key: { normalise: { b: [ upper ] } }", "f:4:30: \"upper\" is not known here (trim or lower)\n"},
      {"key: { normalize: { b: [ trim ] } }", "f:4:12: unknown key \"normalize\" (did you mean \"normalise\"?)\n"},
      {"key: { user: {} }",
       "f:4:12: either a header or a cookie says who the user is ({ header: Authorization } or { cookie: session })\n"},
      {"key: { headers: [ X-Forwarded-For ] }",
       "f:4:23: \"X-Forwarded-For\" is not a field of clients that may reach the origin (any but those of one "
       "connection, "
       "those of conditions and ranges, and those that weir writes itself, as X-Forwarded-For)\n"},
      {"tags: [ \"a b\" ]",
       "f:4:13: \"a b\" is not a tag (visible characters without commas and spaces, at most 256)\n"},
      {"invalidate: { urls: [ api ] }",
       "f:4:27: \"api\" is not a path (what begins with /, as in /api/videos/${id})\n"},
      {"request: { headers: { set: { Content-Length: 5 } } }",
       "f:4:34: \"Content-Length\" is not a field that a route may change (any but Host and what frames a message or "
       "belongs "
       "to one connection)\n"},
      {"response: { headers: { remove: [ Transfer-Encoding ] } }",
       "f:4:38: \"Transfer-Encoding\" is not a field that a route may change (any but Host and what frames a message "
       "or "
       "belongs to one connection)\n"},
      {"request: { headers: { set: { X-A: 1, x-a: 2 } } }",
       "f:4:42: the field \"x-a\" a second time (each field once, in whatever case)\n"},
      {"request: { max_body: 1G }",
       "f:4:26: \"1G\" is not a size (a whole number and B, KiB, MiB, GiB, kB, MB or GB, as in 16KiB)\n"},
      {"response: { client_ttl: ${id} }",
       "f:4:30: no valid YAML: end of map flow not found (in { } and [ ], quotes around a text with any of { } [ ] "
       ",)\n"},
      {"upstream: \"${id}\"",
       "f:4:15: ${id} is not an environment variable (their names are in capitals, as in ${REDIS_URL})\n"},
      {"compress: { encodings: [ zstd, dcz ] }", "f:4:36: \"dcz\" is not known here (zstd, br or gzip)\n"},
      {"compress: { encodings: [ deflate ] }", "f:4:30: \"deflate\" is not known here (zstd, br or gzip)\n"},
      {"compress: { encodings: [] }", "f:4:17: no coding is offered (zstd, br and gzip, or compress: off)\n"},
      {"compress: { from_origin: [ dcz ] }", "f:4:32: \"dcz\" is not known here (identity, gzip, br or zstd)\n"},
      {"compress: { dictionary: trained }\n    key: { cookies: [ session ] }",
       "f:4:17: the key tells clients apart: what one gets is no dictionary for others (a route without key.user, "
       "key.cookies and key.headers, or no dictionary)\n"},
      {"compress: { types: [ text ] }",
       "f:4:26: \"text\" is not a media type (a type such as application/json, text/* or *+json)\n"},
      {"compress: on",
       "f:4:15: \"on\" is not known here (off, or options: encodings, min_size, types, levels, from_origin and "
       "dictionary)\n"},
      {"limit: {}",
       "f:4:5: unknown key \"limit\" (here may stand name, match, upstream, cache, key, tags, invalidate, "
       "request, response, compress, upgrade and timeouts)\n"},
      {"upgrade: [ websocket, h2c ]",
       "f:4:27: \"h2c\" is not a protocol (what Upgrade may name, as websocket; not HTTP or TLS)\n"},
      {"upgrade: TLS/1.3",
       "f:4:14: \"TLS/1.3\" is not a protocol (what Upgrade may name, as websocket; not HTTP or TLS)\n"},
      {"upgrade: \"a b\"",
       "f:4:14: \"a b\" is not a protocol (what Upgrade may name, as websocket; not HTTP or TLS)\n"},
      {"upgrade: true", "f:4:14: \"true\" is no protocol (upgrade: websocket, or upgrade: [] for none)\n"},
      {"upgrade: No", "f:4:14: \"No\" is no protocol (upgrade: websocket, or upgrade: [] for none)\n"},
      {"upgrade: [ websocket, false ]",
       "f:4:27: \"false\" is no protocol (upgrade: websocket, or upgrade: [] for none)\n"},
      {"upgrade: websockets",
       "f:4:14: warning: no protocol of note is called \"websockets\" (did you mean \"websocket\"?)\n"},
      {"upgrade: [ foo/2, Web-Socket/13 ]",
       "f:4:23: warning: no protocol of note is called \"Web-Socket/13\" (did you mean \"websocket\"?)\n"},
      {"upgrade: [ WebSocket, websocket/13, foo/2, connect-udp, webtransport, ssh, IRC/6.9 ]", ""},
      {"timeouts: { idle: 1h }",
       "f:4:17: idle never applies: it is the silence in a tunnel (upgrade: [ websocket ], or no idle)\n"},
      {"timeouts: { first: 1m }",
       "f:4:17: unknown key \"first\" (here may stand first_byte, between_bytes, total and idle)\n"},
  }));
  CAPTURE(row.options);
  const std::string said =
      said_of("upstreams: { api: { servers: http://a } }\nroutes:\n  - { name: a, match: /a }\n  - " +
              std::string(row.options) + "\n    name: b\n    match: /b\n");
  CHECK(said == row.said);
}

TEST_CASE("options that never apply are errors where a route gives them, not where defaults do") {
  const std::string write = kUpstream + "routes:\n  - name: a\n    match: [ PUT, POST ] /a\n    ";
  CHECK(said_of(write + "cache: { ttl: 5m }\n") ==
        "f:5:14: cache.ttl never applies: only answers to GET and HEAD are kept (leave it out)\n");
  CHECK(said_of(write + "tags: [ a ]\n") ==
        "f:5:5: tags never apply: only answers to GET and HEAD are kept (leave them out, or write invalidate: { tags: "
        "… })\n");
  CHECK(said_of(kUpstream + "routes: [ { name: a, match: GET /a, invalidate: { tags: a } } ]\n") ==
        "f:2:37: invalidate never applies: the route has no method that changes anything (a route with POST, PUT, "
        "PATCH or "
        "DELETE)\n");
  CHECK(said_of(write + "upgrade: [ websocket ]\n") ==
        "f:5:5: upgrade never applies: only a GET asks for one (a route with GET)\n");
  CHECK(
      said_of("upstreams: { api: { servers: \"http://127.0.0.1:1\", protocol: h2 } }\n"
              "routes: [ { name: a, match: /a, upgrade: [ websocket ] } ]\n") ==
      "f:2:33: upgrade never applies: upstream api speaks HTTP/2 alone (protocol: h2) (another upstream, or protocol: "
      "auto)\n");
  CHECK(said_of(kUpstream + "defaults: { upgrade: [ websocket ], timeouts: { idle: 1h } }\nroutes:\n"
                            "  - { name: a, match: POST /a }\n  - { name: b, match: GET /a, upgrade: [] }\n")
            .empty());
  CHECK(said_of(kUpstream + "defaults: { cache: { ttl: 5m }, tags: [ a ], invalidate: { tags: a } }\nroutes:\n"
                            "  - { name: a, match: POST /a }\n  - { name: b, match: GET /a }\n")
            .empty());
}

TEST_CASE("a protocol that defaults name wrongly is said once, where it stands") {
  const std::string routes = "routes: [ { name: a, match: /a }, { name: b, match: /b } ]\n";
  CHECK(said_of(kUpstream + "defaults: { upgrade: yes }\n" + routes) ==
        "f:2:22: \"yes\" is no protocol (upgrade: websocket, or upgrade: [] for none)\n");
}

}  // namespace
}  // namespace weir
