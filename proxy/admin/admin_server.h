// AdminServer: the admin endpoint's own listener, HTTP/1.1 and JSON, on the control loop. Bounded in connections,
// heads, bodies and time. What a call does stands in api.h; this only moves bytes.
//
// AdminServer ⊃ AdminConnection ⊃ one request at a time; an answer that comes after its connection went is dropped.
#pragma once

#include <memory>
#include <vector>

#include "proxy/admin/api.h"
#include "proxy/admin/services.h"
#include "proxy/net/listener.h"
#include "proxy/net/loop.h"

namespace weir {

class AdminConnection;

class AdminServer {
 public:
  static constexpr std::size_t kMostConnections = 64;

  // Takes the listening descriptor. All calls and callbacks on the loop's thread.
  AdminServer(Loop& loop, int listening_fd, AdminServices services);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

 private:
  void accepted(int fd);
  void closed(AdminConnection* connection);
  void sample();

  Loop& loop_;
  AdminApi api_;
  Timer sampling_;                                             // the figures of the last seconds
  std::vector<std::unique_ptr<AdminConnection>> connections_;  // oldest first
  Listener listener_;
};

}  // namespace weir
