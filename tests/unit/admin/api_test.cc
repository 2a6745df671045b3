// Each call of the admin endpoint: request in, answer out.
#include "proxy/admin/api.h"

#include "tests/support/catch.h"
#include "tests/unit/admin/running.h"

namespace weir {
namespace {

using test::Running;

std::string field_of(const AdminReply& reply, std::string_view name) {
  for (const auto& [key, value] : reply.fields) {
    if (key == name) return value;
  }
  return {};
}

bool says(const AdminReply& reply, std::string_view text) {
  return reply.body.find(text) != std::string::npos;
}

TEST_CASE("health and ready", "[api]") {
  Running weir;
  CHECK(weir.call("GET", "/health").body == "{\"status\":\"ok\"}\n");
  CHECK(weir.call("GET", "/ready").status == 200);
  weir.node.draining = true;
  CHECK(weir.call("GET", "/ready").status == 503);
  CHECK(weir.call("GET", "/health").status == 200);
}

TEST_CASE("an unknown call is a 404, a wrong method a 405 that allows the right one", "[api]") {
  Running weir;
  for (const auto* path : {"/", "/nothing", "/admin", "/health/", "/admin/cache/warm/", "/admin/cache/warm/1/2",
                           "/admin/upstreams//drain"}) {
    CAPTURE(path);
    CHECK(weir.call("GET", path).status == 404);
  }
  const auto reply = weir.call("GET", "/admin/reload");
  CHECK(reply.status == 405);
  CHECK(field_of(reply, "Allow") == "POST");
  CHECK(field_of(weir.call("DELETE", "/metrics"), "Allow") == "GET, HEAD");
  CHECK(weir.call("HEAD", "/metrics").status == 200);
  CHECK(weir.call("OPTIONS", "/health").status == 405);
}

TEST_CASE("performance names the parts and how they are", "[api]") {
  Running weir;
  auto reply = weir.call("GET", "/health/performance");
  CHECK(reply.status == 200);
  for (const auto* part : {R"("status":"ok")", R"("uptime_seconds":)", R"("hit_rate":null)",
                           R"("redis":{"status":"off"})", R"("api":{"status":"ok"})"}) {
    CHECK(says(reply, part));
  }
  weir.call("POST", "/admin/upstreams/api/drain", R"({"server":"http://127.0.0.1:3000","drain":true})");
  reply = weir.call("GET", "/health/performance");
  CHECK(says(reply, R"("status":"degraded")"));
}

TEST_CASE("cache stats: totals and by route, in the words of the house", "[api]") {
  Running weir;
  auto& counters = weir.node.metrics.route("video", 0);
  counters.outcomes[static_cast<std::size_t>(Outcome::hit)].add(3);
  counters.outcomes[static_cast<std::size_t>(Outcome::miss)].add(1);
  weir.store("a.test", "/x")->hits.store(5);
  auto reply = weir.call("GET", "/admin/cache/stats");
  for (const auto* part :
       {R"("hits":3)", R"("misses":1)", R"("objects":1)", R"("hit_rate":0.75)", R"("routes":{"video":{"requests":4)"}) {
    CAPTURE(part);
    CHECK(says(reply, part));
  }
  CHECK_FALSE(says(reply, "hottest"));
  reply = weir.call("GET", "/admin/cache/stats?keys=5");
  CHECK(says(reply, R"("hottest":[{"url":"a.test/x","hits":5,"bytes":0,"ttl":35)"));
  for (const auto* query : {"?keys=101", "?keys=-1", "?keys=x", "?key=1"}) {
    CHECK(weir.call("GET", std::string("/admin/cache/stats") + query).status == 400);
  }
}

TEST_CASE("cache entry: what is kept for a URL, without what users sent", "[api]") {
  Running weir;
  auto object = weir.store("a.test", "/api/videos/1");
  CHECK(weir.call("GET", "/admin/cache/entry?url=/nothing").status == 404);
  CHECK(weir.call("GET", "/admin/cache/entry").status == 400);
  CHECK(weir.call("GET", "/admin/cache/entry?url=/a%20b").status == 400);
  auto reply = weir.call("GET", "/admin/cache/entry?url=http://a.test/api/videos/1");
  CHECK(reply.status == 200);
  for (const auto* part : {R"("found":1)", R"("complete":true)", R"("key":"a.test/api/videos/1")", R"("age":0)",
                           R"("hits":0)", R"("invalidated":"none")"}) {
    CAPTURE(part);
    CHECK(says(reply, part));
  }
  weir.call("POST", "/admin/cache/invalidate", R"({"urls":["/api/videos/1"],"soft":true})");
  CHECK(says(weir.call("GET", "/admin/cache/entry?url=/api/videos/1"), R"("invalidated":"soft")"));

  auto varied = std::make_shared<Object>();
  varied->key = object->key;
  varied->digest = object->digest;
  varied->body = object->body;
  varied->life = object->life;
  varied->vary_names = {"accept-language", "x-api-key"};
  varied->vary_values = {"de", "hunter2"};
  weir.node.store.put(varied, 16);
  reply = weir.call("GET", "/admin/cache/entry?url=/api/videos/1");
  CHECK(says(reply, R"("accept-language":"de")"));
  CHECK_FALSE(says(reply, "hunter2"));
}

TEST_CASE("invalidate answers with the log's position, and with wait who applied it", "[api]") {
  Running weir;
  auto reply = weir.call("POST", "/admin/cache/invalidate", R"({"tags":["a","b"]})");
  CHECK(reply.status == 200);
  CHECK(reply.body == "{\"position\":2}\n");
  reply = weir.call("POST", "/admin/cache/invalidate", R"({"all":true,"wait":"2s"})");
  CHECK(reply.body == "{\"position\":3,\"applied\":[\"self\"],\"missing\":[]}\n");
  CHECK(weir.call("POST", "/admin/cache/invalidate").status == 400);
  CHECK(weir.node.rules.head() == 3);
}

TEST_CASE("a purge by URL covers what the route keys it as", "[api]") {
  Running weir;
  const auto object = weir.store("a.test", "/search?q=cats");
  weir.call("POST", "/admin/cache/invalidate", R"({"urls":["http://A.test/search?q=cats&utm=1"]})");
  CHECK(weir.node.rules.covers(*object) == Coverage::hard);
}

TEST_CASE("clear: all gives the memory back, a pattern covers what matches", "[api]") {
  Running weir;
  const auto video = weir.store("a.test", "/api/videos/1");
  const auto other = weir.store("a.test", "/about");
  CHECK(weir.call("POST", "/admin/cache/clear", R"({"pattern":"/api/videos/*"})").body == "{\"position\":1}\n");
  CHECK(weir.node.rules.covers(*video) == Coverage::hard);
  CHECK(weir.node.rules.covers(*other) == Coverage::none);
  CHECK(weir.node.store.statistics().objects == 2);
  CHECK(weir.call("POST", "/admin/cache/clear").status == 200);
  CHECK(weir.node.rules.covers(*other) == Coverage::hard);
  CHECK(weir.node.store.statistics().objects == 0);
}

TEST_CASE("warm: begins a job whose progress can be asked for", "[api]") {
  Running weir;
  const auto begun = weir.call("POST", "/admin/cache/warm", R"({"urls":["http://A.test/x?b=1","/y"]})");
  CHECK(begun.status == 202);
  CHECK(begun.body == "{\"id\":\"1\",\"urls\":2,\"progress\":\"/admin/cache/warm/1\"}\n");
  REQUIRE(weir.fetches.size() == 2);
  CHECK(weir.fetches[0].url == "a.test/x?b=1");
  CHECK(weir.fetches[1].url == "localhost:8080/y");
  weir.fetches[0].done({200, "miss", {}, ""});
  CHECK(says(weir.call("GET", "/admin/cache/warm/1"), R"("state":"running","urls":2,"done":1)"));
  CHECK(weir.call("GET", "/admin/cache/warm/2").status == 404);
  for (const auto* body : {"", "{}", R"({"urls":[]})", R"({"urls":"/a"})", R"({"urls":["/a b"]})"}) {
    CHECK(weir.call("POST", "/admin/cache/warm", body).status == 400);
  }
}

TEST_CASE("explain and config speak of the running config", "[api]") {
  Running weir("admin: { token: hunter2 }\n");
  AdminRequest request;
  request.authority = "localhost";
  request.authorization = "Bearer hunter2";
  request.path = "/admin/explain";
  request.query = "request=GET%20/api/videos/42&header=Accept:%20text/html";
  CHECK(says(weir.call(request), "video:42"));
  request.query = "request=GET+/api/videos/42";
  CHECK(says(weir.call(request), "video:42"));
  for (const auto* query : {"", "request=nonsense", "request=GET%20/&header=none"}) {
    request.query = query;
    CHECK(weir.call(request).status == 400);
  }
  request.query.clear();
  request.path = "/admin/config";
  const auto config = weir.call(request);
  CHECK(says(config, "/api/videos/{id}"));
  CHECK_FALSE(says(config, "hunter2"));
}

TEST_CASE("reload says what it did, or why not", "[api]") {
  Running weir;
  CHECK(says(weir.call("POST", "/admin/reload"), R"("summary":"3 routes")"));
  weir.reload_result = Error{Side::config, Code::malformed, "weir.yaml:1:1: bad"};
  const auto reply = weir.call("POST", "/admin/reload");
  CHECK(reply.status == 422);
  CHECK(says(reply, "weir.yaml:1:1: bad"));
}

TEST_CASE("upstreams: servers as they are; drain takes one out and puts it back", "[api]") {
  Running weir;
  CHECK(says(weir.call("GET", "/admin/upstreams"),
             R"({"api":{"status":"ok","servers":[{"server":"http://127.0.0.1:3000","status":"ok")"));
  auto reply = weir.call("POST", "/admin/upstreams/api/drain", R"({"server":"http://127.0.0.1:3001"})");
  CHECK(reply.status == 200);
  CHECK(says(reply, R"("status":"drained")"));
  reply = weir.call("POST", "/admin/upstreams/api/drain", R"({"server":"http://127.0.0.1:3001","drain":false})");
  CHECK_FALSE(says(reply, "\"drained\":true"));
  CHECK(weir.call("POST", "/admin/upstreams/api/drain", "{}").status == 400);
  CHECK(weir.call("POST", "/admin/upstreams/api/drain", R"({"server":"http://127.0.0.1:9"})").status == 404);
  const auto unknown = weir.call("POST", "/admin/upstreams/apy/drain", R"({"server":"x"})");
  CHECK(unknown.status == 404);
  CHECK(says(unknown, "did you mean"));
}

TEST_CASE("the dashboard runs its own script only; without the token it is what a browser is refused with", "[api]") {
  Running weir("admin: { token: hunter2 }\n");
  AdminRequest request;
  request.authority = "127.0.0.1:9090";
  request.path = "/admin/performance";
  const auto refused = weir.call(request);
  CHECK(refused.status == 401);
  CHECK(refused.content_type == "text/html; charset=utf-8");
  CHECK(field_of(refused, "WWW-Authenticate") != "");
  request.authorization = "Bearer hunter2";
  const auto page = weir.call(request);
  CHECK(page.status == 200);
  const auto policy = field_of(page, "Content-Security-Policy");
  CHECK(policy.starts_with("default-src 'none'; script-src 'nonce-"));
  const auto nonce = policy.substr(policy.find("nonce-") + 6, 32);
  CHECK(says(page, "<script nonce=\"" + nonce + "\">"));
  CHECK_FALSE(says(page, "{nonce}"));
  CHECK(field_of(weir.call(request), "Content-Security-Policy") != policy);
  for (const auto* outside : {"http://", "https://", "src=", "@import"}) {
    auto text = page.body;
    for (auto at = text.find("http://www.w3.org/2000/svg"); at != std::string::npos;
         at = text.find("http://www.w3.org/2000/svg"))
      text.erase(at, 26);
    CAPTURE(outside);
    CHECK(text.find(outside) == std::string::npos);
  }
}

}  // namespace
}  // namespace weir
