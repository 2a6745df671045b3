// Following the outbox once there is a connection: who does, from where, and what is done with it; see postgres_core.h.
#include <algorithm>

#include "proxy/shared/postgres_core.h"

namespace weir {
namespace {

constexpr std::string_view kOwnKept = "600";  // seconds: a name of one process is of no use for long
constexpr std::size_t kCleanedAtOnce = 2000;  // soon done, so that it can't be what makes a connection time out
constexpr Duration kSeenEvery = std::chrono::seconds(60);
constexpr Duration kLeastRetry = std::chrono::milliseconds(50);
constexpr Duration kMostRetry = std::chrono::seconds(1);

}  // namespace

// --- who follows
// ------------------------------------------------------------------------------------------------------

// Asked for each time anew rather than waited for in the database: that would keep a transaction open all the while.
void PostgresListener::Core::lock() {
  ask(outbox_.lock(), {name_}, [this](const PostgresRows& rows) {
    if (rows.yes(0, 0)) return find();
    enter(Phase::waiting);
    look_on();
  });
}

// Another node applies. What was visible at some moment is in the log once the position that it saved covers it: then
// this node, too, has heard of all up to that moment.
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

// --- where from
// -------------------------------------------------------------------------------------------------------

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

// --- following
// --------------------------------------------------------------------------------------------------------

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
  cleaned_at_ = MonotonicClock::now();  // also where it fails: it must not fail each connection after the other
  ask(outbox_.clean(), {std::to_string(kCleanedAtOnce)}, [this](const PostgresRows& rows) {
    const auto gone = parse_number(rows.text(0, 0)).value_or(0);
    counters.cleaned.add(gone);
    if (gone >= kCleanedAtOnce) cleaned_at_ = {};  // there is more: after the next round
    again_ ? begin_round() : idle();
  });
}

void PostgresListener::Core::idle() {
  idle_ = true;
  later(settings_.every, &Core::begin_round);
}

// --- appending
// --------------------------------------------------------------------------------------------------------

void PostgresListener::Core::append(std::vector<InvalidationRecord> records, Step then) {
  appending_ = {std::move(records), then, MonotonicClock::now(), kLeastRetry};
  try_append();
}

void PostgresListener::Core::try_append() {
  const std::uint64_t attempt = ++attempt_;
  later(settings_.append_timeout, &Core::append_late);
  // The answer may come from any thread, inside this call, or never.
  log_.append(appending_.records, {.everywhere = true},
              [weak = weak_from_this(), &loop = loop_, attempt](const Result<Appended>& done) {
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

}  // namespace weir
