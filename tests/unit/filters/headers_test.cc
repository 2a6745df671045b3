// request.headers and response.headers, and the table of filters.
#include "filters/headers.h"

#include "filters/all.h"
#include "proxy/config/route_config.h"
#include "proxy/route/route.h"
#include "tests/support/catch.h"

namespace weir {
namespace {

struct Request {
  Route route;
  RequestHead head;
  RouteValues values;
  Arena arena;
  RequestContext context{route, head, values, "127.0.0.1", "id", arena};
};

std::string text_of(const Fields& fields) {
  std::string out;
  for (const Field& field : fields) out.append(field.name).append("=").append(field.value).append(" ");
  return out;
}

TEST_CASE("a filter is made only where the route asks for it") {
  const RouteConfig nothing;
  for (const FilterType& type : all_filters()) {
    CAPTURE(type.name);
    CHECK(type.make(nothing) == nullptr);
  }
}

TEST_CASE("request fields are removed, then set, then added") {
  RouteConfig route;
  route.request.headers.set["X-Set"].text = "new";
  route.request.headers.set["X-Both"].text = "set";
  route.request.headers.add["X-Both"].text = "added";
  route.request.headers.remove = {"x-gone", "X-Both"};
  const auto filter = make_request_headers(route);
  REQUIRE(filter);
  CHECK_FALSE(filter->edits_client_response());
  Request request;
  Fields fields;
  fields.add("X-Gone", "1");
  fields.add("x-set", "old");
  fields.add("X-Set", "older");
  fields.add("X-Both", "0");
  fields.add("X-Stays", "1");
  filter->on_origin_request(fields, request.context);
  CHECK(fields.find("x-gone") == nullptr);
  CHECK(fields.value("X-Set") == "new");
  CHECK(fields.joined("X-Set") == "new");
  CHECK(fields.joined("X-Both") == "set, added");
  CHECK(fields.value("X-Stays") == "1");
}

TEST_CASE("response fields are edited for clients only") {
  RouteConfig route;
  route.response.headers.set["Server"] = "weir";
  route.response.headers.remove = {"X-Powered-By"};
  const auto filter = make_response_headers(route);
  REQUIRE(filter);
  CHECK(filter->edits_client_response());
  Request request;
  ResponseHead head;
  head.fields.add("X-Powered-By", "x");
  head.fields.add("Server", "y");
  filter->on_origin_response(head, request.context);
  CHECK(text_of(head.fields) == "X-Powered-By=x Server=y ");
  filter->on_client_response(head, request.context);
  CHECK(head.fields.find("X-Powered-By") == nullptr);
  CHECK(head.fields.value("Server") == "weir");
}

}  // namespace
}  // namespace weir
