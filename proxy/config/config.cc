// The config that `weir run --origin URL` stands for; see config.h.
#include "proxy/config/config.h"

#include <algorithm>

namespace weir {

bool UpstreamConfig::wants_tls() const {
  return std::any_of(servers.begin(), servers.end(), [](const OriginUrl& server) { return server.tls; });
}

Config quick_config(const OriginUrl& origin, const ListenAddress& listen, const ListenAddress& admin) {
  Config config;
  config.listen = {ListenConfig{listen, {}, {}}};
  config.admin.address = admin;
  config.access_log.kind = AccessLogConfig::Kind::off;
  UpstreamConfig upstream;
  upstream.name = "origin";
  upstream.servers = {origin};
  config.upstreams.push_back(std::move(upstream));
  RouteConfig all = route_for_all();
  all.upstream = "origin";
  config.routes.push_back(std::move(all));
  return config;
}

RouteConfig route_for_all() {
  RouteConfig route;
  route.name = "all";
  route.match.push_back(MatchConfig{{}, "/"});
  return route;
}

}  // namespace weir
