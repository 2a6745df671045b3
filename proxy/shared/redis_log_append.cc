// Appending to the shared log, and the acknowledgement: in the log, on the replicas that are asked for, applied here,
// and where it is asked for by every node that still trusts its memory.
#include <algorithm>
#include <utility>

#include "proxy/base/random.h"
#include "proxy/base/text.h"
#include "proxy/shared/log_scripts.h"
#include "proxy/shared/redis_log.h"

namespace weir {
namespace {

constexpr std::size_t kMostKept = 10'000;  // records insisted on; past it they become one that covers all
constexpr Duration kRetry = std::chrono::milliseconds(100);
constexpr Duration kReplication = std::chrono::milliseconds(100);
constexpr Duration kShortestPause = std::chrono::milliseconds(1), kLongestPause = std::chrono::milliseconds(20);
constexpr std::string_view kOtherHistory = "WEIRLOST";  // the script's word
constexpr std::size_t kLongestValue = 8192;             // what is read at once must fit into one reply

// A value that no tag and no URL of ours has covers all, rather than block the log for everybody.
InvalidationRecord bounded(InvalidationRecord record) {
  if (record.value.size() > kLongestValue) record = InvalidationRecord{InvalidationRecord::Kind::all, {}, record.soft};
  return record;
}

}  // namespace

void RedisLog::append(std::vector<InvalidationRecord> records, Appending how, Callback<void(Result<Appended>)> done) {
  if (records.empty()) {
    if (done) done(Appended{rules_.head(), true, {}, {}});
    return;
  }
  Order order{std::move(records), how, std::move(done)};
  loop_.execute([this, order = std::move(order)]() mutable { send(std::move(order)); });
}

void RedisLog::send(Order order) {
  if (!running_) {
    if (order.done) order.done(Error{Side::redis, Code::unavailable, "weir stops"});
    return;
  }
  if (!following_ || !has_place_) {
    return keep(std::move(order), {Side::redis, Code::unavailable,
                                   "the invalidation log is out of reach" + (trouble_.empty() ? "" : ": " + trouble_)});
  }
  order.losses = lost_;
  RedisCommand command;
  command.words = {"EVAL",
                   std::string(kAppendScript),
                   "1",
                   log_key_,
                   std::to_string(place_.position),
                   mark_text(place_.mark),
                   std::to_string(options_.keep)};
  for (const auto& record : order.records) {
    order.mark = random64();
    add_record_words(command.words, bounded(record), options_.node, wall_now_us(), order.mark);
  }
  command.key = log_key_;
  command.timeout = command_timeout();
  const auto number = next_append_++;
  appending_[number] = appends_.call(std::move(command), [this, number, sent = place_.position,
                                                          order = std::move(order)](Result<RedisReply> reply) mutable {
    appending_.at(number).done();
    appending_.erase(number);
    on_appended(std::move(order), reply, sent);
  });
}

void RedisLog::on_appended(Order order, const Result<RedisReply>& reply, Position sent) {
  if (!reply && reply.error().detail.starts_with(kOtherHistory)) {
    following_ = false;  // trimmed, or lost: where this node stands must be settled first
    report();
  }
  if (!reply) return keep(std::move(order), reply.error());
  const auto position = parse_number(reply->text);
  if (!position || *position <= sent)
    return keep(std::move(order), {Side::redis, Code::malformed, "Redis gave the record no place"});
  appended_ += order.records.size();
  if (std::exchange(order.unlogged, false)) --unlogged_;
  if (order.losses == lost_) {
    // Nothing proves any more that all is applied that counts.
    if (*position > proof_at_.position) proof_at_ = {*position, order.mark};
    claims_.push_back({{*position, order.mark}, MonotonicClock::now()});
    check_claims();  // it may have been read before this answer came
  }
  if (options_.replicas == 0) return wait_for(*position, std::move(order), true);
  confirm(std::move(order), *position);
}

// A primary that is lost before a replica has the record takes it along. That is noticed, and everything older is then
// invalid (hostile.md, failover); but who asked is told that it may come to that.
void RedisLog::confirm(Order order, Position position) {
  RedisCommand command;
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(kReplication).count();
  command.words = {"WAIT", std::to_string(options_.replicas), std::to_string(milliseconds)};
  command.key = log_key_;
  command.timeout = kReplication + command_timeout();
  const auto number = next_append_++;
  appending_[number] = appends_.call(
      std::move(command), [this, number, position, order = std::move(order)](Result<RedisReply> reply) mutable {
        appending_.at(number).done();
        appending_.erase(number);
        const bool enough = reply && reply->integer >= static_cast<std::int64_t>(options_.replicas);
        wait_for(position, std::move(order), enough);
      });
}

// Not in the log. Who insists hears of the error, and the record is sent again until it is; meanwhile what it covers
// isn't served here.
void RedisLog::keep(Order order, const Error& why) {
  auto done = std::exchange(order.done, {});
  if (!order.how.insist) {
    if (done) done(why);
    return;
  }
  if (!std::exchange(order.unlogged, true)) ++unlogged_;
  kept_records_ += order.records.size();
  kept_.push_back(std::move(order));
  if (kept_records_ > kMostKept) {
    unlogged_ -= kept_.size();
    kept_.clear();
    kept_records_ = 1;
    kept_.push_back(Order{.records = {InvalidationRecord{}}, .how = {.insist = true}, .done = {}, .unlogged = true});
    ++unlogged_;
  }
  extend_trust();
  if (done) done(why);
  note();
  if (!retry_timer_.is_set()) retry_timer_.set(kRetry);
}

void RedisLog::send_kept() {
  if (!running_ || kept_.empty()) return;
  if (!following_ || !has_place_) return retry_timer_.set(kRetry);
  kept_records_ = 0;
  for (Order& order : std::exchange(kept_, {})) send(std::move(order));
  note();
}

// What was lost since the order was sent may have held its record, and nobody would ever see that applied. It isn't
// sent again: what it covers is older than the loss, and that makes all of it invalid, on every node that hadn't
// applied it.
void RedisLog::wait_for(Position position, Order order, bool replicated) {
  if (order.losses != lost_) {
    if (order.done) order.done(was_lost());
    return;
  }
  Wait wait{{position, order.mark}, order.how.everywhere, replicated,
            MonotonicClock::now(),  Time::max(),          std::move(order.done)};
  if (order.how.patience > Duration{}) wait.until = wait.since + order.how.patience;
  waits_.push_back(std::move(wait));
  pause_ = kShortestPause;
  check_waits();
  extend_trust();
}

// While something waits for other nodes, their reports are looked at again and again.
void RedisLog::check_waits() {
  if (waits_.empty()) return;
  const Time now = MonotonicClock::now();
  std::vector<Wait> left;
  for (Wait& wait : std::exchange(waits_, {})) {
    if (!over(wait, now)) left.push_back(std::move(wait));
  }
  waits_ = std::move(left);
  if (waits_.empty()) return wait_timer_.clear();
  wait_timer_.set(pause_);
  pause_ = std::min(pause_ * 2, kLongestPause);
}

// A node that hasn't applied it is waited for until it can't trust its memory any more; this one, too. Who serves
// without hearing of purges never comes to that, and is named as missing then.
bool RedisLog::over(Wait& wait, Time now) {
  const bool lease_over = now >= wait.since + options_.lease + options_.lease / 20;
  const bool applied = place_.position >= wait.place.position && marks_.find(wait.place.position) == wait.place.mark;
  const bool here = applied || (options_.trust_when_cut_off ? lease_over : !rules_.trusted());
  NodeTable::Reach reach = table_.reach(wait.place.position, now);
  std::erase(reach.waiting, options_.node);
  const bool table_is_whole = reported_ >= wait.since && whole_from_ <= now;
  const bool everywhere = lease_over || (table_is_whole && reach.waiting.empty());
  const bool reached = here && (!wait.everywhere || everywhere);
  if (!reached && now < wait.until) return false;
  if (!wait.done) return true;
  if (!wait.everywhere && !here) {
    wait.done(Error{Side::redis, Code::timeout, "in the log, and not applied here yet"});
    return true;
  }
  Appended appended{wait.place.position, wait.replicated, {}, {}};
  if (wait.everywhere) {
    std::erase(reach.applied, options_.node);
    appended.applied = std::move(reach.applied);
    if (applied) {
      appended.applied.push_back(options_.node);
    } else if (options_.trust_when_cut_off || !reached) {
      appended.missing.push_back(options_.node);
    }
    for (const auto& [name, node] : table_.nodes()) {
      const bool serves = options_.trust_when_cut_off || (!everywhere && table_.live(node, now));
      if (name != options_.node && node.position < wait.place.position && serves) appended.missing.push_back(name);
    }
  }
  wait.done(std::move(appended));
  return true;
}

}  // namespace weir
