// PostgresListener: follows the outbox of a database (postgres_sql.h) and hands what its transactions made invalid to
// the invalidation log: at once, every commit, no rollback, across lost connections and restarts. One loop.
//
//   resting ─► resolving ─► connecting ─► [waiting ⇄] following        any ─► resting when something fails
//
// In mode `one` a lock in the database says who follows; the others wait, connected, and look whether what they know of
// is applied. In mode `all` each follows for itself. The position (postgres_outbox.h) is kept in the database under a
// name, and moves only past what the log has acknowledged. Where there is none, or it belongs to another history of the
// database (a failover, a restore), everything is invalidated once: what happened in between is not known.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "proxy/base/clock.h"
#include "proxy/base/metrics.h"
#include "proxy/base/units.h"
#include "proxy/cache/invalidation.h"
#include "proxy/net/background.h"
#include "proxy/net/loop.h"
#include "proxy/shared/postgres_url.h"

namespace weir {

struct PostgresSettings {
  PostgresTarget target;
  enum class Mode : std::uint8_t { one, all } mode = Mode::all;
  std::string schema = "weir";  // as in `weir postgres-sql --schema`
  std::string reader = "weir";  // the position's name: one for all nodes that share a log
  std::string node;  // who this is. Mode all: part of the name, so one of its own for each node; empty: made up

  Duration every = std::chrono::seconds(1);            // a look without being notified; the position is saved as often
  Duration connect_timeout = std::chrono::seconds(5);  // for each address
  Duration answer_timeout = std::chrono::seconds(3);   // past it the connection is taken for dead
  Duration append_timeout = std::chrono::seconds(5);   // the log takes nothing for so long: let another node try
  Duration clean_every = std::chrono::minutes(1);
  Duration least_pause = std::chrono::milliseconds(100);  // before connecting anew; doubles, jittered
  Duration most_pause = std::chrono::seconds(5);
  std::size_t page = 500;  // rows read and appended at a time
};

// Counted on the loop, read by whoever shows metrics. Any thread.
struct PostgresCounters {
  Counter connects, losses;      // connections that stood; attempts and connections that failed
  Counter rows;                  // acknowledged by the log
  Counter everything;            // times that everything was invalidated, as the position was lost
  Counter append_failures;       // each is tried again
  Counter notifications, looks;  // woken, and rounds read
  Counter cleaned;               // rows removed from the outbox
};

struct PostgresState {
  enum class Phase : std::uint8_t { resting, resolving, connecting, waiting, following } phase = Phase::resting;
  std::string error;  // why it failed last, without secrets; empty: it is well, or never was heard of
  Time error_at{};
  Duration lag{};  // from when the last acknowledged row was written to its acknowledgement
  bool well() const { return error.empty() && (phase == Phase::waiting || phase == Phase::following); }
};

class PostgresListener {
 public:
  // Begins at once. This loop's thread for construction and destruction. The others outlive it; and the loop outlives
  // what `background` resolves and the callbacks that the log holds, which come to nothing once this is gone.
  PostgresListener(Loop& loop, Background& background, InvalidationLog& log, PostgresSettings settings);
  ~PostgresListener();
  PostgresListener(const PostgresListener&) = delete;
  PostgresListener& operator=(const PostgresListener&) = delete;

  // Any thread. All that was committed before this moment of the monotonic clock is in the log and acknowledged. Where
  // it stands still, nobody knows which copies still hold. Time{}: nothing is known yet.
  Time heard() const noexcept;

  PostgresState state() const;  // any thread
  const PostgresCounters& counters() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;  // callbacks under way hold it weakly
};

// "resting" …: for metrics and /health/performance.
std::string_view word_of(PostgresState::Phase phase);

}  // namespace weir
