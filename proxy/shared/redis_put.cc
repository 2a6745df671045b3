// An object on its way into the tier; see redis_tier.h for its way.
//
// A command may lie in front of a Redis that hangs and be carried out much later. So that an entry doesn't look younger
// then than it is, its end is told as a moment (PXAT) by Redis's own clock, which is asked for just before: whenever
// the entry is written, what is left of its life is what is left.
#include "proxy/shared/redis_put.h"

#include <utility>

#include "proxy/base/text.h"
#include "proxy/shared/redis_scripts.h"

namespace weir {
namespace {

constexpr Size kPackedAtOnce = 16_KiB;  // more is done in the background
// Milliseconds, by when nobody reads so many parts of an older entry any more.
std::uint64_t readers_are_done(std::size_t parts) {
  return 2000 + 50 * parts;
}

// Milliseconds since 1970, rounded down, of a reply to TIME; 0: it isn't one.
std::int64_t time_of(const RedisReply& reply) {
  if (reply.kind != RedisReply::Kind::array || reply.elements.size() != 2) return 0;
  const auto seconds = parse_number(reply.elements[0].text);
  const auto microseconds = parse_number(reply.elements[1].text);
  constexpr std::uint64_t kMostSeconds = std::uint64_t{1} << 40;
  if (!seconds || !microseconds || *seconds > kMostSeconds || *microseconds >= 1000000) return 0;
  return static_cast<std::int64_t>(*seconds * 1000 + *microseconds / 1000);
}

}  // namespace

RedisPut::RedisPut(RedisTierContext& tier, ObjectPtr object, std::uint64_t mark, RedisLease lease,
                   Callback<void()> over)
    : tier_(tier),
      object_(std::move(object)),
      mark_(mark),
      lease_(std::move(lease)),
      over_(std::move(over)),
      packing_(std::make_shared<Packing>(Packing{object_, tier.seal, tier.settings.compress_above, {}})),
      stem_(tier.names.stem(object_->key)) {
  const Object& it = *object_;
  name_ = EntryNames::entry(stem_);
  if (it.vary_names.empty()) return;
  note_ = write_note(it.key, it.vary_names, *tier.seal);
  name_ = EntryNames::variant(stem_, tier.names.variant_id(it.key, it.vary_names, it.vary_values));
}

bool RedisPut::start() {
  if (waiting() <= kPackedAtOnce) {
    packing_->run();
    ask_time();
    return true;
  }
  auto work = [packing = packing_, weak = weak_from_this(), &loop = tier_.loop] {
    packing->run();
    loop.post([weak] {
      if (const auto self = weak.lock()) self->ask_time();
    });
  };
  if (!lease_) return tier_.background.idle(std::move(work));
  tier_.background.urgent(std::move(work));  // other nodes wait for it
  return true;
}

void RedisPut::write(std::vector<std::string> words, Callback<void(const Result<RedisReply>&)> done) {
  calls_.clear();
  calls_.resize(1);
  calls_[0] = tier_.redis.call({std::move(words), name_, tier_.settings.write_timeout},
                               [this, done = std::move(done)](const Result<RedisReply>& reply) mutable {
                                 calls_[0].done();
                                 done(reply);
                               });
}

void RedisPut::ask_time() {
  calls_.resize(2);
  calls_[0] =
      tier_.redis.call({{"GETRANGE", name_, "0", std::to_string(kEntryHead - 1)}, name_, tier_.settings.write_timeout},
                       [this](const Result<RedisReply>& reply) {
                         calls_[0].done();
                         if (reply.ok()) old_parts_ = parts_named_in(reply.value().text);
                       });
  calls_[1] =
      tier_.redis.call({{"TIME"}, name_, tier_.settings.write_timeout}, [this](const Result<RedisReply>& reply) {
        calls_[1].done();
        on_time(reply);
      });
}

void RedisPut::on_time(const Result<RedisReply>& reply) {
  const std::int64_t time = reply.ok() ? time_of(reply.value()) : 0;
  if (time == 0) return fail(tier_.counters.puts_dropped);
  written_.now = MonotonicClock::now();  // a little after Redis looked: it comes out too old by that, not too young
  written_.kept = time_to_keep(*object_, written_.now);
  written_.mark = mark_;
  ends_at_ = time + written_.kept.count();
  if (written_.kept.count() == 0) return end();
  if (parts_of(packing_->body.bytes.size()) == 0) return write_entry();
  parts_.name = random_id();
  written_.parts = parts_.name;
  write_part();
}

// One by one: no more than a part at a time stands between a find and its answer.
void RedisPut::write_part() {
  if (parts_.count == parts_of(packing_->body.bytes.size())) return write_entry();
  if (lease_ && !lease_.is_held()) return fail(tier_.counters.puts_fenced);
  const auto part = part_of(packing_->body.bytes, parts_.count);
  std::string name = EntryNames::part(stem_, parts_.name, parts_.count++);
  write({"SET", std::move(name), std::string(part), "PXAT", std::to_string(ends_at_)},
        [this, size = part.size()](const Result<RedisReply>& reply) {
          if (!reply.ok()) return fail(tier_.counters.puts_dropped);
          tier_.counters.bytes_written.add(size);
          write_part();
        });
}

void RedisPut::write_entry() {
  if (lease_ && !lease_.is_held()) return fail(tier_.counters.puts_fenced);
  std::string entry = weir::write_entry(*object_, packing_->body, written_, *tier_.seal);
  tier_.counters.bytes_written.add(entry.size());
  std::vector<std::string> words;
  if (!lease_ && note_.empty()) {
    words = {"SET", name_, std::move(entry), "PXAT", std::to_string(ends_at_)};
  } else {
    const std::string base = EntryNames::entry(stem_);
    words = {"EVAL",
             std::string(redis_scripts::kPut),
             "3",
             name_,
             base,
             lease_ ? lease_.name() : base,
             std::move(entry),
             std::to_string(ends_at_),
             std::to_string(written_.kept.count()),
             note_,
             lease_ ? lease_.token() : std::string()};
  }
  write(std::move(words), [this](const Result<RedisReply>& reply) { on_entry(reply); });
}

void RedisPut::on_entry(const Result<RedisReply>& reply) {
  if (!reply.ok()) return fail(tier_.counters.puts_dropped);
  if (reply.value().kind == RedisReply::Kind::integer && reply.value().integer == 0) {
    lease_.spent();
    return fail(tier_.counters.puts_fenced);
  }
  lease_.spent();
  tier_.counters.puts.add();
  if (old_parts_.count > 0) {
    auto names = names_of(old_parts_);
    RedisCommand retire{{"EVAL", std::string(redis_scripts::kRetire), std::to_string(names.size())},
                        name_,
                        tier_.settings.write_timeout};
    retire.words.insert(retire.words.end(), names.begin(), names.end());
    retire.words.push_back(std::to_string(readers_are_done(old_parts_.count)));
    tier_.chores.run(std::move(retire));
  }
  end();
}

std::vector<std::string> RedisPut::names_of(const PartsName& parts) const {
  std::vector<std::string> names;
  for (std::uint32_t n = 0; n < parts.count; ++n) names.push_back(EntryNames::part(stem_, parts.name, n));
  return names;
}

// Parts that no entry names would only take room.
void RedisPut::fail(Counter& counter) {
  counter.add();
  if (parts_.count > 0) tier_.erase(names_of(parts_));
  end();
}

void RedisPut::end() {
  const auto self = shared_from_this();
  calls_.clear();
  lease_.release();
  if (auto over = std::move(over_)) over();
}

}  // namespace weir
