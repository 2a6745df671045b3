// Invalidation (architecture.md §6). A record in the log says what is no longer valid; an object is valid iff no record
// later than the position at which its fetch began covers it. No index from tags to objects: purging a tag
// costs the same whatever it covers.
//
// InvalidationRules is what a node knows: the records applied so far. Any thread. InvalidationLog is where records get
// their order: in memory here; in Redis for several nodes, with the same conformance suite.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/base/callback.h"
#include "proxy/base/clock.h"
#include "proxy/base/hash.h"
#include "proxy/base/operation.h"
#include "proxy/base/result.h"
#include "proxy/cache/object.h"

namespace weir {

struct InvalidationRecord {
  enum class Kind : std::uint8_t { tag, url, prefix, pattern, all };
  Kind kind = Kind::all;
  std::string value;  // tag; url, prefix, pattern: "host/path?query" or "/path…" for any host. Pattern: glob.
  bool soft = false;  // mark stale instead of gone
  Time at{};          // when the log took it
};

enum class Coverage : std::uint8_t { none, soft, hard };

// What is asked about: an object, or a fetch under way whose answer (and its tags) may not be known yet.
struct Subject {
  std::string_view key;  // key bytes
  const std::vector<std::string>* tags = nullptr;
  Position since = 0;  // records after this one count
};

class InvalidationRules {
 public:
  struct Bounds {
    std::size_t tags = 1 << 20;   // tags and URLs remembered; past it the oldest goes and the floor rises
    std::size_t patterns = 1024;  // prefixes and patterns, the same way
  };
  InvalidationRules();
  explicit InvalidationRules(Bounds bounds);

  // The last applied position. Never goes back.
  Position head() const noexcept { return head_.load(std::memory_order_acquire); }

  // Records are applied in order; a position at or below head() is ignored.
  void apply(Position position, const InvalidationRecord& record);

  // Records up to `upto` were missed, or what is known of them is worth nothing: whatever began before it counts as
  // covered. head() is at least `upto` then.
  void forget(Position upto);

  // A node that hears nothing of a log that others share can't know what it missed: from `until` on nothing that is
  // kept may answer without asking the origin. To be asked before the rules are: who trusts has applied all that it is
  // trusted for. Without a shared log it is trusted for good. Looks at the clock itself:
  // a process that was stopped in the middle of a turn mustn't go by the time at which that began.
  bool trusted() const noexcept {
    const Time until = trusted_until_.load(std::memory_order_acquire);
    return until == Time::max() || MonotonicClock::now() < until;
  }
  bool shared() const noexcept { return trusted_until_.load(std::memory_order_relaxed) != Time::max(); }
  void trust(Time until) noexcept { trusted_until_.store(until, std::memory_order_release); }

  // The strongest record after subject.since that covers it. What is older than the floor counts as hard.
  // `until`: only records up to there count.
  Coverage covers(const Subject& subject, Position until = ~Position{0}) const;

  // The same for a stored object; a check that found nothing is remembered in object.checked, so that an object pays
  // once for each new record and nothing while there is none. A soft record's time is noted in object.soft_since: the
  // earliest that is still known, so that one purge after the other doesn't make it young again.
  Coverage covers(const Object& object) const;

  std::size_t remembered() const;  // tags, URLs, prefixes, patterns: for metrics

 private:
  // The last two positions of a kind: with the one before it is known what `until` leaves out. 0: none.
  struct Last {
    Position last = 0;
    Position before = 0;
    void add(Position position);
    bool within(Position since, Position until) const;  // may answer yes where more than two lie past `until`
  };
  // What was found; of soft records also the time of the earliest.
  struct Found {
    Coverage coverage = Coverage::none;
    Time soft_at = Time::max();
    void add(const Found& other);
  };
  struct Lasts {
    Last hard;
    Last soft;
    Time soft_at{}, soft_before_at{};  // of soft.last, soft.before
    void add(Position position, const InvalidationRecord& record);
    Found within(Position since, Position until) const;
  };
  // Tags and URLs by digest, so that neither their length nor their number costs a look-up anything.
  struct Named {
    Lasts lasts;
    std::list<Digest>::iterator place;  // in order_
  };
  struct Rule {
    InvalidationRecord record;
    Position position;
  };

  void apply_named(Position position, const Digest& name, const InvalidationRecord& record);
  void apply_rule(Position position, const InvalidationRecord& record);
  Found find(const Subject& subject, Position until) const;
  Found find_named(const Digest& name, Position since, Position until) const;
  Found find_url(std::string_view key, Position since, Position until) const;
  Found find_rules(std::string_view key, Position since, Position until) const;

  Bounds bounds_;
  std::atomic<Position> head_{0};
  std::atomic<Time> trusted_until_{Time::max()};
  mutable std::shared_mutex mutex_;  // guards all below
  Position floor_ = 0;               // what was forgotten lies here or below
  Lasts all_;
  std::unordered_map<Digest, Named, DigestHash> named_;
  std::list<Digest> order_;  // of named_, longest untouched first
  std::deque<Rule> rules_;   // prefixes and patterns, oldest first
};

// How an invalidation is to be acknowledged.
struct Appending {
  bool everywhere = false;  // not before every live node has applied it: a silent one stops trusting its memory instead
  Duration patience{};      // with everywhere: but at the latest after that, naming those that have not; 0: no limit
  bool insist = false;      // out of reach: the record is kept, and sent again until the log has it
};

struct Appended {
  Position position = 0;  // of the last record
  bool replicated = true;
  std::vector<std::string> applied, missing;  // names of nodes, this one among them
};

// Where records are put in order. append() is acknowledged once every later look-up on this node sees them.
class InvalidationLog {
 public:
  virtual ~InvalidationLog() = default;
  // Any thread. `done` runs on the log's own terms: on its loop, or before append returns. An error says that the log
  // hasn't got the records, or that nobody can know.
  virtual void append(std::vector<InvalidationRecord> records, Appending how,
                      Callback<void(Result<Appended>)> done) = 0;
  virtual const InvalidationRules& rules() const = 0;

  // A number that the record at that position carries, so that two nodes can tell whether they mean the same history;
  // nullopt where it isn't known any more. Any thread.
  virtual std::optional<std::uint64_t> mark_at(Position position) const = 0;
};

class MemoryLog final : public InvalidationLog {
 public:
  explicit MemoryLog(InvalidationRules& rules) : rules_(rules) {}
  void append(std::vector<InvalidationRecord> records, Appending how, Callback<void(Result<Appended>)> done) override;
  const InvalidationRules& rules() const override { return rules_; }
  std::optional<std::uint64_t> mark_at(Position) const override { return std::nullopt; }

 private:
  std::mutex mutex_;  // one appender at a time
  InvalidationRules& rules_;
};

}  // namespace weir
