// Following the outbox; see postgres.h. One thing is under way at a time: a statement, an append, or a pause.
//
//   connected ─► set up ─► lock (mode one) ──no──► look whether another applies ─► pause ─► lock
//                  │          │
//                  ▼          ▼                ┌──────────── notified, or after a pause ◄───────────┐
//              find the position ─► known ─► read a page ─► append ─► last page? ─► save, clean? ─► idle
//                       └► unknown: join, append `all`, save ─┘   └─ no: the next ─┘
#include "proxy/shared/postgres.h"

#include <algorithm>
#include <mutex>
#include <random>
#include <utility>

#include "proxy/base/text.h"
#include "proxy/net/address.h"
#include "proxy/shared/postgres_connection.h"
#include "proxy/shared/postgres_outbox.h"

namespace weir {
namespace {

using Phase = PostgresState::Phase;

constexpr std::string_view kOwnKept = "600";  // seconds: a name of one process is of no use for long
constexpr std::size_t kCleanedAtOnce = 10'000;
constexpr Duration kSeenEvery = std::chrono::seconds(60);
constexpr Duration kLeastRetry = std::chrono::milliseconds(50);
constexpr Duration kMostRetry = std::chrono::seconds(1);

struct Endpoint {
  PostgresTarget::Host host;
  std::string address;  // empty: a socket, or given by the URL
};

// Blocks: a background thread only. Names that don't resolve are left out.
std::vector<Endpoint> resolve(const std::vector<PostgresTarget::Host>& hosts) {
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

}  // namespace

class PostgresListener::Core final : public PostgresConnection::User, public std::enable_shared_from_this<Core> {
 public:
  Core(Loop& loop, Background& background, InvalidationLog& log, PostgresSettings settings)
      : loop_(loop),
        background_(background),
        log_(log),
        settings_(std::move(settings)),
        outbox_(settings_.schema),
        timer_(loop, [this] { run_later(); }) {
    if (settings_.node.empty()) settings_.node = hex_text(std::random_device{}());
    name_ = settings_.reader;
    if (!one()) name_ += "/" + settings_.node;
  }

  void start() { later(Duration::zero(), &Core::begin); }

  std::atomic<Time> heard{Time{}};
  PostgresCounters counters;
  PostgresState state() const {
    const std::lock_guard lock(mutex_);
    return state_;
  }

 private:
  using Step = void (Core::*)();
  using Parameters = PostgresConnection::Parameters;

  static std::string hex_text(std::uint64_t number) {
    const auto digits = hex_of(number);
    return {digits.data(), digits.size()};
  }
  bool one() const { return settings_.mode == PostgresSettings::Mode::one; }

  // --- pauses ---
  void later(Duration after, Step step) {
    step_ = step;
    timer_.set(after);
  }
  void run_later() {
    if (const Step step = std::exchange(step_, nullptr)) (this->*step)();
  }

  void enter(Phase phase) {
    const std::lock_guard lock(mutex_);
    state_.phase = phase;
  }

  // --- connecting ---
  void begin();
  void resolved(std::vector<Endpoint> endpoints);
  void connect_next();
  void on_postgres_connected() override;
  void on_postgres_lost(Error error) override;
  void fail(const Error& error);
  void well();

  template <class F>
  void ask(const std::string& sql, Parameters parameters, F then) {
    connection_->ask(sql, parameters, settings_.answer_timeout,
                     [this, then = std::move(then)](PostgresRows rows) mutable { then(rows); });
  }

  // --- who follows ---
  void lock();
  void look_on();
  void looked_on(const PostgresRows& found);

  // --- where from ---
  void find();
  void join();
  void joined();

  // --- following ---
  void on_postgres_notified() override;
  void begin_round();
  void read_page();
  void take_page(OutboxPage page);
  void end_round();
  void settle();
  void save(Step then);
  void clean();
  void idle();

  // --- appending ---
  void append(std::vector<InvalidationRecord> records, Step then);
  void try_append();
  void answered(std::uint64_t attempt, bool well, const std::string& why);
  void append_failed(const std::string& why);
  void append_late() { append_failed("no acknowledgement in time"); }

  Loop& loop_;
  Background& background_;
  InvalidationLog& log_;
  PostgresSettings settings_;
  const Outbox outbox_;
  std::string name_;  // of the position

  // This loop only.
  Timer timer_;  // of the pause or the append under way
  Step step_ = nullptr;
  std::unique_ptr<PostgresConnection> connection_;
  std::vector<Endpoint> endpoints_;  // still to be tried
  std::string tried_;                // why the ones before failed
  std::minstd_rand random_{std::random_device{}()};
  Duration pause_{};

  std::string history_;
  std::string position_;  // all that is visible in this snapshot is acknowledged
  bool moved_ = false;    // past what is saved
  Time saved_at_{}, cleaned_at_{};

  struct Round {
    Time began{};  // when its target was asked for
    std::string target;
    OutboxPlace after;
  } round_;
  OutboxPage page_;     // being appended
  bool idle_ = false;   // following, and nothing is under way
  bool again_ = false;  // notified meanwhile

  struct Appending {
    std::vector<InvalidationRecord> records;
    Step then = nullptr;
    Time began{};
    Duration retry{};
  } appending_;
  std::uint64_t attempt_ = 0;  // answers to earlier ones come too late

  mutable std::mutex mutex_;
  PostgresState state_;  // guarded by mutex_
};

// --- connecting -------------------------------------------------------------------------------------------------------

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

// --- who follows ------------------------------------------------------------------------------------------------------

// Asked for each time anew rather than waited for in the database: that would keep a transaction open all the while.
void PostgresListener::Core::lock() {
  ask(outbox_.lock(), {name_}, [this](const PostgresRows& rows) {
    if (rows.yes(0, 0)) return find();
    enter(Phase::waiting);
    look_on();
  });
}

// Another node applies. What was visible at some moment is in the log once the position that it saved covers it: then this
// node, too, has heard of all up to that moment.
void PostgresListener::Core::look_on() {
  ask(outbox_.find(), {name_}, [this](const PostgresRows& rows) { looked_on(rows); });
}

void PostgresListener::Core::looked_on(const PostgresRows& found) {
  well();
  if (!found.yes(0, 2)) {  // the other one is just beginning
    round_ = {};
    return later(settings_.every, &Core::lock);
  }
  if (round_.target.empty()) round_.began = MonotonicClock::now();
  counters.looks.add();
  ask(outbox_.read(), Outbox::parameters(name_, std::string(found.text(0, 1)), round_.target, {}, 1),
      [this](const PostgresRows& rows) {
        const OutboxPage page = Outbox::page(rows);
        round_.target = page.target;
        if (page.known && page.rows == 0) {
          heard.store(round_.began, std::memory_order_release);
          round_ = {};
        }
        later(settings_.every, &Core::lock);
      });
}

// --- where from -------------------------------------------------------------------------------------------------------

void PostgresListener::Core::find() {
  enter(Phase::following);
  ask(outbox_.find(), {name_}, [this](const PostgresRows& rows) {
    history_ = rows.text(0, 0);
    if (!rows.yes(0, 2)) return join();
    position_ = rows.text(0, 1);
    saved_at_ = loop_.now().mono;
    moved_ = false;
    begin_round();
  });
}

// Nobody knows what was missed, so everything is invalid; from here on nothing is missed any more.
void PostgresListener::Core::join() {
  const std::optional<std::string> keeps = one() ? std::nullopt : std::optional(std::string(kOwnKept));
  ask(outbox_.join(), {name_, keeps, settings_.node}, [this](const PostgresRows&) {
    const Time asked = MonotonicClock::now();
    ask(outbox_.here(), {}, [this, asked](const PostgresRows& rows) {
      position_ = rows.text(0, 0);
      round_.began = asked;
      append({InvalidationRecord{}}, &Core::joined);
    });
  });
}

void PostgresListener::Core::joined() {
  counters.everything.add();
  heard.store(round_.began, std::memory_order_release);
  save(&Core::begin_round);
}

// --- following --------------------------------------------------------------------------------------------------------

void PostgresListener::Core::on_postgres_notified() {
  counters.notifications.add();
  again_ = true;
  if (idle_) begin_round();
}

void PostgresListener::Core::begin_round() {
  idle_ = again_ = false;
  step_ = nullptr;
  round_ = {};
  round_.began = MonotonicClock::now();  // before it is sent: what was committed until now is visible to it
  counters.looks.add();
  read_page();
}

void PostgresListener::Core::read_page() {
  ask(outbox_.read(), Outbox::parameters(name_, position_, round_.target, round_.after, settings_.page),
      [this](const PostgresRows& rows) { take_page(Outbox::page(rows)); });
}

void PostgresListener::Core::take_page(OutboxPage page) {
  if (!page.known) return join();  // away for too long, it was given up
  round_.target = page.target;
  if (page.rows == 0) return end_round();
  page_ = std::move(page);
  append(std::move(page_.records), &Core::end_round);
}

// A page is acknowledged, or there was none.
void PostgresListener::Core::end_round() {
  const OutboxPage page = std::exchange(page_, {});
  if (page.rows > 0) {
    counters.rows.add(page.rows);
    moved_ = true;
    const std::lock_guard lock(mutex_);
    state_.lag = page.oldest + (MonotonicClock::now() - appending_.began);
  }
  if (page.rows >= settings_.page) {
    round_.after = page.end;
    return read_page();
  }
  position_ = round_.target;
  heard.store(round_.began, std::memory_order_release);
  well();
  settle();
}

// Between two rounds.
void PostgresListener::Core::settle() {
  const Time now = MonotonicClock::now();
  if (now - saved_at_ >= (moved_ ? settings_.every : kSeenEvery)) return save(&Core::settle);
  if (now - cleaned_at_ >= settings_.clean_every) return clean();
  again_ ? begin_round() : idle();
}

void PostgresListener::Core::save(Step then) {
  ask(outbox_.save(), {name_, position_, history_, settings_.node}, [this, then](const PostgresRows& rows) {
    saved_at_ = MonotonicClock::now();
    moved_ = false;
    if (rows.touched() == 0) return join();  // given up meanwhile
    (this->*then)();
  });
}

void PostgresListener::Core::clean() {
  ask(outbox_.clean(), {std::to_string(kCleanedAtOnce)}, [this](const PostgresRows& rows) {
    const auto gone = parse_number(rows.text(0, 0)).value_or(0);
    counters.cleaned.add(gone);
    if (gone < kCleanedAtOnce) cleaned_at_ = MonotonicClock::now();
    again_ ? begin_round() : idle();
  });
}

void PostgresListener::Core::idle() {
  idle_ = true;
  later(settings_.every, &Core::begin_round);
}

// --- appending --------------------------------------------------------------------------------------------------------

void PostgresListener::Core::append(std::vector<InvalidationRecord> records, Step then) {
  appending_ = {std::move(records), then, MonotonicClock::now(), kLeastRetry};
  try_append();
}

void PostgresListener::Core::try_append() {
  const std::uint64_t attempt = ++attempt_;
  later(settings_.append_timeout, &Core::append_late);
  // The answer may come from any thread, inside this call, or never.
  log_.append(appending_.records, [weak = weak_from_this(), &loop = loop_, attempt](const Result<Position>& done) {
    loop.execute([weak, attempt, well = done.ok(), why = done ? std::string() : done.error().detail] {
      if (const auto self = weak.lock()) self->answered(attempt, well, why);
    });
  });
}

void PostgresListener::Core::answered(std::uint64_t attempt, bool well, const std::string& why) {
  if (attempt != attempt_) return;
  if (!well) return append_failed(why);
  step_ = nullptr;
  timer_.clear();
  appending_.records.clear();
  (this->*appending_.then)();
}

void PostgresListener::Core::append_failed(const std::string& why) {
  ++attempt_;
  counters.append_failures.add();
  if (MonotonicClock::now() - appending_.began >= settings_.append_timeout) {
    // In mode one the lock goes with the connection, to a node that may do better.
    return fail({Side::internal, Code::unavailable, "the invalidation log takes no records: " + printable(why)});
  }
  later(appending_.retry, &Core::try_append);
  appending_.retry = std::min(appending_.retry * 2, kMostRetry);
}

// ----------------------------------------------------------------------------------------------------------------------

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
