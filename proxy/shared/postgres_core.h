// PostgresListener's inside: what happens on its loop. postgres.cc has connecting, postgres_follow.cc the rest.
//
// One thing is under way at a time: a statement, an append, or a pause.
//
//   connected ─► set up ─► lock (mode one) ──no──► look whether another applies ─► pause ─► lock
//                  │          │
//                  ▼          ▼                ┌──────────── notified, or after a pause ◄───────────┐
//              find the position ─► known ─► read a page ─► append ─► last page? ─► save, clean? ─► idle
//                       └► unknown: join, append `all`, save ─┘   └─ no: the next ─┘
#pragma once

#include <mutex>
#include <random>
#include <utility>

#include "proxy/base/text.h"
#include "proxy/shared/postgres.h"
#include "proxy/shared/postgres_connection.h"
#include "proxy/shared/postgres_outbox.h"

namespace weir {

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
  using Phase = PostgresState::Phase;
  using Step = void (Core::*)();
  using Parameters = PostgresConnection::Parameters;

  struct Endpoint {
    PostgresTarget::Host host;
    std::string address;  // empty: a socket, or given by the URL
  };
  static std::vector<Endpoint> resolve(const std::vector<PostgresTarget::Host>& hosts);

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
  void ask(const std::string& sql, const Parameters& parameters, F then) {
    connection_->ask(sql, parameters, settings_.answer_timeout,
                     [then = std::move(then)](const PostgresRows& rows) mutable { then(rows); });
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

}  // namespace weir
