// Writes Cache-Control for clients; see client_ttl.h. Only on answers to GET and HEAD whose status may be kept, and
// never over a no-store or no-cache of the origin. `private` where the answer is one user's. Age and Expires go, and
// Date is now: the lifetime counts from this moment, for the client knows nothing of how long weir has had the copy.
#include "filters/client_ttl.h"

#include <chrono>
#include <string>

#include "proxy/config/route_config.h"
#include "proxy/http/cache_control.h"
#include "proxy/http/date.h"

namespace weir {
namespace {

bool may_be_kept(int status) {
  switch (status) {
    case 200:
    case 203:
    case 204:
    case 206:
    case 300:
    case 301:
    case 304:  // what the 200 would say (RFC 9110 §15.4.5)
    case 308:
    case 404:
    case 410: return true;
    default: return false;
  }
}

class ClientTtl final : public Filter {
 public:
  ClientTtl(Duration ttl, bool by_user) : by_user_(by_user) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(ttl).count();
    public_ = "public, max-age=" + std::to_string(seconds);
    private_ = "private, max-age=" + std::to_string(seconds);
  }

  bool edits_client_response() const override { return true; }

  void on_client_response(ResponseHead& head, RequestContext& context) const override {
    const Method method = context.request.method;
    if ((method != Method::get && method != Method::head) || !may_be_kept(head.status)) return;
    const auto says = parse_response_cache_control(head.fields);
    if (says.no_store || says.no_cache) return;
    const bool one_users = by_user_ || says.private_ || head.fields.has(Name::set_cookie) ||
                           (context.request.fields.has(Name::authorization) && !says.public_);
    head.fields.set(Name::cache_control, one_users ? private_ : public_);
    head.fields.remove(Name::expires);
    head.fields.remove(Name::pragma);
    head.fields.remove(Name::age);
    const DateText now = format_date(context.now);
    head.fields.set(Name::date, context.arena.copy({now.data(), now.size()}));
  }

 private:
  std::string public_;
  std::string private_;
  bool by_user_;
};

}  // namespace

FilterPtr make_client_ttl(const RouteConfig& route) {
  if (!route.response.client_ttl) return nullptr;
  return std::make_unique<ClientTtl>(*route.response.client_ttl, route.key.user.has_value());
}

}  // namespace weir
