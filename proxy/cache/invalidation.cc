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

Coverage stronger(Coverage a, Coverage b) {
  return std::max(a, b);
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

Coverage InvalidationRules::Lasts::within(Position since, Position until) const {
  if (hard.within(since, until)) return Coverage::hard;
  return soft.within(since, until) ? Coverage::soft : Coverage::none;
}

InvalidationRules::InvalidationRules() : InvalidationRules(Bounds{}) {}
InvalidationRules::InvalidationRules(Bounds bounds) : bounds_(bounds) {}

void InvalidationRules::apply(Position position, const InvalidationRecord& record) {
  const std::unique_lock lock(mutex_);
  if (position <= head_.load(std::memory_order_relaxed)) return;
  switch (record.kind) {
    case Kind::tag: apply_named(position, tag_name(record.value), record.soft); break;
    case Kind::url: apply_named(position, url_name(keyed_url(record.value)), record.soft); break;
    case Kind::prefix:
    case Kind::pattern: apply_rule(position, record); break;
    case Kind::all: (record.soft ? all_.soft : all_.hard).add(position); break;
  }
  head_.store(position, std::memory_order_release);  // last: who sees it sees the record
}

void InvalidationRules::apply_named(Position position, const Digest& name, bool soft) {
  const auto [at, is_new] = named_.try_emplace(name);
  if (is_new)
    at->second.place = order_.insert(order_.end(), name);
  else
    order_.splice(order_.end(), order_, at->second.place);
  Lasts& lasts = at->second.lasts;
  (soft ? lasts.soft : lasts.hard).add(position);
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

Coverage InvalidationRules::named_coverage(const Digest& name, Position since, Position until) const {
  const auto at = named_.find(name);
  return at == named_.end() ? Coverage::none : at->second.lasts.within(since, until);
}

Coverage InvalidationRules::url_coverage(std::string_view key, Position since, Position until) const {
  const KeyParts parts = key_parts(key);
  return stronger(named_coverage(url_name(parts.host, parts), since, until),
                  named_coverage(url_name({}, parts), since, until));
}

Coverage InvalidationRules::rule_coverage(std::string_view key, Position since, Position until) const {
  const auto later = [](Position position, const Rule& rule) { return position < rule.position; };
  const auto begin = std::upper_bound(rules_.begin(), rules_.end(), since, later);
  const auto end = std::upper_bound(begin, rules_.end(), until, later);
  if (begin == end) return Coverage::none;
  const Target target(key);
  Coverage strongest = Coverage::none;
  for (auto rule = begin; rule != end && strongest != Coverage::hard; ++rule) {
    if (!target.matches(rule->record)) continue;
    strongest = stronger(strongest, rule->record.soft ? Coverage::soft : Coverage::hard);
  }
  return strongest;
}

Coverage InvalidationRules::covers(const Subject& subject, Position until) const {
  if (head() <= subject.since) return Coverage::none;
  const std::shared_lock lock(mutex_);
  if (subject.since < floor_) return Coverage::hard;
  Coverage strongest = all_.within(subject.since, until);
  if (strongest == Coverage::hard) return strongest;
  if (subject.tags != nullptr) {
    for (const auto& tag : *subject.tags) {
      strongest = stronger(strongest, named_coverage(tag_name(tag), subject.since, until));
      if (strongest == Coverage::hard) return strongest;
    }
  }
  strongest = stronger(strongest, url_coverage(subject.key, subject.since, until));
  if (strongest == Coverage::hard) return strongest;
  return stronger(strongest, rule_coverage(subject.key, subject.since, until));
}

// The head is read before the check, so what is noted was really looked at; a record that comes meanwhile has a higher
// position and is found by the next call.
Coverage InvalidationRules::covers(const Object& object) const {
  const Position now = head();
  const Position known = std::max(object.position, object.checked.load(std::memory_order_relaxed));
  if (now <= known) return Coverage::none;
  const Coverage found = covers(Subject{object.key, &object.tags, known});
  if (found == Coverage::none) object.checked.store(now, std::memory_order_relaxed);
  return found;
}

std::size_t InvalidationRules::remembered() const {
  const std::shared_lock lock(mutex_);
  return named_.size() + rules_.size();
}

void MemoryLog::append(std::vector<InvalidationRecord> records, Callback<void(Result<Position>)> done) {
  Position position = 0;
  {
    const std::lock_guard lock(mutex_);
    position = rules_.head();
    for (const auto& record : records) rules_.apply(++position, record);
  }
  if (done) done(position);
}

}  // namespace weir
