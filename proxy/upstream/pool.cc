// Pooled connections; see pool.h.
#include "proxy/upstream/pool.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

constexpr std::size_t kIdleKept = 64;  // for each server and worker

}  // namespace

// One acquire() under way. Once a slot is granted, hand_over gives it to the connection or back.
struct OriginPool::Request {
  Request(Loop& loop, OriginServer& chosen) : server(chosen), timeout(loop, [this] { timed_out(); }) {}

  void timed_out() {
    if (!server.give_up(ticket)) return;  // granted already: that answer is on its way
    over = true;
    auto answer = std::move(acquired);
    auto last = std::move(ticket->granted);  // may hold the last reference to this
    answer(Error{Side::origin, Code::unavailable, "waited too long for a connection"}, server);
  }

  OriginServer& server;
  Acquired acquired;
  std::shared_ptr<OriginServer::Ticket> ticket = std::make_shared<OriginServer::Ticket>();
  Timer timeout;
  bool fresh = false, over = false;
};

OriginPool::OriginPool(Loop& loop, BufferPool& buffers, std::shared_ptr<Upstream> upstream)
    : loop_(loop), buffers_(buffers), upstream_(std::move(upstream)) {}

OriginPool::~OriginPool() = default;

Operation OriginPool::acquire(std::uint64_t key_hash, const OriginServer* tried, bool fresh, Acquired acquired) {
  OriginServer* server = upstream_->choose(key_hash, tried);
  if (server == nullptr) server = upstream_->servers().front().get();  // all drained: better one of them than nobody
  auto request = std::make_shared<Request>(loop_, *server);
  request->acquired = std::move(acquired);
  request->fresh = fresh;
  request->ticket->executor = &loop_;
  switch (server->take_slot(request->ticket)) {
    case OriginServer::Slot::taken:
      loop_.defer([self = shared_from_this(), request] { self->hand_over(request); });
      break;
    case OriginServer::Slot::queued:
      request->ticket->granted = [self = shared_from_this(), request] { self->hand_over(request); };
      request->timeout.set(upstream_->options().queue_timeout);
      break;
    case OriginServer::Slot::full:
      loop_.defer([request] {
        if (!std::exchange(request->over, true)) {
          request->acquired(Error{Side::origin, Code::unavailable, "too many requests wait for a connection"},
                            request->server);
        }
      });
      break;
  }
  return Operation([request] {
    if (std::exchange(request->over, true)) return;
    request->timeout.clear();
    // Still waiting: out of the queue. Granted or about to be: hand_over sees that it is over and gives the slot back.
    if (request->server.give_up(request->ticket)) request->ticket->granted.reset();
  });
}

void OriginPool::hand_over(const std::shared_ptr<Request>& request) {
  request->timeout.clear();
  if (std::exchange(request->over, true)) return request->server.give_slot_back();
  auto connection = connect(request->server, request->fresh);
  if (!connection) {
    request->server.failed(loop_.now().mono);
    request->server.give_slot_back();
  } else {
    request->server.requests.fetch_add(1, std::memory_order_relaxed);
  }
  auto answer = std::move(request->acquired);
  answer(std::move(connection), request->server);
}

Result<std::unique_ptr<OriginConnection>> OriginPool::connect(OriginServer& server, bool fresh) {
  auto& idle = idle_[&server];
  while (!fresh && !idle.empty()) {
    auto connection = std::move(idle.back());
    idle.pop_back();
    if (connection->quiet()) return connection;
    loop_.dispose(std::move(connection));  // it said something, or ended, since it was put by
  }
  auto address = server.address(turn_++);
  if (!address) return std::move(address).error();
  auto fd = begin_connect(*address);
  if (!fd) return std::move(fd).error();
  const auto& options = upstream_->options();
  return std::make_unique<OriginConnection>(
      loop_, buffers_, upstream_, server, *fd,
      OriginConnection::Options{options.connect_timeout, options.first_byte_timeout, options.between_bytes_timeout},
      [this](OriginConnection* connection) { forget_idle(connection); });
}

void OriginPool::give_back(std::unique_ptr<OriginConnection> connection) {
  OriginServer& server = connection->server();
  auto& idle = idle_[&server];
  if (connection->release() && idle.size() < kIdleKept && !server.drained()) {
    idle.push_back(std::move(connection));
  } else {
    loop_.dispose(std::move(connection));
  }
  server.give_slot_back();
}

void OriginPool::forget_idle(OriginConnection* connection) {
  auto& idle = idle_[&connection->server()];
  const auto at = std::find_if(idle.begin(), idle.end(), [&](const auto& one) { return one.get() == connection; });
  if (at == idle.end()) return;
  loop_.dispose(std::move(*at));
  idle.erase(at);
}

std::size_t OriginPool::idle() const {
  std::size_t total = 0;
  for (const auto& [server, connections] : idle_) total += connections.size();
  return total;
}

}  // namespace weir
