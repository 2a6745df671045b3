// A look into the tier; see redis_tier.h for its way.
//
// PTTL goes before GET, and both are answered in order. Should another node write the entry between the two, its age
// comes out too high, never too low: the time left is then that of the older entry.
#include "proxy/shared/redis_find.h"

#include <algorithm>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/cache/vary.h"
#include "proxy/shared/redis_scripts.h"

namespace weir {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Size kUnpackedAtOnce = 128_KiB;                         // more is done in the background
constexpr Duration kTimeForPart = std::chrono::milliseconds(10);  // 1 MiB at 1 Gbit/s
constexpr std::uint32_t kPartsUnderWay = 2;  // what else is asked for on this connection comes behind them

TierMiss miss_of(const Error& error) {
  switch (error.code) {
    case Code::timeout: return TierMiss::timeout;
    case Code::unavailable:
    case Code::refused:
    case Code::closed: return TierMiss::unavailable;
    default: return TierMiss::error;
  }
}

TierMiss miss_of(Unfit unfit) {
  return static_cast<TierMiss>(static_cast<std::size_t>(TierMiss::foreign) + static_cast<std::size_t>(unfit));
}
static_assert(static_cast<std::size_t>(TierMiss::foreign) + kUnfits == kTierMisses);

}  // namespace

std::string_view word_of(TierMiss miss) noexcept {
  constexpr std::array<std::string_view, kTierMisses> kWords{
      "absent",  "variant", "known", "unavailable", "timeout",     "error",     "part",
      "foreign", "version", "cut",   "corrupt",     "another-key", "too-large", "unknown-age"};
  return kWords[static_cast<std::size_t>(miss)];
}

// What is read, and the work on it; never moved, since `entry` points into `bytes`. Used by the loop, then by one
// thread in the background, then by the loop.
struct RedisFind::Job {
  std::string bytes;
  ReadEntry entry;
  std::vector<std::string> parts;
  std::shared_ptr<const Seal> seal;
  std::optional<Unfit> unfit;

  void run() {
    std::vector<std::string_view> written(parts.begin(), parts.end());
    if (parts.empty()) written.push_back(entry.body);
    unfit = unpack_body(*entry.object, entry.place, written, *seal);
  }
};

RedisFind::RedisFind(RedisTierContext& tier, const RedisTier::Asked& asked, const Fields& request, bool wants_lease,
                     Callback<void(TierOrLease)> done)
    : tier_(tier),
      key_(asked.key),
      digest_(asked.digest),
      most_(asked.most),
      known_(asked.known),
      request_(request),
      wants_lease_(wants_lease),
      done_(std::move(done)),
      began_(MonotonicClock::now()),
      stem_(tier.names.stem(key_)) {}

void RedisFind::start() {
  tier_.counters.finds.add();
  ask(EntryNames::entry(stem_), EntryNames::lease(stem_));
}

void RedisFind::cancel() {
  done_.reset();
  calls_.clear();
  if (!token_.empty()) tier_.leases.give_back(lease_, std::exchange(token_, {}));
}

Duration RedisFind::time_left() const {
  return std::max<Duration>(tier_.settings.timeout - (MonotonicClock::now() - began_), std::chrono::milliseconds(1));
}

void RedisFind::ask(std::string name, std::string lease) {
  name_ = std::move(name);
  lease_ = std::move(lease);
  calls_.clear();
  left_.reset();
  asked_ = MonotonicClock::now();
  if (wants_lease_)
    ask_entry_or_lease();
  else
    ask_entry();
}

void RedisFind::ask_entry() {
  calls_.resize(2);
  calls_[0] = tier_.redis.call({{"PTTL", name_}, name_, time_left()}, [this](const Result<RedisReply>& reply) {
    calls_[0].done();
    if (!reply.ok()) return miss(miss_of(reply.error()));
    if (reply.value().kind != RedisReply::Kind::integer) return miss(TierMiss::error);
    left_ = reply.value().integer;
  });
  calls_[1] = tier_.redis.call({{"GET", name_}, name_, time_left()}, [this](Result<RedisReply> reply) {
    calls_[1].done();
    on_entry(std::move(reply));
  });
}

void RedisFind::on_entry(Result<RedisReply> reply) {
  if (!reply.ok()) return miss(miss_of(reply.error()));
  if (reply.value().is_nil()) return miss(followed_ ? TierMiss::variant : TierMiss::absent);
  if (!reply.value().is_string() || !left_) return miss(TierMiss::error);  // no time before it: not in order
  if (*left_ == -2) return miss(TierMiss::absent);                         // it came between the two
  read(std::move(reply.value().text));
}

void RedisFind::ask_entry_or_lease() {
  token_ = random_id();
  lease_asked_ = Steady::now();
  RedisCommand command{
      {"EVAL", std::string(redis_scripts::kFindOrTake), "2", name_, lease_, token_, tier_.leases.bound_ms(), known_},
      name_,
      time_left()};
  calls_.resize(1);
  calls_[0] = tier_.redis.call(std::move(command), [this](Result<RedisReply> reply) {
    calls_[0].done();
    on_entry_or_lease(std::move(reply));
  });
}

void RedisFind::on_entry_or_lease(Result<RedisReply> reply) {
  if (!reply.ok()) return miss(miss_of(reply.error()));  // and the lease, if it was taken, goes back
  RedisReply& said = reply.value();
  if (said.kind != RedisReply::Kind::array) {
    const TierMiss why = !known_.empty() ? TierMiss::known : followed_ ? TierMiss::variant : TierMiss::absent;
    return end_with(tier_.leases.answer_to(said, lease_, std::exchange(token_, {}), lease_asked_), why);
  }
  token_.clear();
  const bool whole =
      said.elements.size() == 2 && said.elements[0].kind == RedisReply::Kind::integer && said.elements[1].is_string();
  if (!whole) return miss(TierMiss::error);
  left_ = said.elements[0].integer;
  read(std::move(said.elements[1].text));
}

void RedisFind::read(std::string bytes) {
  tier_.counters.bytes_read.add(bytes.size());
  job_ = std::make_shared<Job>();
  job_->bytes = std::move(bytes);
  job_->seal = tier_.seal;
  const Sighting seen{key_, digest_, asked_, *left_, most_};
  auto entry = read_entry(job_->bytes, seen, *tier_.seal);
  if (const auto* const why = std::get_if<Unfit>(&entry)) return unfit(miss_of(*why));
  if (const auto* const note = std::get_if<VaryNote>(&entry)) return follow(*note);
  job_->entry = std::move(std::get<ReadEntry>(entry));
  const Object& object = *job_->entry.object;
  // Under a base name stands what doesn't vary, under a variant's what this very request selects.
  if (object.vary_names.empty() == followed_ || !vary_matches(object, request_)) return unfit(TierMiss::another_key);
  if (job_->entry.place.parts > 0) return ask_parts();
  unpack();
}

void RedisFind::follow(const VaryNote& note) {
  if (std::exchange(followed_, true)) return unfit(TierMiss::corrupt);  // a note where only entries stand
  std::vector<std::string> values;
  for (const auto& name : note.names) values.push_back(vary_value(request_, name));
  const std::string id = tier_.names.variant_id(key_, note.names, values);
  ask(EntryNames::variant(stem_, id), EntryNames::variant_lease(stem_, id));
}

// A few at a time: others want to be answered, too.
void RedisFind::ask_parts() {
  const BodyPlace& place = job_->entry.place;
  job_->parts.resize(place.parts);
  calls_.clear();
  calls_.resize(place.parts);
  parts_until_ = MonotonicClock::now() + time_left() + kTimeForPart * place.parts;
  while (parts_asked_ < std::min(place.parts, kPartsUnderWay)) ask_part();
}

void RedisFind::ask_part() {
  const std::uint32_t n = parts_asked_++;
  const std::string name = EntryNames::part(stem_, job_->entry.place.parts_name, n);
  const Duration left = std::max<Duration>(parts_until_ - MonotonicClock::now(), kTimeForPart * kPartsUnderWay);
  calls_[n] = tier_.redis.call({{"GET", name}, name, left}, [this, n](Result<RedisReply> reply) {
    calls_[n].done();
    on_part(n, std::move(reply));
  });
}

void RedisFind::on_part(std::size_t n, Result<RedisReply> reply) {
  if (!reply.ok()) return miss(miss_of(reply.error()));
  if (!reply.value().is_string()) return unfit(TierMiss::part);
  const BodyPlace& place = job_->entry.place;
  const Size wanted = std::min<Size>(kPart, place.written - n * kPart);
  if (reply.value().text.size() != wanted) return unfit(TierMiss::corrupt);
  tier_.counters.bytes_read.add(wanted);
  job_->parts[n] = std::move(reply.value().text);
  if (++parts_here_ == place.parts) return unpack();
  if (parts_asked_ < place.parts) ask_part();
}

void RedisFind::unpack() {
  if (std::max(job_->entry.place.size, job_->entry.place.written) <= kUnpackedAtOnce) {
    job_->run();
    return unpacked();
  }
  tier_.background.urgent([job = job_, weak = weak_from_this(), &loop = tier_.loop] {
    job->run();
    loop.post([weak] {
      if (const auto self = weak.lock()) self->unpacked();
    });
  });
}

void RedisFind::unpacked() {
  if (job_->unfit) return unfit(miss_of(*job_->unfit));
  tier_.counters.hits.add();
  finish(TierFound{std::move(job_->entry.object), job_->entry.mark, std::string(seal_of_entry())});
}

// Its last bytes, whether or not it verifies: by them it is told from what is written there later.
std::string_view RedisFind::seal_of_entry() const {
  const std::string_view bytes = job_->bytes;
  return bytes.substr(bytes.size() - std::min(bytes.size(), Seal::kSize));
}

// Nobody should come across it again, but for one that is only larger than we want it.
void RedisFind::unfit(TierMiss why) {
  if (why != TierMiss::too_large) tier_.erase(name_, seal_of_entry());
  if (!wants_lease_) return miss(why);
  calls_.clear();
  calls_.resize(1);
  calls_[0] = tier_.leases.acquire_named(lease_, [this, why](LeaseAnswer answer) {
    calls_[0].done();
    end_with(std::move(answer), why);
  });
}

void RedisFind::end_with(LeaseAnswer answer, TierMiss why) {
  if (std::holds_alternative<LeaseUnavailable>(answer)) return miss(why);
  tier_.counters.misses[static_cast<std::size_t>(why)].add();
  if (auto* const lease = std::get_if<RedisLease>(&answer)) return finish(std::move(*lease));
  if (std::holds_alternative<LeasePass>(answer)) return finish(LeasePass{});
  finish(LeaseHeld{});
}

void RedisFind::miss(TierMiss why) {
  tier_.counters.misses[static_cast<std::size_t>(why)].add();
  finish(TierMissed{why});
}

void RedisFind::finish(TierOrLease answer) {
  const auto self = shared_from_this();  // the asker may drop the operation inside
  auto done = std::move(done_);
  cancel();
  if (done) done(std::move(answer));
}

}  // namespace weir
