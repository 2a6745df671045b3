// What no longer is valid; see invalidation.h. Fails towards asking the origin: whatever is forgotten raises the floor,
// and what began before the floor counts as covered.
#include "proxy/cache/invalidation.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/base/text.h"
#include "proxy/cache/key.h"

namespace weir {
namespace {

using Kind = InvalidationRecord::Kind;

Digest tag_name(std::string_view tag) {
  const std::array<std::string_view, 2> parts{"t:", tag};
  return hash128(parts);
}

Digest url_name(std::string_view url) {
  const std::array<std::string_view, 2> parts{"u:", url};
  return hash128(parts);
}

Digest url_name(std::string_view host, const KeyParts& key) {
  const std::array<std::string_view, 5> parts{"u:", host, key.path, key.has_query ? "?" : "", key.query};
  return hash128(parts);
}

// Without the scheme and with the host in lower case, as keys have it. A star before the first '/' may stand for part
// of a path, so such a pattern stays as it is.
InvalidationRecord as_keyed(const InvalidationRecord& record) {
  InvalidationRecord keyed = record;
  std::string& value = keyed.value;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (value.starts_with(scheme)) value.erase(0, scheme.size());
  }
  const auto host = value.substr(0, value.find('/'));
  if (host.find('*') == std::string::npos) value.replace(0, host.size(), lower(host));
  return keyed;
}

// "host/path?query" of a key, put together once for all rules; a value that begins with '/' is compared from the path
// on.
class Target {
 public:
  explicit Target(std::string_view key) {
    const KeyParts parts = key_parts(key);
    host_ = parts.host.size();
    text_.reserve(parts.host.size() + parts.path.size() + parts.query.size() + 1);
    text_.append(parts.host).append(parts.path);
    if (parts.has_query) text_.append("?").append(parts.query);
  }

  bool matches(const InvalidationRecord& record) const {
    std::string_view text = text_;
    if (record.value.starts_with('/')) text.remove_prefix(host_);
    return record.kind == Kind::prefix ? text.starts_with(record.value) : glob_match(record.value, text);
  }

 private:
  std::string text_;
  std::size_t host_ = 0;
};

}  // namespace

void InvalidationRules::Last::add(Position position) {
  before = std::exchange(last, position);
}

bool InvalidationRules::Last::within(Position since, Position until) const {
  if (last <= since) return false;
  if (last <= until) return true;
  return before > since;  // where this one is past `until` too, an earlier one may not be
}

void InvalidationRules::Found::add(const Found& other) {
  coverage = std::max(coverage, other.coverage);
  soft_at = std::min(soft_at, other.soft_at);
}

void InvalidationRules::Lasts::add(Position position, const InvalidationRecord& record) {
  (record.soft ? soft : hard).add(position);
  if (record.soft) soft_before_at = std::exchange(soft_at, record.at);
}

InvalidationRules::Found InvalidationRules::Lasts::within(Position since, Position until) const {
  if (hard.within(since, until)) return {Coverage::hard};
  if (!soft.within(since, until)) return {};
  return {Coverage::soft, soft.before > since ? soft_before_at : soft_at};
}

InvalidationRules::InvalidationRules() : InvalidationRules(Bounds{}) {}
InvalidationRules::InvalidationRules(Bounds bounds) : bounds_(bounds) {}

void InvalidationRules::apply(Position position, const InvalidationRecord& record) {
  const std::unique_lock lock(mutex_);
  if (position <= head_.load(std::memory_order_relaxed)) return;
  switch (record.kind) {
    case Kind::tag: apply_named(position, tag_name(record.value), record); break;
    case Kind::url: apply_named(position, url_name(keyed_url(record.value)), record); break;
    case Kind::prefix:
    case Kind::pattern: apply_rule(position, record); break;
    case Kind::all: all_.add(position, record); break;
  }
  head_.store(position, std::memory_order_release);  // last: who sees it sees the record
}

void InvalidationRules::forget(Position upto) {
  const std::unique_lock lock(mutex_);
  floor_ = std::max(floor_, upto);
  if (upto > head_.load(std::memory_order_relaxed)) head_.store(upto, std::memory_order_release);
}

void InvalidationRules::apply_named(Position position, const Digest& name, const InvalidationRecord& record) {
  const auto [at, is_new] = named_.try_emplace(name);
  if (is_new)
    at->second.place = order_.insert(order_.end(), name);
  else
    order_.splice(order_.end(), order_, at->second.place);
  at->second.lasts.add(position, record);
  while (named_.size() > bounds_.tags) {
    const auto oldest = named_.find(order_.front());
    floor_ = std::max({floor_, oldest->second.lasts.hard.last, oldest->second.lasts.soft.last});
    order_.pop_front();
    named_.erase(oldest);
  }
}

void InvalidationRules::apply_rule(Position position, const InvalidationRecord& record) {
  rules_.push_back(Rule{as_keyed(record), position});
  while (rules_.size() > bounds_.patterns) {
    floor_ = std::max(floor_, rules_.front().position);
    rules_.pop_front();
  }
}

InvalidationRules::Found InvalidationRules::find_named(const Digest& name, Position since, Position until) const {
  const auto at = named_.find(name);
  return at == named_.end() ? Found{} : at->second.lasts.within(since, until);
}

InvalidationRules::Found InvalidationRules::find_url(std::string_view key, Position since, Position until) const {
  const KeyParts parts = key_parts(key);
  Found found = find_named(url_name(parts.host, parts), since, until);
  found.add(find_named(url_name({}, parts), since, until));
  return found;
}

InvalidationRules::Found InvalidationRules::find_rules(std::string_view key, Position since, Position until) const {
  const auto later = [](Position position, const Rule& rule) { return position < rule.position; };
  const auto begin = std::upper_bound(rules_.begin(), rules_.end(), since, later);
  const auto end = std::upper_bound(begin, rules_.end(), until, later);
  if (begin == end) return {};
  const Target target(key);
  Found found;
  for (auto rule = begin; rule != end && found.coverage != Coverage::hard; ++rule) {
    if (!target.matches(rule->record)) continue;
    found.add(rule->record.soft ? Found{Coverage::soft, rule->record.at} : Found{Coverage::hard});
  }
  return found;
}

InvalidationRules::Found InvalidationRules::find(const Subject& subject, Position until) const {
  if (head() <= subject.since) return {};
  const std::shared_lock lock(mutex_);
  if (subject.since < floor_) return {Coverage::hard};
  Found found = all_.within(subject.since, until);
  if (found.coverage == Coverage::hard) return found;
  if (subject.tags != nullptr) {
    for (const auto& tag : *subject.tags) {
      found.add(find_named(tag_name(tag), subject.since, until));
      if (found.coverage == Coverage::hard) return found;
    }
  }
  found.add(find_url(subject.key, subject.since, until));
  if (found.coverage == Coverage::hard) return found;
  found.add(find_rules(subject.key, subject.since, until));
  return found;
}

Coverage InvalidationRules::covers(const Subject& subject, Position until) const {
  return find(subject, until).coverage;
}

// The head is read before the check, so what is noted was really looked at; a record that comes meanwhile has a higher
// position and is found by the next call.
Coverage InvalidationRules::covers(const Object& object) const {
  const Position now = head();
  const Position known = std::max(object.position, object.checked.load(std::memory_order_relaxed));
  if (now <= known) return Coverage::none;
  const Found found = find(Subject{object.key, &object.tags, known}, ~Position{0});
  if (found.coverage == Coverage::none) object.checked.store(now, std::memory_order_relaxed);
  if (found.coverage == Coverage::soft) {
    Time noted = object.soft_since.load(std::memory_order_relaxed);
    while ((noted == Time{} || found.soft_at < noted) &&
           !object.soft_since.compare_exchange_weak(noted, found.soft_at, std::memory_order_relaxed)) {}
  }
  return found.coverage;
}

std::size_t InvalidationRules::remembered() const {
  const std::shared_lock lock(mutex_);
  return named_.size() + rules_.size();
}

void MemoryLog::append(std::vector<InvalidationRecord> records, Appending, Callback<void(Result<Appended>)> done) {
  const Time now = MonotonicClock::now();
  Position position = 0;
  {
    const std::lock_guard lock(mutex_);
    position = rules_.head();
    for (auto& record : records) {
      record.at = now;
      rules_.apply(++position, record);
    }
  }
  if (done) done(Appended{position, true, {"self"}, {}});
}

}  // namespace weir
