// A worker thread; see worker.h.
#include "proxy/server/worker.h"

#include <unistd.h>
#include <csignal>
#include <utility>

#include "proxy/fetch/recode.h"
#include "proxy/server/h1_session.h"
#include "proxy/server/h2_session.h"

namespace weir {
namespace {

constexpr std::size_t kSessionsKept = 64;
constexpr auto kSweep = std::chrono::milliseconds(100);
constexpr unsigned kHandshakesATurn = 4;  // steps of them: a millisecond or two

// Of one port, before a reload and after it: what clients must show, and what becomes of that.
bool asks_the_same(const ListenerRules& before, const ListenerRules& now) {
  const auto asks = [](const ListenerRules& rules) { return rules.tls ? rules.tls->asks() : std::string_view{}; };
  return asks(before) == asks(now);
}

}  // namespace

Worker::Worker(Node& node, unsigned number)
    : context_(node, number),
      handshakes_(context_.loop, kHandshakesATurn),
      h2_(context_),
      sweep_(context_.loop, [this] { sweep(); }) {}

Worker::~Worker() {
  join();
  listeners_.clear();
  clients_.clear();
  for (auto& free : sessions_) free.clear();
  h2_.streams.clear();
  while (!context_.fetches.empty()) context_.fetches.back()->fail({Side::internal, Code::unavailable, "weir stops"});
  while (!context_.recodings.empty())
    (*context_.recodings.begin())->stop({Side::internal, Code::unavailable, "weir stops"});
}

void Worker::share(std::shared_ptr<const RedisSettings> redis, const RedisTierSettings& tier) {
  context_.redis = std::make_unique<Redis>(context_.loop, context_.node.names, std::move(redis));
  context_.tier = std::make_unique<RedisTier>(context_.loop, context_.node.background, *context_.redis, tier);
}

void Worker::run(const std::vector<int>& listeners, std::shared_ptr<const Snapshot> snapshot) {
  adopt(std::move(snapshot));
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    listeners_.push_back(std::make_unique<Listener>(
        context_.loop, listeners[i], [this, i](int accepted, const Address& peer) { accept(accepted, peer, i); }));
  }
  sweep_.set(kSweep);
  thread_ = std::thread([this] {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    context_.loop.run();
  });
}

void Worker::stop() {
  context_.loop.stop();
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::use(std::shared_ptr<const Snapshot> snapshot, Callback<void()> done) {
  context_.loop.post([this, snapshot = std::move(snapshot), done = std::move(done)]() mutable {
    adopt(std::move(snapshot));
    done();
  });
}

// Pools of upstreams that the new config keeps live on, with their connections.
void Worker::adopt(std::shared_ptr<const Snapshot> snapshot) {
  auto next = std::make_shared<WorkerSnapshot>();
  const auto previous = context_.snapshot;
  for (const auto& upstream : snapshot->upstreams) {
    std::shared_ptr<OriginPool> pool;
    for (const auto& old : previous ? previous->pools : std::vector<std::shared_ptr<OriginPool>>{}) {
      if (old->shared_upstream() == upstream) pool = old;
    }
    if (!pool) pool = std::make_shared<OriginPool>(context_.loop, context_.buffers, upstream);
    next->pools.push_back(std::move(pool));
  }
  for (const auto& route : snapshot->routes->routes()) {
    next->counters.push_back(&context_.node.metrics.route(route.name, context_.number));
    const bool has_dictionary = route.coding && route.coding->dictionary;
    next->dictionaries.push_back(has_dictionary ? context_.node.dictionaries.of(route.name, *route.coding->dictionary)
                                                : nullptr);
  }
  next->unrouted = &context_.node.metrics.route("(none)", context_.number);
  const ClientConfig& client = snapshot->config->client;
  limits_.head = client.limits.head;
  limits_.line = client.limits.line;
  limits_.fields = client.limits.fields;
  patience_ = {client.timeouts.head, client.timeouts.idle, client.timeouts.slow, client.min_rate};
  most_connections_ = client.limits.connections;
  next->shared = std::move(snapshot);
  context_.snapshot = std::move(next);
  if (previous) drain_strangers(*previous->shared);
}

// Who came in by rules that hold no longer goes on when he comes in anew. Everybody else's connection lives on.
void Worker::drain_strangers(const Snapshot& before) {
  const auto& now = context_.snapshot->shared->listeners;
  for (std::size_t i = clients_.size(); i-- > 0;) {
    const std::size_t listener = clients_[i]->listener();
    if (!asks_the_same(before.listeners[listener], now[listener])) clients_[i]->drain();
  }
}

void Worker::accept(int fd, const Address& peer, std::size_t listener) {
  Metrics& metrics = context_.node.metrics;
  if (metrics.connections_open.load(std::memory_order_relaxed) >= most_connections_) {
    metrics.connections_refused.fetch_add(1, std::memory_order_relaxed);
    ::close(fd);
    return;
  }
  const ListenerRules& rules = context_.snapshot->shared->listeners[listener];
  if (!rules.proxy_protocol.empty() && !any_contains(rules.proxy_protocol, peer.ip())) {
    refuse_proxy(metrics, peer.host(), ProxyRefusal::peer);
    ::close(fd);
    return;
  }
  metrics.connections_open.fetch_add(1, std::memory_order_relaxed);
  metrics.connections_accepted.fetch_add(1, std::memory_order_relaxed);
  auto client = std::make_unique<ClientConnection>(*this, fd, peer, rules, listener);
  client->place = clients_.size();
  clients_.push_back(std::move(client));
}

void Worker::forget(ClientConnection& connection) {
  const std::size_t place = connection.place;
  auto gone = std::move(clients_[place]);
  if (place + 1 != clients_.size()) {
    clients_[place] = std::move(clients_.back());
    clients_[place]->place = place;
  }
  clients_.pop_back();
  context_.node.metrics.connections_open.fetch_sub(1, std::memory_order_relaxed);
  context_.loop.dispose(std::move(gone));
  check_drained();
}

std::unique_ptr<ClientSession> Worker::borrow_session(ClientProtocol protocol) {
  auto& free = sessions_[static_cast<std::size_t>(protocol)];
  if (free.empty()) {
    switch (protocol) {
      case ClientProtocol::http1: return std::make_unique<H1Session>(context_, limits_);
      case ClientProtocol::http2: return std::make_unique<H2Session>(context_, limits_, h2_);
    }
  }
  auto session = std::move(free.back());
  free.pop_back();
  return session;
}

// The session may be in the middle of a call, which sees that it has no connection any more.
void Worker::give_session_back(std::unique_ptr<ClientSession> session) {
  session->detach();
  auto& free = sessions_[static_cast<std::size_t>(session->protocol())];
  if (free.size() < kSessionsKept) {
    free.push_back(std::move(session));
  } else {
    context_.loop.dispose(std::move(session));
  }
}

void Worker::sweep() {
  const auto now = std::chrono::steady_clock::now();
  for (std::size_t i = clients_.size(); i-- > 0;) clients_[i]->check_time(now, patience_);
  sweep_.set(kSweep);
}

void Worker::drain(Callback<void()> done) {
  context_.loop.post([this, done = std::move(done)]() mutable {
    drained_ = std::move(done);
    draining_ = true;
    for (auto& listener : listeners_) listener->close();
    for (std::size_t i = clients_.size(); i-- > 0;) clients_[i]->drain();
    check_drained();
  });
}

void Worker::check_drained() {
  if (!draining_ || !clients_.empty() || !drained_) return;
  auto done = std::move(drained_);
  done();
}

}  // namespace weir
