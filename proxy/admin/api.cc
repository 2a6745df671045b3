// The table of calls, and how one is found: by path first, then by method, so that a wrong method is told the right
// ones.
#include "proxy/admin/api.h"

#include <array>

#include "proxy/admin/calls.h"
#include "proxy/admin/dashboard.h"
#include "proxy/admin/gate.h"
#include "proxy/http/uri.h"

namespace weir {
namespace {

using CallNow = AdminReply (*)(const AdminRequest&, AdminContext&, std::string_view rest);
using CallLater = void (*)(const AdminRequest&, AdminContext&, AdminAnswer);

struct Call {
  Method method;
  std::string_view path;  // '*' stands for one segment
  CallNow now = nullptr;
  CallLater later = nullptr;  // one of the two
};

constexpr std::array kCalls{
    Call{Method::get, "/health", health},
    Call{Method::get, "/ready", ready},
    Call{Method::get, "/health/performance", performance},
    Call{Method::get, "/metrics", metrics},
    Call{Method::get, "/admin/cache/stats", cache_stats},
    Call{Method::get, "/admin/cache/entry", cache_entry},
    Call{Method::post, "/admin/cache/invalidate", nullptr, cache_invalidate},
    Call{Method::post, "/admin/cache/clear", nullptr, cache_clear},
    Call{Method::get, "/admin/nodes", nodes},
    Call{Method::post, "/admin/cache/warm", cache_warm},
    Call{Method::get, "/admin/cache/warm/*", cache_warm_progress},
    Call{Method::get, "/admin/explain", explain_request},
    Call{Method::get, "/admin/config", running_config},
    Call{Method::post, "/admin/reload", reload_config},
    Call{Method::get, "/admin/upstreams", upstreams},
    Call{Method::post, "/admin/upstreams/*/drain", drain_server},
    Call{Method::get, "/admin/performance", dashboard},
};

constexpr std::string_view kDashboard = "/admin/performance";

// Whether the path is the call's; `rest` becomes what stood for the '*'.
bool matches(std::string_view pattern, std::string_view path, std::string& rest) {
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == path;
  const auto tail = pattern.substr(star + 1);
  if (path.size() <= star + tail.size() || !path.starts_with(pattern.substr(0, star)) || !path.ends_with(tail)) {
    return false;
  }
  const auto segment = path.substr(star, path.size() - star - tail.size());
  if (segment.find('/') != std::string_view::npos) return false;
  rest = percent_decode(segment);
  return true;
}

AdminReply wrong_method(const std::string& allowed) {
  AdminReply reply = error_reply(405, "this call takes " + allowed);
  reply.fields.emplace_back("Allow", allowed);
  return reply;
}

}  // namespace

std::optional<AdminReply> AdminApi::refuse(const AdminRequest& request) const {
  auto refused = refusal(request, context_.services.snapshot()->config->admin);
  // A browser can't send the token when it opens a page: what it is refused with is the page, which holds no figures
  // and asks for the token.
  if (refused && refused->status == 401 && request.path == kDashboard && request.reads()) {
    AdminReply page = dashboard_reply(random_nonce());
    page.status = 401;
    page.fields.insert(page.fields.end(), refused->fields.begin(), refused->fields.end());
    return page;
  }
  return refused;
}

void AdminApi::handle(const AdminRequest& request, AdminAnswer answer) {
  if (auto refused = refuse(request)) return answer(*std::move(refused));
  const Method method = request.method == Method::head ? Method::get : request.method;
  std::string allowed;
  for (const Call& call : kCalls) {
    std::string rest;
    if (!matches(call.path, request.path, rest)) continue;
    if (call.method != method) {
      allowed = call.method == Method::get ? "GET, HEAD" : "POST";
    } else if (call.later != nullptr) {
      return call.later(request, context_, std::move(answer));
    } else {
      return answer(call.now(request, context_, rest));
    }
  }
  answer(allowed.empty() ? error_reply(404, "no such call: docs/admin.md lists them") : wrong_method(allowed));
}

void AdminApi::sample() {
  context_.recent.sample(MonotonicClock::now(), traffic_of(context_.services.node.metrics));
}

}  // namespace weir
