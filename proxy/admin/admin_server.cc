// Accepts admin clients, as many as the bound allows; see admin_server.h. Past it the oldest that is idle makes room,
// and where none is new ones wait in the kernel.
#include "proxy/admin/admin_server.h"

#include <algorithm>

#include "proxy/admin/admin_connection.h"
#include "proxy/admin/recent.h"

namespace weir {

AdminServer::AdminServer(Loop& loop, int listening_fd, AdminServices services)
    : loop_(loop),
      api_(std::move(services)),
      sampling_(loop, [this] { sample(); }),
      listener_(loop, listening_fd, [this](int fd, const Address&) { accepted(fd); }) {
  sample();
}

AdminServer::~AdminServer() = default;

void AdminServer::accepted(int fd) {
  connections_.push_back(std::make_unique<AdminConnection>(loop_, fd, api_, [this](AdminConnection* c) { closed(c); }));
  if (connections_.size() < kMostConnections) return;
  const auto idle =
      std::find_if(connections_.begin(), connections_.end() - 1, [](const auto& c) { return c->is_idle(); });
  if (idle == connections_.end() - 1) return listener_.pause(true);
  (*idle)->close();
}

void AdminServer::closed(AdminConnection* connection) {
  const auto at =
      std::find_if(connections_.begin(), connections_.end(), [&](const auto& c) { return c.get() == connection; });
  if (at == connections_.end()) return;
  loop_.dispose(std::move(*at));
  connections_.erase(at);
  listener_.pause(false);
}

void AdminServer::sample() {
  api_.sample();
  sampling_.set(RecentTraffic::kStep);
}

}  // namespace weir
