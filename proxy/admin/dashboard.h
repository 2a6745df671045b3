// The live dashboard: one page that is part of the program (dashboard.html). It holds no figures itself; it asks
// /health/performance, /admin/cache/stats and /admin/upstreams for them, with the token where one is set.
#pragma once

#include <string_view>

#include "proxy/admin/admin_request.h"

namespace weir {

extern const std::string_view kDashboardPage;  // made from dashboard.html by CMake

// 128 bits in hex, new for each answer; empty where the kernel gives none, and then no script runs.
std::string random_nonce();

// The page, with a policy that lets run only its own style and script, and talk only to this endpoint.
AdminReply dashboard_reply(std::string_view nonce);

}  // namespace weir
