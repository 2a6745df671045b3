// response.client_ttl: which answers get which lifetime.
#include "filters/client_ttl.h"

#include "proxy/config/route_config.h"
#include "proxy/route/route.h"
#include "tests/support/catch.h"

namespace weir {
namespace {

TEST_CASE("the lifetime that clients see") {
  struct Row {
    Method method;
    int status;
    const char* cache_control;  // of the origin; empty: none
    const char* other;          // a field of the response
    bool authorization;
    bool by_user;
    const char* seen;
  };
  const Row row = GENERATE(values<Row>({
      {Method::get, 200, "", "", false, false, "public, max-age=60"},
      {Method::head, 200, "", "", false, false, "public, max-age=60"},
      {Method::get, 304, "max-age=5", "", false, false, "public, max-age=60"},
      {Method::get, 404, "", "", false, false, "public, max-age=60"},
      {Method::get, 200, "max-age=3600, s-maxage=5", "", false, false, "public, max-age=60"},
      {Method::get, 200, "private", "", false, false, "private, max-age=60"},
      {Method::get, 200, "", "Set-Cookie", false, false, "private, max-age=60"},
      {Method::get, 200, "", "", true, false, "private, max-age=60"},
      {Method::get, 200, "public", "", true, false, "public, max-age=60"},
      {Method::get, 200, "public", "", false, true, "private, max-age=60"},
      {Method::get, 200, "no-store", "", false, false, "no-store"},
      {Method::get, 200, "no-cache", "", false, false, "no-cache"},
      {Method::get, 500, "", "", false, false, ""},
      {Method::get, 302, "", "", false, false, ""},
      {Method::post, 200, "", "", false, false, ""},
  }));
  CAPTURE(row.status, row.cache_control, row.other, row.authorization, row.by_user);
  RouteConfig config;
  config.response.client_ttl = std::chrono::minutes(1);
  if (row.by_user) config.key.user = UserKeyConfig{"Authorization", ""};
  const auto filter = make_client_ttl(config);
  REQUIRE(filter);
  CHECK(filter->edits_client_response());

  const Route route;
  RequestHead request;
  request.method = row.method;
  if (row.authorization) request.fields.add(Name::authorization, "Bearer x");
  const RouteValues values;
  Arena arena;
  RequestContext context{route, request, values, "127.0.0.1", "id", arena, 1'800'000'000};
  ResponseHead head;
  head.status = row.status;
  if (*row.cache_control != '\0') head.fields.add(Name::cache_control, row.cache_control);
  if (*row.other != '\0') head.fields.add(row.other, "x=1");
  head.fields.add(Name::expires, "0");
  head.fields.add(Name::age, "300");
  head.fields.add(Name::date, "Fri, 15 Jan 2027 07:55:00 GMT");
  filter->on_client_response(head, context);
  CHECK(head.fields.joined(Name::cache_control) == row.seen);
  const bool written = std::string_view(row.seen).find("max-age=60") != std::string_view::npos;
  CHECK(head.fields.has(Name::expires) != written);
  CHECK(head.fields.has(Name::age) != written);
  CHECK(head.fields.joined(Name::date) ==
        (written ? "Fri, 15 Jan 2027 08:00:00 GMT" : "Fri, 15 Jan 2027 07:55:00 GMT"));
}

}  // namespace
}  // namespace weir
