// Leases; see redis_lease.h.
//
//   free ──take──► held ──renew──► held ─┬─ release, spent ─► free
//                   │                    └─ mark_pass ──────► "pass" ──(its time)──► free
//                   └─ not renewed for `bound`: free, or another's; renewing then tells so
#include "proxy/shared/redis_lease.h"

#include <algorithm>
#include <utility>

#include "proxy/shared/redis_scripts.h"

namespace weir {
namespace {

using Steady = std::chrono::steady_clock;  // as timers and Redis run, whatever a test does to our clock

constexpr std::string_view kPass = "pass";

}  // namespace

// A lease that was taken. Lives on the heap: its timer and its operation point to it.
class RedisLease::Held {
 public:
  Held(RedisLeases& giver, std::string its_name, std::string its_token, Steady::time_point asked)
      : leases(giver),
        name(std::move(its_name)),
        token(std::move(its_token)),
        confirmed_(asked),
        timer_(giver.loop_, [this] { renew(); }) {
    timer_.set(leases.settings_.renew_every);
  }

  bool is_held() const { return !lost_ && Steady::now() - confirmed_ < leases.settings_.bound; }
  void on_lost(Callback<void()> lost) { on_lost_ = std::move(lost); }
  void stop() {
    timer_.clear();
    renewing_.cancel();
    lost_ = true;
  }
  bool is_over() const { return lost_; }

  RedisLeases& leases;
  const std::string name;
  const std::string token;

 private:
  void renew() {
    if (!is_held()) return lose();
    timer_.set(leases.settings_.renew_every);
    if (renewing_) return;  // the one under way hasn't timed out yet
    renewing_ = leases.run(redis_scripts::kRenew, name, {token, leases.bound_ms()},
                           [this, asked = Steady::now()](const Result<RedisReply>& reply) {
                             renewing_.done();
                             if (!reply.ok()) return;  // perhaps the next one comes through
                             if (reply.value().integer != 1) return lose();
                             confirmed_ = asked;
                           });
  }

  void lose() {
    stop();
    leases.counters_.lost.add();
    if (auto lost = std::move(on_lost_)) lost();
  }

  Steady::time_point confirmed_;  // when Redis was last asked and then agreed
  bool lost_ = false;
  Timer timer_;
  Operation renewing_;
  Callback<void()> on_lost_;
};

RedisLease::RedisLease() = default;
RedisLease::RedisLease(std::unique_ptr<Held> held) : held_(std::move(held)) {}
RedisLease::RedisLease(RedisLease&& other) noexcept = default;
RedisLease& RedisLease::operator=(RedisLease&& other) noexcept {
  if (this != &other) {
    drop();
    held_ = std::move(other.held_);
  }
  return *this;
}
RedisLease::~RedisLease() {
  drop();
}

// A lease that is lost isn't given back: by now it is another's, and the script would say so.
void RedisLease::drop() {
  if (!held_) return;
  if (!held_->is_over()) {
    held_->stop();
    held_->leases.give_back(held_->name, held_->token);
  }
  Loop& loop = held_->leases.loop_;
  loop.dispose(std::move(held_));  // perhaps from inside on_lost
}

bool RedisLease::is_held() const {
  return held_ && held_->is_held();
}

void RedisLease::on_lost(Callback<void()> lost) {
  if (held_) held_->on_lost(std::move(lost));
}

void RedisLease::mark_pass(Duration during) {
  if (held_ && !held_->is_over()) {
    RedisLeases& leases = held_->leases;
    leases.chores_.run({{"EVAL", std::string(redis_scripts::kMark), "1", held_->name, held_->token, std::string(kPass),
                         RedisLeases::milliseconds(during)},
                        held_->name,
                        leases.settings_.timeout});
  }
  spent();
}

void RedisLease::spent() {
  if (held_) held_->stop();
  drop();
}

const std::string& RedisLease::name() const {
  return held_->name;
}
const std::string& RedisLease::token() const {
  return held_->token;
}

RedisLeases::RedisLeases(Loop& loop, Redis& redis, const EntryNames& names, RedisLeaseSettings settings)
    : loop_(loop), redis_(redis), names_(names), settings_(settings), chores_(redis) {}
RedisLeases::~RedisLeases() = default;

std::string RedisLeases::milliseconds(Duration duration) {
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return std::to_string(std::max<std::int64_t>(whole, 1));
}

Operation RedisLeases::run(std::string_view script, std::string name, std::vector<std::string> arguments,
                           Callback<void(Result<RedisReply>)> done) {
  RedisCommand command;
  command.words = {"EVAL", std::string(script), "1", name};
  for (auto& argument : arguments) command.words.push_back(std::move(argument));
  command.key = std::move(name);
  command.timeout = settings_.timeout;
  return redis_.call(std::move(command), std::move(done));
}

LeaseAnswer RedisLeases::answer_to(const RedisReply& reply, std::string name, std::string token,
                                   Steady::time_point asked) {
  if (!reply.is_string()) {
    counters_.unavailable.add();
    return LeaseUnavailable{};
  }
  if (reply.text.empty()) {
    counters_.taken.add();
    return RedisLease(std::make_unique<RedisLease::Held>(*this, std::move(name), std::move(token), asked));
  }
  if (reply.text == kPass) {
    counters_.passed.add();
    return LeasePass{};
  }
  counters_.held.add();
  return LeaseHeld{};
}

Operation RedisLeases::acquire(std::string_view key, Callback<void(LeaseAnswer)> done) {
  return acquire_named(EntryNames::lease(names_.stem(key)), std::move(done));
}

Operation RedisLeases::acquire_named(std::string name, Callback<void(LeaseAnswer)> done) {
  std::string token = random_id();
  const auto answered = std::make_shared<bool>(false);
  auto on_reply = [this, name, token, answered, asked = Steady::now(),
                   done = std::move(done)](const Result<RedisReply>& reply) mutable {
    *answered = true;
    if (reply.ok()) return done(answer_to(reply.value(), std::move(name), std::move(token), asked));
    give_back(name, token);
    counters_.unavailable.add();
    done(LeaseUnavailable{});
  };
  auto asking = run(redis_scripts::kTake, name, {token, bound_ms()}, std::move(on_reply));
  return Operation([this, name, token, answered, asking = std::move(asking)]() mutable {
    asking.cancel();
    if (!*answered) give_back(name, token);
  });
}

void RedisLeases::give_back(const std::string& name, const std::string& token) {
  chores_.run({{"EVAL", std::string(redis_scripts::kRelease), "1", name, token}, name, settings_.timeout});
}

Operation RedisLeases::look(std::string_view key, Callback<void(LeaseLook)> done) {
  std::string name = EntryNames::lease(names_.stem(key));
  RedisCommand command{{"GET", name}, name, settings_.timeout};
  return redis_.call(std::move(command), [done = std::move(done)](const Result<RedisReply>& reply) mutable {
    if (!reply.ok()) return done(LeaseUnavailable{});
    if (reply.value().is_nil()) return done(LeaseFree{});
    if (!reply.value().is_string()) return done(LeaseUnavailable{});
    done(reply.value().text == kPass ? LeaseLook(LeasePass{}) : LeaseLook(LeaseHeld{}));
  });
}

}  // namespace weir
