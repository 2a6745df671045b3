// Who may call the admin endpoint: Host, Origin, token and content type, as tables.
#include "proxy/admin/gate.h"

#include "tests/support/catch.h"

namespace weir {
namespace {

AdminRequest call(Method method = Method::get, std::string path = "/admin/cache/stats") {
  AdminRequest request;
  request.method = method;
  request.path = std::move(path);
  request.authority = "127.0.0.1:9090";
  return request;
}

int status(const AdminRequest& request, const AdminConfig& config = {}) {
  const auto refused = refusal(request, config);
  return refused ? refused->status : 200;
}

TEST_CASE("Host must be an address or localhost: no name that another site's DNS can turn", "[gate]") {
  const AdminConfig config;
  for (const auto* host :
       {"127.0.0.1", "127.0.0.1:9090", "localhost", "localhost:80", "LOCALHOST", "[::1]:9090", "10.1.2.3"}) {
    CAPTURE(host);
    CHECK(is_allowed_host(host, config));
  }
  for (const auto* host :
       {"", "evil.test", "evil.test:9090", "127.0.0.1.evil.test", "localhost.evil.test", "[::1", "1.2.3", "127.1"}) {
    CAPTURE(host);
    CHECK_FALSE(is_allowed_host(host, config));
  }
}

TEST_CASE("Origin must be the endpoint itself", "[gate]") {
  auto request = call();
  for (const auto* origin : {"", "http://127.0.0.1:9090"}) {
    request.origin = origin;
    CHECK(status(request) == 200);
  }
  for (const auto* origin : {"null", "http://evil.test", "http://127.0.0.1", "http://127.0.0.1:8080",
                             "ftp://127.0.0.1:9090", "http://127.0.0.1:9090, http://evil.test"}) {
    CAPTURE(origin);
    request.origin = origin;
    CHECK(status(request) == 403);
  }
}

TEST_CASE("with a token everything but health and ready needs it", "[gate]") {
  AdminConfig config;
  config.token.text = "secret";
  for (const auto* path : {"/health", "/ready"}) CHECK(status(call(Method::get, path), config) == 200);
  for (const auto* path : {"/metrics", "/health/performance", "/admin/config", "/nothing", "/healthy"}) {
    CHECK(status(call(Method::get, path), config) == 401);
  }
  auto request = call();
  for (const auto* good : {"Bearer secret", "bearer secret", "Bearer  secret"}) {
    request.authorization = good;
    CHECK(status(request, config) == 200);
  }
  for (const auto* bad : {"", "secret", "Bearer", "Bearer ", "Bearer secre", "Bearer secrets", "Basic secret",
                          "Bearer secret, Bearer x"}) {
    CAPTURE(bad);
    request.authorization = bad;
    CHECK(status(request, config) == 401);
  }
}

TEST_CASE("what is refused names no secret, and says how to ask", "[gate]") {
  AdminConfig config;
  config.token.text = "secret";
  const auto refused = refusal(call(), config);
  REQUIRE(refused);
  CHECK(refused->body.find("secret") == std::string::npos);
  CHECK(refused->fields.front().first == "WWW-Authenticate");
}

TEST_CASE("a body is JSON and says so: a form of another site can't be one", "[gate]") {
  auto request = call(Method::post, "/admin/cache/clear");
  CHECK(status(request) == 200);
  request.has_body = true;
  for (const auto* type : {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"}) {
    CAPTURE(type);
    request.content_type = type;
    CHECK(status(request) == 415);
  }
  for (const auto* type : {"application/json", "Application/JSON", "application/json; charset=utf-8"}) {
    request.content_type = type;
    CHECK(status(request) == 200);
  }
  request.has_body = false;
  request.content_type = "text/plain";
  CHECK(status(request) == 415);
}

}  // namespace
}  // namespace weir
