// The calls of the admin endpoint: a function each, named in the table of api.cc. `rest` is what stood for the * of the
// call's path, decoded.
#pragma once

#include <string_view>

#include "proxy/admin/api.h"

namespace weir {

// status_calls.cc
AdminReply health(const AdminRequest&, AdminContext&, std::string_view rest);
AdminReply ready(const AdminRequest&, AdminContext&, std::string_view rest);
AdminReply performance(const AdminRequest&, AdminContext&, std::string_view rest);
AdminReply metrics(const AdminRequest&, AdminContext&, std::string_view rest);
AdminReply dashboard(const AdminRequest&, AdminContext&, std::string_view rest);

// cache_calls.cc
AdminReply cache_stats(const AdminRequest&, AdminContext&, std::string_view rest);
AdminReply cache_entry(const AdminRequest&, AdminContext&, std::string_view rest);

// invalidation_calls.cc: the answer waits for the log.
void cache_invalidate(const AdminRequest&, AdminContext&, AdminAnswer);
void cache_clear(const AdminRequest&, AdminContext&, AdminAnswer);

// sharing.cc
AdminReply nodes(const AdminRequest&, AdminContext&, std::string_view rest);

// warm_calls.cc
AdminReply cache_warm(const AdminRequest&, AdminContext&, std::string_view rest);
AdminReply cache_warm_progress(const AdminRequest&, AdminContext&, std::string_view rest);

// config_calls.cc
AdminReply explain_request(const AdminRequest&, AdminContext&, std::string_view rest);
AdminReply running_config(const AdminRequest&, AdminContext&, std::string_view rest);
AdminReply reload_config(const AdminRequest&, AdminContext&, std::string_view rest);

// upstream_calls.cc
AdminReply upstreams(const AdminRequest&, AdminContext&, std::string_view rest);
AdminReply drain_server(const AdminRequest&, AdminContext&, std::string_view rest);

// "status" of one upstream, for /health/performance too: ok, degraded (some servers are not), down (none is).
std::string_view upstream_status(const Upstream& upstream);

}  // namespace weir
