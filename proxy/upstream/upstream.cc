// The API behind; see upstream.h.
#include "proxy/upstream/upstream.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

constexpr Duration kAvoidedFor = std::chrono::seconds(10);  // an address that let nobody connect

Result<std::vector<Address>> addresses_of(const UpstreamOptions::Server& server) {
  if (server.path.empty()) return resolve_blocking(server.host, server.port);
  auto address = unix_address(server.path);
  if (!address) return std::move(address).error();
  return std::vector<Address>{*address};
}

}  // namespace

OriginServer::OriginServer(const UpstreamOptions::Server& options, const UpstreamOptions& upstream)
    : options_(options), tls_(upstream.tls), max_(upstream.max_connections), queue_limit_(upstream.queue) {}

Result<Address> OriginServer::address() const {
  const std::lock_guard lock(mutex_);
  if (addresses_.empty()) return Error{Side::origin, Code::refused, options_.host + ": " + unresolved_};
  return addresses_.front().address;
}

Result<std::vector<Address>> OriginServer::addresses(std::size_t turn, Time now) const {
  const std::lock_guard lock(mutex_);
  if (addresses_.empty()) return Error{Side::origin, Code::refused, options_.host + ": " + unresolved_};
  std::vector<Address> good, bad;
  for (std::size_t i = 0; i < addresses_.size(); ++i) {
    const Known& known = addresses_[(turn + i) % addresses_.size()];
    const bool avoided = known.refused && now - *known.refused < kAvoidedFor;
    (avoided ? bad : good).push_back(known.address);
  }
  good.insert(good.end(), bad.begin(), bad.end());
  return good;
}

void OriginServer::set_addresses(std::vector<Address> addresses) {
  const std::lock_guard lock(mutex_);
  const auto before = std::exchange(addresses_, {});
  for (auto& address : addresses) {
    const auto same = [&](const Known& known) { return known.address == address; };
    const auto found = std::find_if(before.begin(), before.end(), same);
    addresses_.push_back({std::move(address), found == before.end() ? std::nullopt : found->refused});
  }
}

void OriginServer::refused(const Address& address, Time now) {
  const std::lock_guard lock(mutex_);
  for (Known& known : addresses_) {
    if (known.address == address) known.refused = now;
  }
}

void OriginServer::set_unresolved(std::string why) {
  const std::lock_guard lock(mutex_);
  unresolved_ = std::move(why);
}

// The count is changed under the lock only where somebody waits or the limit is near; else it is one atomic step.
OriginServer::Slot OriginServer::take_slot(const std::shared_ptr<Ticket>& ticket) {
  unsigned now = busy_.load(std::memory_order_relaxed);
  while (now < max_) {
    if (busy_.compare_exchange_weak(now, now + 1)) return Slot::taken;
  }
  const std::lock_guard lock(mutex_);
  now = busy_.load();
  while (now < max_) {  // one was given back in between
    if (busy_.compare_exchange_weak(now, now + 1)) return Slot::taken;
  }
  if (waiting_.size() >= queue_limit_) return Slot::full;
  waiting_.push_back(ticket);
  return Slot::queued;
}

bool OriginServer::give_up(const std::shared_ptr<Ticket>& ticket) {
  const std::lock_guard lock(mutex_);
  return std::erase(waiting_, ticket) > 0;
}

void OriginServer::give_slot_back() {
  std::shared_ptr<Ticket> next;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      busy_.fetch_sub(1);
      return;
    }
    next = std::move(waiting_.front());
    waiting_.pop_front();
  }
  Executor& executor = *next->executor;
  executor.execute([next = std::move(next)] {
    if (auto granted = std::move(next->granted)) granted();
  });
}

OriginServer::State OriginServer::state() const {
  if (drained()) return State::drained;
  if (!address()) return State::unresolved;
  const auto last_answer = answered_at_.load(std::memory_order_relaxed);
  return failed_at_.load(std::memory_order_relaxed) > last_answer ? State::failing : State::ok;
}

std::size_t OriginServer::queued() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

Upstream::Upstream(UpstreamOptions options) : options_(std::move(options)) {
  for (const auto& server : options_.servers) {
    servers_.push_back(std::make_unique<OriginServer>(server, options_));
  }
}

OriginServer* Upstream::choose(std::uint64_t key_hash, const OriginServer* tried) {
  const std::size_t count = servers_.size();
  const std::size_t start = options_.balance == UpstreamOptions::Balance::hash
                                ? static_cast<std::size_t>(key_hash % count)
                                : turn_.fetch_add(1, std::memory_order_relaxed) % count;
  OriginServer* best = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    OriginServer* server = servers_[(start + i) % count].get();
    if (server->drained() || (server == tried && count > 1)) continue;
    if (best == nullptr) best = server;
    if (options_.balance != UpstreamOptions::Balance::least_conn) break;
    if (server->busy() < best->busy()) best = server;
  }
  return best;
}

void Upstream::resolve() {
  for (const auto& server : servers_) {
    auto addresses = addresses_of(server->options());
    if (addresses) {
      server->set_addresses(std::move(*addresses));
    } else {
      server->set_unresolved(addresses.error().detail);
    }
  }
}

}  // namespace weir
