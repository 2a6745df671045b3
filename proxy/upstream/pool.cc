// Pooled connections; see pool.h.
#include "proxy/upstream/pool.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace weir {
namespace {

constexpr std::size_t kIdleKept = 64;  // for each server and worker

}  // namespace

// One acquire() under way, which is also its ticket in the server's queue. Once a slot is granted, hand_over gives it
// to the connection or back.
struct OriginPool::Request : OriginServer::Ticket {
  explicit Request(OriginServer& chosen) : server(chosen) {}

  void time_out_after(Loop& loop, const std::shared_ptr<Request>& self, Duration patience) {
    timeout.emplace(loop, [weak = std::weak_ptr<Request>(self)] {
      if (const auto request = weak.lock()) timed_out(request);
    });
    timeout->set(patience);
  }

  static void timed_out(const std::shared_ptr<Request>& request) {
    if (!request->server.give_up(request)) return;  // granted already: that answer is on its way
    request->over = true;
    auto answer = std::move(request->acquired);
    request->granted.reset();
    answer(Error{Side::origin, Code::unavailable, "waited too long for a connection"}, request->server);
  }

  OriginServer& server;
  Acquired acquired;
  std::optional<Timer> timeout;  // once it is queued
  bool fresh = false, over = false;
};

OriginPool::OriginPool(Loop& loop, BufferPool& buffers, std::shared_ptr<Upstream> upstream)
    : loop_(loop), buffers_(buffers), upstream_(std::move(upstream)) {}

OriginPool::~OriginPool() = default;

Operation OriginPool::acquire(std::uint64_t key_hash, const OriginServer* tried, bool fresh, Acquired acquired) {
  OriginServer* server = upstream_->choose(key_hash, tried);
  if (server == nullptr) server = upstream_->servers().front().get();  // all drained: better one of them than nobody
  auto request = std::make_shared<Request>(*server);
  request->acquired = std::move(acquired);
  request->fresh = fresh;
  request->executor = &loop_;
  switch (server->take_slot(request)) {
    case OriginServer::Slot::taken:
      loop_.defer([self = shared_from_this(), request] { self->hand_over(request); });
      break;
    case OriginServer::Slot::queued:
      request->granted = [self = shared_from_this(), weak = std::weak_ptr<Request>(request)] {
        if (const auto granted = weak.lock()) self->hand_over(granted);
      };
      request->time_out_after(loop_, request, upstream_->options().queue_timeout);
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
    if (request->timeout) request->timeout->clear();
    // Still waiting: out of the queue. Granted or about to be: hand_over sees that it is over and gives the slot back.
    if (request->server.give_up(request)) request->granted.reset();
  });
}

void OriginPool::hand_over(const std::shared_ptr<Request>& request) {
  if (request->timeout) request->timeout->clear();
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
