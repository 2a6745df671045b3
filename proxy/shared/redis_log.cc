// The shared invalidation log; see redis_log.h for the life of a node in it and docs/formats/invalidation-log.md for
// what stands in Redis. Appending is in redis_log_append.cc.
#include "proxy/shared/redis_log.h"

#include <algorithm>
#include <utility>

#include "proxy/base/random.h"
#include "proxy/base/text.h"
#include "proxy/shared/log_scripts.h"

namespace weir {
namespace {

constexpr std::size_t kMostRead = 256;  // records in one answer
constexpr Duration kRetry = std::chrono::milliseconds(50);

std::string key_of(const std::string& prefix, std::string_view what) {
  return "{" + prefix + "}:" + std::string(what);  // the braces: one slot of a cluster for both
}

Error not_understood(std::string_view what) {
  return {Side::redis, Code::malformed, "Redis answered " + std::string(what) + " in a way that isn't understood"};
}

}  // namespace

RedisLog::RedisLog(Loop& loop, Background& background, std::shared_ptr<const RedisSettings> settings,
                   RedisLogOptions options, InvalidationRules& rules)
    : loop_(loop),
      options_(std::move(options)),
      log_key_(key_of(options_.prefix, "log")),
      nodes_key_(key_of(options_.prefix, "nodes")),
      rules_(rules),
      marks_(options_.keep),
      commands_(loop, background, settings),
      reader_(loop, background, settings),
      appends_(loop, background, settings),
      report_timer_(loop, [this] { report(); }),
      wait_timer_(loop, [this] { report(); }),
      retry_timer_(loop, [this] { send_kept(); }),
      table_(options_.lease) {
  look_.self = options_.node;
  if (!options_.trust_when_cut_off) rules_.trust(Time::min());
}

RedisLog::~RedisLog() = default;

void RedisLog::start() {
  running_ = true;
  report();
}

void RedisLog::stop() {
  running_ = following_ = false;
  reporting_.cancel();
  reading_.cancel();
  appending_.clear();
  report_timer_.clear();
  wait_timer_.clear();
  retry_timer_.clear();
  const Error why{Side::redis, Code::unavailable, "weir stops"};
  for (Wait& wait : std::exchange(waits_, {})) {
    if (wait.done) wait.done(why);
  }
  kept_.clear();
  commands_.disconnect();
  reader_.disconnect();
  appends_.disconnect();
}

// One at a time: who applies more meanwhile says so with the next one.
void RedisLog::report() {
  if (!running_) return;
  if (reporting_) {
    report_again_ = true;
    return;
  }
  report_again_ = false;
  const Sent sent{MonotonicClock::now(), lost_};
  LogPlace place = has_place_ ? place_ : LogPlace{};
  if (accused_) place = {*accused_, 0};  // no record has that mark
  RedisCommand command;
  command.words = {"EVAL",
                   std::string(kReportScript),
                   "2",
                   log_key_,
                   nodes_key_,
                   options_.node,
                   std::to_string(place.position),
                   mark_text(place.mark),
                   std::to_string(++beat_),
                   options_.about,
                   mark_text(random64()),
                   reported_ == Time{} ? "0" : "1"};
  for (auto& [name, seen] : table_.forgotten(sent.at)) {
    if (name == options_.node) continue;
    command.words.push_back(std::move(name));
    command.words.push_back(std::move(seen));
  }
  command.key = log_key_;
  command.timeout = command_timeout();
  reporting_ = commands_.call(std::move(command), [this, sent](Result<RedisReply> reply) {
    reporting_.done();
    on_report(reply, sent);
  });
}

void RedisLog::on_report(const Result<RedisReply>& reply, const Sent& sent) {
  if (!reply) {
    leave(reply.error());
    return report_timer_.set(kRetry);
  }
  const auto& answer = *reply;
  if (answer.elements.size() != 6 || answer.elements[5].kind != RedisReply::Kind::array) {
    leave(not_understood("a report"));
    return report_timer_.set(command_timeout());
  }
  const auto last = parse_number(answer.elements[2].text);
  if (!last) {
    leave(not_understood("a report"));
    return report_timer_.set(command_timeout());
  }
  last_ = *last;
  const Time now = MonotonicClock::now();
  table_.update(answer.elements[5].elements, now);
  // A report that named the place of a history which was left since then says nothing of this one.
  const bool of_old = sent.losses != lost_;
  const std::string_view status = answer.elements[0].text;
  if (of_old && status == "lost") {
    report_again_ = true;
  } else {
    join(status, answer);
  }
  if (status == "known") {
    reported_ = sent.at;
    // Redis may have lost reports of nodes that still trust theirs: evicted, or with a primary that was replaced.
    if (answer.elements[4].integer == 1 || !std::exchange(sure_, true))
      whole_from_ = now + options_.lease + options_.lease / 20;
    // What was appended after this report was taken counts as well.
    if (last_ >= proof_at_.position) proof_at_ = {last_, parse_mark(answer.elements[3].text)};
    proof_until_ = sent.at + options_.lease;
    trouble_.clear();
    for (const Claim& claim : claims_) {  // Redis took this report after it had taken the record
      if (claim.since <= sent.at && last_ < claim.place.position) accuse(claim.place.position);
    }
    extend_trust();
  }
  note();
  report_timer_.set(command_timeout());
  check_waits();
  if (report_again_) report();
}

// Where this node stands in the log, when it comes or comes back.
void RedisLog::join(std::string_view status, const RedisReply& answer) {
  if (status == "lost") {
    start_anew({last_, parse_mark(answer.elements[3].text)});
  } else if (status == "new" && !following_) {
    const Position first = parse_number(answer.elements[1].text).value_or(1);
    rules_.forget(first - 1);
    place_ = {first - 1, 0};
    has_place_ = false;
  }
  if (status == "lost") report();  // from now on it is part of this history
  if (!std::exchange(following_, true)) send_kept();
  if (!reading_) read();
}

void RedisLog::start_anew(const LogPlace& last) {
  lose(last.position);
  place_ = last;
  marks_.add(place_);
  has_place_ = true;
  reading_.cancel();  // it asked for what comes after another place
}

// The record there isn't the one that it was. That is no matter of this node's alone: those that never read the lost
// one would go on trusting what it made invalid. So the report script is told, and begins a history anew.
void RedisLog::accuse(Position position) {
  if (accused_) return;
  accused_ = position;
  report();
}

// What this node appended must be read where Redis put it.
void RedisLog::check_claims() {
  for (const Claim& claim : claims_) {
    if (claim.place.position <= place_.position && marks_.find(claim.place.position) != claim.place.mark)
      accuse(claim.place.position);
  }
  std::erase_if(claims_, [this](const Claim& claim) { return claim.place.position <= place_.position; });
}

// What is between here and there will never be known.
void RedisLog::lose(Position upto) {
  rules_.forget(upto);
  marks_.clear();
  claims_.clear();
  accused_.reset();
  proof_at_ = {};
  ++lost_;
  for (Wait& wait : std::exchange(waits_, {})) {
    if (wait.done) wait.done(was_lost());
  }
}

Error RedisLog::was_lost() {
  return {Side::redis, Code::unavailable, "the invalidation log was lost; all that is older is invalid"};
}

// Trust runs out by itself.
void RedisLog::leave(const Error& why) {
  following_ = sure_ = false;
  trouble_ = why.detail;
  reading_.cancel();
  reader_.disconnect();
  note();
  check_waits();
}

void RedisLog::read() {
  if (!running_ || !following_ || accused_) return;
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(command_timeout()).count();
  RedisCommand command;
  command.words = {"XREAD",
                   "COUNT",
                   std::to_string(kMostRead),
                   "BLOCK",
                   std::to_string(patience),
                   "STREAMS",
                   log_key_,
                   "0-" + std::to_string(place_.position)};
  command.key = log_key_;
  command.timeout = 2 * command_timeout();
  reading_ = reader_.call(std::move(command), [this](Result<RedisReply> reply) {
    reading_.done();
    on_read(reply);
  });
}

void RedisLog::on_read(const Result<RedisReply>& reply) {
  if (!reply) {
    leave(reply.error());
    return report_timer_.set(kRetry);
  }
  if (!reply->is_nil()) {
    // [[key, [entry, …]]]
    const bool whole = reply->elements.size() == 1 && reply->elements[0].elements.size() == 2;
    const auto* entries = whole ? &reply->elements[0].elements[1].elements : nullptr;
    auto applied = entries == nullptr ? Applied::unknown : Applied::yes;
    for (std::size_t i = 0; applied == Applied::yes && i < entries->size(); ++i) applied = apply((*entries)[i]);
    if (applied == Applied::unknown) {
      leave(not_understood("what it was asked to read"));
      return report_timer_.set(kRetry);
    }
    check_claims();
    if (applied == Applied::elsewhere) accuse(place_.position);
    extend_trust();
    note();
    check_waits();
    report();
  }
  read();
}

// Unknown: it is no record. Elsewhere: it doesn't follow upon the last one, so something was missed or lost, and it
// isn't applied.
RedisLog::Applied RedisLog::apply(const RedisReply& entry) {
  const auto wall = wall_now_us();
  const auto record = parse_log_record(entry, MonotonicClock::now(), wall);
  if (!record || record->place.position <= place_.position) return Applied::unknown;
  const bool follows =
      record->place.position == place_.position + 1 && (!has_place_ || record->previous == place_.mark);
  if (has_place_ && !follows && !record->starts) return Applied::elsewhere;
  if (record->starts || !follows) {  // what began at the last position may have missed what took the next ones
    if (has_place_) {
      lose(record->place.position);
    } else {
      rules_.forget(record->place.position);
    }
  }
  // What begins a history is there to have a position: everything older is covered already.
  const bool skipped = options_.skip_every > 0 && (applied_ + 1) % options_.skip_every == 0;
  const InvalidationRecord nothing{InvalidationRecord::Kind::tag, {}, true};
  rules_.apply(record->place.position, skipped ? nothing : record->record.value_or(InvalidationRecord{}));
  place_ = record->place;
  has_place_ = true;
  marks_.add(place_);
  last_ = std::max(last_, place_.position);
  ++applied_;
  return Applied::yes;
}

// What a write changed and the log doesn't know yet may be what is asked for.
void RedisLog::extend_trust() {
  if (options_.trust_when_cut_off) return;
  if (unlogged_ > 0) return rules_.trust(Time::min());
  if (proof_until_ == Time{} || accused_) return;
  const bool applied =
      has_place_ && place_.position >= proof_at_.position && marks_.find(proof_at_.position) == proof_at_.mark;
  if (applied) rules_.trust(proof_until_);
}

RedisLog::Look RedisLog::look() const {
  const std::lock_guard lock(mutex_);
  Look look = look_;
  look.trusted = rules_.trusted();
  return look;
}

void RedisLog::note() {
  const std::lock_guard lock(mutex_);
  look_.following = following_;
  look_.position = place_.position;
  look_.last = last_;
  look_.trouble = trouble_;
  look_.insisting = kept_records_;
  look_.appended = appended_;
  look_.applied = applied_;
  look_.lost = lost_;
  look_.nodes.clear();
  for (const auto& [name, node] : table_.nodes()) look_.nodes.push_back(node);
}

}  // namespace weir
