// What the answers of a route have in common; see dictionaries.h.
#include "proxy/fetch/dictionaries.h"

#include <algorithm>
#include <utility>

#include "proxy/base/arena.h"
#include "proxy/base/text.h"
#include "proxy/cache/form.h"
#include "proxy/cache/key.h"
#include "proxy/fetch/fetch.h"
#include "proxy/http/date.h"

namespace weir {
namespace {

constexpr std::size_t kMostPrevious = 16;
constexpr std::size_t kMostMade = 4;  // of them with their tables, which take most of a MiB
constexpr Size kLargestPrevious = 32_KiB;
constexpr auto kUnused = std::chrono::minutes(5);  // after that another answer may take its place
constexpr Size kSmallestSample = 64;
constexpr Size kLargestSample = 16_KiB;
constexpr Size kMostSampled = 1_MiB;
constexpr std::size_t kEnoughSamples = 100;
constexpr Size kEnoughSampled = 24_KiB;
constexpr Size kSmallestTrained = 2_KiB, kLargestTrained = 16_KiB;
constexpr auto kLifetime = std::chrono::hours(24);  // of a trained one at clients

std::string hex(const Sha256& hash) {
  std::string text;
  for (std::size_t i = 0; i < hash.size(); i += 8) {
    std::uint64_t part = 0;
    for (std::size_t j = 0; j < 8; ++j) part = part << 8 | hash[i + j];
    const auto digits = hex_of(part);
    text.append(digits.data(), digits.size());
  }
  return text;
}

// As a request for it would have it: so that URL, prefix and pattern purges find it.
std::string key_of(std::string_view path, std::string_view host) {
  Arena arena;
  RequestHead request;
  request.path = path;
  request.authority = host;
  return std::string(make_key(KeySpec{}, request, arena).bytes);
}

std::string_view host_of(const Object& object) {
  return key_parts(object.key).host;
}

}  // namespace

RouteDictionaries::RouteDictionaries(DictionaryPolicy policy, const InvalidationRules& rules, Background& background)
    : policy_(std::move(policy)), rules_(rules), background_(background), enough_(kEnoughSamples) {}

bool RouteDictionaries::learn(const Object& object) {
  if (object.status != 200 || object.coding != ContentCoding::identity || !object.vary_names.empty()) return false;
  if (rules_.covers(object) != Coverage::none) return false;  // purged while it was fetched
  if (policy_.source == DictionarySource::previous) return learn_previous(object);
  learn_sample(object);
  return false;
}

// A full house takes in another answer only for one that is purged, or that no client has come with for a while: what
// clients were told to keep should be good for something.
bool RouteDictionaries::learn_previous(const Object& object) {
  if (object.body->size() < kSmallestSample || object.body->size() > kLargestPrevious) return false;
  const Sha256 hash = sha256(object.body->copy());
  auto kept = copy_of(object);
  kept->forms = {};
  const Time now = MonotonicClock::now();
  const std::lock_guard lock(mutex_);
  std::erase_if(previous_, [&](const Previous& one) { return rules_.covers(*one.object) == Coverage::hard; });
  const auto same = std::find_if(previous_.begin(), previous_.end(), [&](const Previous& one) {
    return one.hash == hash && host_of(*one.object) == host_of(object);
  });
  if (same != previous_.end()) {
    same->object = std::move(kept);
    return true;
  }
  if (previous_.size() == kMostPrevious) {
    const auto oldest = std::min_element(previous_.begin(), previous_.end(),
                                         [](const Previous& a, const Previous& b) { return a.used < b.used; });
    if (oldest->used + kUnused > now) return false;
    previous_.erase(oldest);
  }
  previous_.push_back({std::move(kept), hash, nullptr, now});
  return true;
}

void RouteDictionaries::learn_sample(const Object& object) {
  const Size size = object.body->size();
  if (size < kSmallestSample || size > kLargestSample) return;
  const std::lock_guard lock(mutex_);
  if (training_ || current_locked() || sampled_ + size > kMostSampled) return;
  const bool known = std::any_of(samples_.begin(), samples_.end(),
                                 [&](const BodyPtr& sample) { return sample->digest() == object.body->digest(); });
  if (known) return;
  if (samples_.empty()) host_ = host_of(object);
  if (host_of(object) != host_) return;
  sampled_since_ = samples_.empty() ? object.position : std::min(sampled_since_, object.position);
  samples_.push_back(object.body);
  sampled_ += size;
  const bool enough = samples_.size() >= enough_ && sampled_ >= kEnoughSampled;
  if (!enough && sampled_ + kLargestSample <= kMostSampled) return;
  training_ = true;
  sampled_ = 0;
  auto samples = std::exchange(samples_, {});
  const bool queued =
      background_.idle([weak = weak_from_this(), samples = std::move(samples), host = host_, since = sampled_since_] {
        if (const auto self = weak.lock()) self->train(samples, host, since);
      });
  if (!queued) training_ = false;
}

void RouteDictionaries::train(const std::vector<BodyPtr>& samples, const std::string& host, Position since) {
  std::vector<std::string> texts;
  Size total = 0;
  for (const BodyPtr& sample : samples) total += texts.emplace_back(sample->copy()).size();
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  auto bytes = train_dictionary(views, std::clamp<Size>(total / 12, kSmallestTrained, kLargestTrained));
  auto dictionary = bytes ? Dictionary::make(std::move(*bytes)) : std::move(bytes).error();
  auto trained = std::make_shared<Trained>();
  if (dictionary) {
    trained->dictionary = *dictionary;
    trained->path = std::string(kPath) + hex(trained->dictionary->hash());
    trained->link = "Link: <" + trained->path + ">; rel=\"compression-dictionary\"\r\n";
    trained->since = since;
    trained->file = file_of(*trained, host);
  }
  const std::lock_guard lock(mutex_);
  training_ = false;
  if (dictionary) {
    trained_ = std::move(trained);
  } else {
    enough_ = std::min(enough_ * 2, kEnoughSamples * 64);  // they had too little in common
  }
}

ObjectPtr RouteDictionaries::file_of(const Trained& trained, const std::string& host) const {
  const Dictionary& dictionary = *trained.dictionary;
  auto file = std::make_shared<Object>();
  file->key = key_of(trained.path, host);
  file->digest = hash128(file->key);
  file->tags = policy_.tags;
  file->position = trained.since;
  file->body = Body::of(dictionary.bytes());
  file->life.received = MonotonicClock::now();
  file->life.fresh_for = kLifetime;
  const std::string match = "match=\"" + policy_.match + "\"";
  const std::string etag = "\"" + hex(dictionary.hash()) + "\"";
  const DateText date = format_date(wall_now());
  Fields fields;
  fields.add("Content-Type", "application/octet-stream");
  fields.add(Name::cache_control, "public, max-age=86400");
  fields.add(Name::use_as_dictionary, match);
  fields.add(Name::etag, etag);
  fields.add(Name::date, {date.data(), date.size()});
  set_head(*file, 200, "OK", std::move(fields), file->body->size());
  file->head304 = head_of_304(*file);
  return file;
}

// Served with a new age before clients would find it stale.
std::shared_ptr<const RouteDictionaries::Trained> RouteDictionaries::current_locked() {
  if (!trained_) return nullptr;
  if (rules_.covers(*trained_->file) != Coverage::none) {
    trained_.reset();
  } else if (trained_->file->life.ttl(MonotonicClock::now()) < kLifetime / 2) {
    auto renewed = std::make_shared<Trained>(*trained_);
    renewed->file = file_of(*renewed, std::string(host_of(*trained_->file)));
    trained_ = std::move(renewed);
  }
  return trained_;
}

// The tables of the one that was asked for the longest ago go.
void RouteDictionaries::make_current_locked(Previous& one) {
  one.used = MonotonicClock::now();
  if (one.made) return;
  auto made = Dictionary::make(one.object->body->copy());
  if (!made) return;
  one.made = std::move(*made);
  Previous* oldest = nullptr;
  std::size_t count = 0;
  for (Previous& other : previous_) {
    if (!other.made) continue;
    ++count;
    if (oldest == nullptr || other.used < oldest->used) oldest = &other;
  }
  if (count > kMostMade) oldest->made.reset();
}

std::shared_ptr<const Dictionary> RouteDictionaries::find(const Sha256& hash, std::string_view host) {
  const std::lock_guard lock(mutex_);
  if (policy_.source == DictionarySource::trained) {
    const auto trained = current_locked();
    return trained && trained->dictionary->hash() == hash && host_of(*trained->file) == host ? trained->dictionary
                                                                                             : nullptr;
  }
  const auto at = std::find_if(previous_.begin(), previous_.end(),
                               [&](const Previous& one) { return one.hash == hash && host_of(*one.object) == host; });
  if (at == previous_.end()) return nullptr;
  if (rules_.covers(*at->object) == Coverage::hard) {
    previous_.erase(at);
    return nullptr;
  }
  make_current_locked(*at);
  return at->made;
}

ObjectPtr RouteDictionaries::file(std::string_view path, std::string_view host) {
  const std::lock_guard lock(mutex_);
  const auto trained = current_locked();
  return trained && trained->path == path && host_of(*trained->file) == host ? trained->file : nullptr;
}

void RouteDictionaries::announce(const Object& answer, std::string& out) {
  if (policy_.source == DictionarySource::previous) {
    if (answer.is_dictionary) out.append("Use-As-Dictionary: match=\"").append(policy_.match).append("\"\r\n");
    return;
  }
  const std::lock_guard lock(mutex_);
  const auto trained = current_locked();
  if (trained && host_of(*trained->file) == host_of(answer)) out.append(trained->link);
}

std::shared_ptr<RouteDictionaries> DictionaryTable::of(const std::string& route, const DictionaryPolicy& policy) {
  const std::lock_guard lock(mutex_);
  std::erase_if(routes_, [](const auto& entry) { return entry.second.expired(); });
  auto dictionaries = routes_[route].lock();
  if (!dictionaries || !(dictionaries->policy() == policy)) {
    dictionaries = std::make_shared<RouteDictionaries>(policy, rules_, background_);
    routes_[route] = dictionaries;
  }
  return dictionaries;
}

}  // namespace weir
