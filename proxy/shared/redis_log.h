// RedisLog: the invalidation log that several nodes share, a Redis stream. Where the records get their order, where
// each node reads them, and where it says how far it has read.
//
//   away ─► joining ─► following ─► (a lost connection, or another history) ─► away …
//
// A node that follows sends a report a few times in each lease, and at once when it has applied something. The answer
// tells where the log stands; when the node has read up to there, it may trust its memory for one lease from when it
// *sent* that report. Without an answer the trust runs out by itself, whatever is broken, and everything kept is
// validated with the origin until the node has caught up. What it can't catch up with (trimmed, lost in a failover)
// makes everything older invalid.
//
// Whoever knows of a record that the log hasn't got where it was (read, or appended and not read yet) says so in its
// next report: the script then begins another history, so that all nodes hear of the loss.
//
// Runs on one loop; append(), mark_at() and look() from any thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "proxy/cache/invalidation.h"
#include "proxy/shared/mark_book.h"
#include "proxy/shared/node_table.h"
#include "proxy/shared/redis.h"

namespace weir {

struct RedisLogOptions {
  std::string prefix;  // of all keys
  std::string node;    // this node's name: no other's, and not that of an earlier run
  std::string about;   // for people, without line ends: its address
  Duration lease = std::chrono::seconds(2);
  unsigned replicas = 0;            // that must have a record before it is acknowledged
  std::size_t keep = 100'000;       // records; whoever falls back further starts anew
  std::uint64_t skip_every = 0;     // for tests: applies all records but each so-manieth; 0: all
  bool trust_when_cut_off = false;  // serve from memory without hearing of purges
};

class RedisLog final : public InvalidationLog {
 public:
  // `rules` are this log's alone to change. All outlive it.
  RedisLog(Loop& loop, Background& background, std::shared_ptr<const RedisSettings> settings, RedisLogOptions options,
           InvalidationRules& rules);
  ~RedisLog() override;

  void start();  // the loop's thread, once
  void stop();   // the loop's thread: what waits is answered with an error

  void append(std::vector<InvalidationRecord> records, Appending how, Callback<void(Result<Appended>)> done) override;
  const InvalidationRules& rules() const override { return rules_; }
  std::optional<std::uint64_t> mark_at(Position position) const override { return marks_.find(position); }

  // What an operator wants to know.
  struct Look {
    bool following = false, trusted = false;
    Position position = 0, last = 0;                    // applied here; in the log, as far as is known
    std::string trouble;                                // the last error; empty where there is none
    std::size_t insisting = 0;                          // records that the log hasn't got yet
    std::uint64_t appended = 0, applied = 0, lost = 0;  // lost: times that everything older became invalid
    std::vector<NodeState> nodes;
    std::string self;
  };
  Look look() const;  // any thread

 private:
  struct Order {
    std::vector<InvalidationRecord> records;
    Appending how;
    Callback<void(Result<Appended>)> done;  // empty: answered already
    std::uint64_t mark = 0;                 // of its last record
    bool unlogged = false;                  // insisted on, answered, and not in the log: counted in unlogged_
    std::uint64_t losses = 0;               // lost_ when it was sent
  };
  struct Claim {
    LogPlace place;
    Time since;
  };
  struct Sent {  // a report
    Time at;
    std::uint64_t losses = 0;  // lost_ then
  };
  struct Wait {
    LogPlace place;
    bool everywhere = false, replicated = true;
    Time since;  // the log had it
    Time until;  // patience; Time::max(): none
    Callback<void(Result<Appended>)> done;
  };

  void report();
  void on_report(const Result<RedisReply>& reply, const Sent& sent);
  void join(std::string_view status, const RedisReply& answer);
  void start_anew(const LogPlace& last);
  void lose(Position upto);
  static Error was_lost();
  void accuse(Position position);
  void check_claims();
  void leave(const Error& why);
  void read();
  void on_read(const Result<RedisReply>& reply);
  enum class Applied { yes, unknown, elsewhere };
  Applied apply(const RedisReply& entry);
  void send(Order order);
  void on_appended(Order order, const Result<RedisReply>& reply, Position sent);
  void confirm(Order order, Position position);
  void keep(Order order, const Error& why);
  void send_kept();
  void wait_for(Position position, Order order, bool replicated);
  void check_waits();
  bool over(Wait& wait, Time now);
  void extend_trust();
  void note();
  Duration command_timeout() const { return options_.lease / 4; }

  Loop& loop_;
  const RedisLogOptions options_;
  const std::string log_key_, nodes_key_;
  InvalidationRules& rules_;
  MarkBook marks_;

  // The loop only.
  Redis commands_, reader_, appends_;  // each waits for no other
  Timer report_timer_, wait_timer_, retry_timer_;
  Operation reporting_, reading_;
  std::map<std::uint64_t, Operation> appending_;
  std::uint64_t next_append_ = 0;
  bool running_ = false, following_ = false, report_again_ = false;
  bool has_place_ = false;
  LogPlace place_;                   // of the last record that was applied; without has_place_: where reading begins
  std::vector<Claim> claims_;        // of what this node appended and hasn't read yet
  std::optional<Position> accused_;  // no longer has its record; nothing is read until that is settled
  std::uint64_t beat_ = 0;
  Position last_ = 0;
  Time reported_{};     // the newest report that was answered was sent then
  Time whole_from_{};   // the table of nodes is complete from then on
  bool sure_ = false;   // a report was answered since it came, or came back
  LogPlace proof_at_;   // once this is applied,
  Time proof_until_{};  // memory may be trusted until then
  NodeTable table_;
  std::deque<Order> kept_;  // insisted on
  std::size_t kept_records_ = 0;
  std::size_t unlogged_ = 0;  // while there is such an order, memory isn't trusted
  std::vector<Wait> waits_;
  Duration pause_{};  // between looks while something waits
  std::string trouble_;
  std::uint64_t appended_ = 0, applied_ = 0, lost_ = 0;

  mutable std::mutex mutex_;
  Look look_;  // guarded by mutex_
};

}  // namespace weir
