// Connecting to the database, resting in between; see postgres.h. What is done with the connection: postgres_follow.cc.
#include "proxy/shared/postgres.h"

#include <algorithm>

#include "proxy/net/address.h"
#include "proxy/shared/postgres_core.h"

namespace weir {

// Blocks: a background thread only. Names that don't resolve are left out.
auto PostgresListener::Core::resolve(const std::vector<PostgresTarget::Host>& hosts) -> std::vector<Endpoint> {
  std::vector<Endpoint> found;
  for (const auto& host : hosts) {
    if (host.is_socket() || !host.address.empty()) {
      found.push_back({host, ""});
      continue;
    }
    const auto addresses = resolve_blocking(host.name, 0);
    if (!addresses) continue;
    for (const auto& address : *addresses) found.push_back({host, address.host()});
  }
  return found;
}

void PostgresListener::Core::begin() {
  enter(Phase::resolving);
  background_.urgent([weak = weak_from_this(), &loop = loop_, hosts = settings_.target.hosts] {
    loop.post([weak, endpoints = resolve(hosts)]() mutable {
      if (const auto self = weak.lock()) self->resolved(std::move(endpoints));
    });
  });
}

void PostgresListener::Core::resolved(std::vector<Endpoint> endpoints) {
  tried_.clear();
  endpoints_ = std::move(endpoints);
  if (endpoints_.empty()) {
    return fail({Side::internal, Code::refused, settings_.target.hosts.front().text() + ": the name has no address"});
  }
  std::reverse(endpoints_.begin(), endpoints_.end());  // taken from the end
  connect_next();
}

void PostgresListener::Core::connect_next() {
  const Endpoint next = std::move(endpoints_.back());
  endpoints_.pop_back();
  enter(Phase::connecting);
  connection_ = std::make_unique<PostgresConnection>(loop_, settings_.target, next.host, next.address,
                                                     settings_.connect_timeout, *this);
}

void PostgresListener::Core::on_postgres_connected() {
  endpoints_.clear();
  counters.connects.add();
  connection_->script(outbox_.set_up(settings_.answer_timeout), settings_.answer_timeout,
                      [this](const PostgresRows&) { one() ? lock() : find(); });
}

void PostgresListener::Core::on_postgres_lost(Error error) {
  loop_.dispose(std::move(connection_));
  if (error.code == Code::not_found || error.code == Code::denied) {
    error.detail += "; `weir postgres-sql --role …` prints what is missing";
  }
  if (endpoints_.empty()) return fail(error);
  tried_ += error.detail + "; ";
  connect_next();
}

// Whatever it was: rest, connect anew, go on from what is saved.
void PostgresListener::Core::fail(const Error& error) {
  loop_.dispose(std::move(connection_));
  idle_ = again_ = false;
  ++attempt_;
  appending_ = {};
  page_ = {};
  counters.losses.add();
  {
    const std::lock_guard lock(mutex_);
    state_.phase = Phase::resting;
    state_.error = tried_ + error.detail;
    state_.error_at = MonotonicClock::now();
  }
  pause_ = std::clamp(pause_ * 2, settings_.least_pause, settings_.most_pause);
  const double part = std::uniform_real_distribution<double>(0.5, 1.0)(random_);
  later(std::chrono::duration_cast<Duration>(pause_ * part), &Core::begin);
}

void PostgresListener::Core::well() {
  pause_ = {};
  const std::lock_guard lock(mutex_);
  state_.error.clear();
}

PostgresListener::PostgresListener(Loop& loop, Background& background, InvalidationLog& log, PostgresSettings settings)
    : core_(std::make_shared<Core>(loop, background, log, std::move(settings))) {
  core_->start();
}

PostgresListener::~PostgresListener() = default;

Time PostgresListener::heard() const noexcept {
  return core_->heard.load(std::memory_order_acquire);
}

PostgresState PostgresListener::state() const {
  return core_->state();
}

const PostgresCounters& PostgresListener::counters() const {
  return core_->counters;
}

std::string_view word_of(PostgresState::Phase phase) {
  using Phase = PostgresState::Phase;
  switch (phase) {
    case Phase::resting: return "resting";
    case Phase::resolving: return "resolving";
    case Phase::connecting: return "connecting";
    case Phase::waiting: return "waiting";
    case Phase::following: return "following";
  }
  return "";
}

}  // namespace weir
