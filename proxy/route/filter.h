// Filter: what a route does to requests and responses besides forwarding and caching them. Built once a route from its
// own part of the config file, const, shared by all workers. One file and one row in filters/all.cc add one. A filter
// sees a RequestContext, never the exchange.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "proxy/base/arena.h"
#include "proxy/base/clock.h"
#include "proxy/http/message.h"

namespace weir {

struct Route;
struct RouteConfig;
struct RouteValues;

// What a filter may know of the request. Views hold as long as the request does.
struct RequestContext {
  const Route& route;
  const RequestHead& request;       // as the client sent it, normalised
  const RouteValues& values;        // what the pattern's {names} matched
  std::string_view client_address;  // without port
  std::string_view request_id;
  Arena& arena;      // for what a filter makes; lives as long as the request
  WallTime now = 0;  // when the filter runs
};

struct Pass {};
struct Answer {  // weir answers itself; nothing goes to the origin
  int status = 0;
  std::string detail;  // a sentence for the body
};
using FilterVerdict = std::variant<Pass, Answer>;

class Filter {
 public:
  virtual ~Filter() = default;

  // Each request, before look-up. A filter that overrides this says so: the others cost a hit nothing.
  virtual bool looks_at_requests() const { return false; }
  virtual FilterVerdict on_request(RequestContext&) const { return Pass{}; }
  // What is about to be sent to the origin; the framing is not a filter's to change.
  virtual void on_origin_request(Fields&, RequestContext&) const {}
  // What came from the origin, once, before it is judged and stored.
  virtual void on_origin_response(ResponseHead&, RequestContext&) const {}
  // Each response to a client, stored or not, with its Age. A filter that overrides this says so, since such a response
  // is put together field by field instead of from ready bytes.
  virtual bool edits_client_response() const { return false; }
  virtual void on_client_response(ResponseHead&, RequestContext&) const {}
};

using FilterPtr = std::unique_ptr<const Filter>;

// A row of filters/all.cc: makes the filter for a route, or null where the route's options don't ask for it.
struct FilterType {
  std::string_view name;
  FilterPtr (*make)(const RouteConfig&) = nullptr;
};

}  // namespace weir
