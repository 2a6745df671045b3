// Pooled connections; see pool.h.
#include "proxy/upstream/pool.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace weir {
namespace {

constexpr std::size_t kIdleKept = 64;  // for each server and worker

// A connection to it is known to carry one request at a time.
bool carries_one(const UpstreamOptions& options, const OriginServer& server) {
  if (options.protocol != UpstreamOptions::Protocol::automatic)
    return options.protocol == UpstreamOptions::Protocol::h1;
  if (!server.options().tls || server.wants_http1()) return true;
  return server.spoken.load(std::memory_order_relaxed) == OriginServer::Spoken::http1;
}

}  // namespace

// One acquire() under way, which is also its ticket in the server's queue. Once a slot is granted, it is the
// connection's that is handed over, or given back.
struct OriginPool::Request : OriginServer::Ticket {
  Request(OriginServer& chosen, const Wanted& its_wishes) : server(chosen), wanted(its_wishes) {}

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
  const Wanted wanted;
  Acquired acquired;
  std::optional<Timer> timeout;  // once it is queued
  bool dials = false;            // it has a slot, and waits for a connection
  bool over = false;
};

OriginPool::OriginPool(Loop& loop, BufferPool& buffers, std::shared_ptr<Upstream> upstream, Duration spare_kept)
    : loop_(loop), buffers_(buffers), upstream_(std::move(upstream)), spare_kept_(spare_kept), spare_(loop, [this] {
        retire_spare();
      }) {}

OriginPool::~OriginPool() = default;

Operation OriginPool::acquire(const Wanted& wanted, Acquired acquired) {
  const bool again = wanted.same != nullptr && !wanted.same->drained();
  OriginServer* server = again ? wanted.same : upstream_->choose(wanted.key_hash, wanted.tried);
  if (server == nullptr) server = upstream_->servers().front().get();  // all drained: better one of them than nobody
  auto request = std::make_shared<Request>(*server, wanted);
  request->acquired = std::move(acquired);
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
    if (request->dials) return request->server.give_slot_back();  // the connection goes on without it
    // Still waiting: out of the queue. Granted or about to be: hand_over sees that it is over and gives the slot back.
    if (request->server.give_up(request)) request->granted.reset();
  });
}

void OriginPool::hand_over(const RequestPtr& request) {
  if (request->timeout) request->timeout->clear();
  if (request->over) return request->server.give_slot_back();
  if (request->wanted.alone && upstream_->options().protocol == UpstreamOptions::Protocol::h2) {
    return answer(request,
                  Error{Side::origin, Code::unsupported, "an upstream that speaks HTTP/2 alone upgrades nothing"});
  }
  auto connection = standing(*request);
  if (!connection) return wait_for_dial(request);
  answer(request, std::move(connection));
}

// The oldest one with room: so those that aren't needed idle, and go. What ends one connection (a server that restarts)
// often ends its others, be it that nothing of it has come yet: after that, being heard of tells that one stands.
std::unique_ptr<OriginConnection> OriginPool::standing(const Request& request) {
  Place& place = places_[&request.server];
  for (std::size_t i = place.shared.size(); request.server.wants_http1() && i-- > 0;) {
    if (place.shared[i]->settled()) let_go(place, i);  // before that others wait for it
  }
  for (const auto& shared : place.shared) {
    place.hoped = std::max(shared->most(), 1U);
    const bool doubtful = request.wanted.fresh && shared->heard() <= place.lost;
    if (!request.wanted.alone && !doubtful && shared->room() > 0) return shared->open();
  }
  while (!request.wanted.fresh && !place.idle.empty()) {
    auto connection = std::move(place.idle.back());
    place.idle.pop_back();
    if (connection->quiet()) return connection;
    loop_.dispose(std::move(connection));  // it said something, or ended, since it was put by
  }
  return nullptr;
}

// As long as it isn't known that a connection carries one request only, many wait for one.
void OriginPool::wait_for_dial(const RequestPtr& request) {
  request->dials = true;
  OriginServer& server = request->server;
  Place& place = places_[&server];
  const bool alone = request->wanted.alone || carries_one(upstream_->options(), server);
  for (const auto& dialling : place.dialling) {
    if (!alone && !dialling->alone && dialling->waiting.size() < place.hoped)
      return dialling->waiting.push_back(request);
  }
  auto& dialling = *place.dialling.emplace_back(std::make_unique<Dialling>());
  dialling.alone = alone;
  dialling.waiting.push_back(request);
  const bool http1 = request->wanted.alone || server.wants_http1();
  dialling.dial = std::make_unique<OriginDial>(loop_, upstream_, server, turn_++, place.known, http1,
                                               [this, &server, &dialling](Result<OriginDial::Standing> standing) {
                                                 dialled(server, dialling, std::move(standing));
                                               });
}

void OriginPool::dialled(OriginServer& server, Dialling& dialling, Result<OriginDial::Standing> standing) {
  const auto self = shared_from_this();
  if (standing && standing->http2) {
    loop_.dispose(std::move(dialling.dial));
    dialling.alone = false;
    dialling.greets = share(server, std::move(standing->stream));
    return;
  }
  std::unique_ptr<H1Connection> single;
  if (standing) {
    single = std::make_unique<H1Connection>(loop_, buffers_, upstream_, server, std::move(standing->stream),
                                            [this](H1Connection* gone) { forget_idle(gone); });
  }
  for (const auto& request : take_waiting(places_[&server], dialling)) {
    request->dials = false;
    if (!standing) {
      answer(request, standing.error());
    } else if (single) {
      answer(request, std::unique_ptr<OriginConnection>(std::move(single)));
    } else {
      hand_over(request);
    }
  }
  if (single) put_by(std::move(single));
}

// The dialling is over with this.
std::vector<OriginPool::RequestPtr> OriginPool::take_waiting(Place& place, const Dialling& dialling) {
  std::vector<RequestPtr> waiting;
  for (const auto& one : dialling.waiting) {
    if (auto request = one.lock(); request && !request->over) waiting.push_back(std::move(request));
  }
  const auto at = std::find_if(place.dialling.begin(), place.dialling.end(),
                               [&](const auto& one) { return one.get() == &dialling; });
  loop_.dispose(std::move(*at));
  place.dialling.erase(at);
  return waiting;
}

// Its SETTINGS came, or won't: more requests than it takes would be refused, and what was sent of them lost.
void OriginPool::greeted(H2OriginConnection& connection) {
  OriginServer& server = connection.server();
  Place& place = places_[&server];
  const auto at = std::find_if(place.dialling.begin(), place.dialling.end(),
                               [&](const auto& one) { return one->greets == &connection; });
  if (at == place.dialling.end()) return;
  place.hoped = std::max(connection.most(), 1U);
  const bool takes_some = !connection.leaving() && connection.room() > 0;
  for (const auto& request : take_waiting(place, **at)) {
    if (request->over) continue;
    request->dials = false;
    if (takes_some) {
      hand_over(request);
    } else {
      const std::string& why = connection.why().detail;
      answer(request, Error{Side::origin, Code::refused,
                            server.options().text + ": " + (why.empty() ? "HTTP/2: it takes no requests" : why)});
    }
  }
}

H2OriginConnection* OriginPool::share(OriginServer& server, std::unique_ptr<Stream> stream) {
  Place& place = places_[&server];
  place.shared.push_back(
      std::make_shared<H2OriginConnection>(loop_, buffers_, upstream_, server, std::move(stream), place.hoped,
                                           [pool = weak_from_this()](H2OriginConnection& connection) {
                                             if (const auto self = pool.lock()) self->changed(connection);
                                           }));
  return place.shared.back().get();
}

// One that takes no more requests is its streams' alone. One that has none may soon get some: it stays for a while.
void OriginPool::changed(H2OriginConnection& connection) {
  if (connection.settled() || connection.leaving()) greeted(connection);
  OriginServer& server = connection.server();
  Place& place = places_[&server];
  auto& shared = place.shared;
  const auto at = std::find_if(shared.begin(), shared.end(), [&](const auto& one) { return one.get() == &connection; });
  if (at == shared.end()) return;
  if (connection.leaving()) place.lost = loop_.now().mono;
  const auto idle = std::count_if(shared.begin(), shared.end(), [](const auto& one) { return one->idle(); });
  const bool kept = static_cast<std::size_t>(idle) <= kIdleKept && !server.drained();
  if (connection.leaving() || (connection.idle() && !kept))
    let_go(place, static_cast<std::size_t>(at - shared.begin()));
  if (shared.size() > 1 && !spare_.is_set()) spare_.set(spare_kept_);
}

void OriginPool::let_go(Place& place, std::size_t at) {
  const auto it = place.shared.begin() + static_cast<std::ptrdiff_t>(at);
  loop_.dispose(std::make_unique<std::shared_ptr<H2OriginConnection>>(std::move(*it)));
  place.shared.erase(it);
}

// All but one of a server's go once they have idled for so long; the youngest first.
void OriginPool::retire_spare() {
  const Time now = loop_.now().mono;
  Duration next = Duration::max();
  for (auto& [server, place] : places_) {
    for (std::size_t i = place.shared.size(); i-- > 0 && place.shared.size() > 1;) {
      const H2OriginConnection& one = *place.shared[i];
      if (!one.idle()) continue;
      const Duration left = spare_kept_ - (now - one.idle_since());
      if (left <= Duration::zero()) {
        let_go(place, i);
      } else {
        next = std::min(next, left);
      }
    }
  }
  if (next != Duration::max()) spare_.set(next);
}

void OriginPool::answer(const RequestPtr& request, Result<std::unique_ptr<OriginConnection>> connection) {
  request->over = true;
  if (connection) {
    request->server.requests.fetch_add(1, std::memory_order_relaxed);
  } else {
    if (connection.error().code != Code::unsupported) request->server.failed(loop_.now().mono);
    request->server.give_slot_back();
  }
  auto acquired = std::move(request->acquired);
  acquired(std::move(connection), request->server);
}

void OriginPool::give_back(std::unique_ptr<OriginConnection> connection) {
  OriginServer& server = connection->server();
  if (connection->end_use()) {
    put_by(std::unique_ptr<H1Connection>(static_cast<H1Connection*>(connection.release())));
  } else {
    loop_.dispose(std::move(connection));
  }
  server.give_slot_back();
}

void OriginPool::put_by(std::unique_ptr<H1Connection> connection) {
  auto& idle = places_[&connection->server()].idle;
  if (idle.size() < kIdleKept && !connection->server().drained()) {
    idle.push_back(std::move(connection));
  } else {
    loop_.dispose(std::move(connection));
  }
}

void OriginPool::forget_idle(H1Connection* connection) {
  auto& idle = places_[&connection->server()].idle;
  const auto at = std::find_if(idle.begin(), idle.end(), [&](const auto& one) { return one.get() == connection; });
  if (at == idle.end()) return;
  loop_.dispose(std::move(*at));
  idle.erase(at);
}

std::size_t OriginPool::idle() const {
  std::size_t total = 0;
  for (const auto& [server, place] : places_) total += place.idle.size();
  return total;
}

}  // namespace weir
