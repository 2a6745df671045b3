// AdminApi: what each call of the admin endpoint does. A table of calls (api.cc), a function a call (the *_calls.cc
// files): request in, answer out, no sockets. The control loop only.
#pragma once

#include <optional>

#include "proxy/admin/admin_request.h"
#include "proxy/admin/recent.h"
#include "proxy/admin/services.h"
#include "proxy/admin/warm.h"

namespace weir {

// What the calls share.
struct AdminContext {
  explicit AdminContext(AdminServices all) : services(std::move(all)), warm(services) {}

  AdminServices services;
  RecentTraffic recent;
  WarmJobs warm;
};

class AdminApi {
 public:
  explicit AdminApi(AdminServices services) : context_(std::move(services)) {}

  // Whether the call may be made at all: from the head, before the body is read.
  std::optional<AdminReply> refuse(const AdminRequest& request) const;

  // Answers now, from inside this call, or later on any thread. Refuses what refuse() refuses.
  void handle(const AdminRequest& request, AdminAnswer answer);

  // To be called every RecentTraffic::kStep.
  void sample();

 private:
  AdminContext context_;
};

}  // namespace weir
