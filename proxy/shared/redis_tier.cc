// The tier as its callers see it; see redis_tier.h. The ways of a find and of a put are in files of their own.
#include "proxy/shared/redis_tier.h"

#include <algorithm>
#include <utility>

#include "proxy/shared/redis_find.h"
#include "proxy/shared/redis_put.h"

namespace weir {

RedisTier::RedisTier(Loop& loop, Background& background, Redis& redis, RedisTierSettings settings)
    : context_(loop, background, redis, std::move(settings)) {}
RedisTier::~RedisTier() = default;

Operation RedisTier::find_or_lease(const Asked& asked, const Fields& request, Callback<void(TierOrLease)> done) {
  auto find = std::make_shared<RedisFind>(context_, asked, request, true, std::move(done));
  find->start();
  return Operation([find] { find->cancel(); });
}

Operation RedisTier::find(const Asked& asked, const Fields& request, Callback<void(TierAnswer)> done) {
  auto find = std::make_shared<RedisFind>(context_, asked, request, false,
                                          [done = std::move(done)](TierOrLease answer) mutable {
                                            if (auto* const found = std::get_if<TierFound>(&answer))
                                              return done(std::move(*found));
                                            done(std::get<TierMissed>(answer));  // no lease was asked for
                                          });
  find->start();
  return Operation([find] { find->cancel(); });
}

void RedisTier::put(ObjectPtr object, std::uint64_t mark, RedisLease lease) {
  if (!may_be_written(*object)) return context_.counters.puts_dropped.add();
  if (time_to_keep(*object, MonotonicClock::now()).count() == 0) return;
  // One object may be larger than all that may wait, if it waits alone.
  const bool crowded = !puts_.empty() && waiting_ + object->body->size() > context_.settings.most_waiting;
  if (crowded || puts_.size() >= kMostPuts || !context_.redis.well()) return context_.counters.puts_dropped.add();
  const auto place = puts_.emplace(puts_.end());
  *place = std::make_shared<RedisPut>(context_, std::move(object), mark, std::move(lease), [this, place] {
    waiting_ -= (*place)->waiting();
    puts_.erase(place);
  });
  if ((*place)->start()) {
    waiting_ += (*place)->waiting();
    return;
  }
  puts_.erase(place);
  context_.counters.puts_dropped.add();
}

void RedisTier::erase(std::string_view key) {
  context_.erase({EntryNames::entry(context_.names.stem(key))});
}

void RedisTier::erase(const Object& object) {
  if (object.vary_names.empty()) return erase(object.key);
  const std::string id = context_.names.variant_id(object.key, object.vary_names, object.vary_values);
  context_.erase({EntryNames::variant(context_.names.stem(object.key), id)});
}

}  // namespace weir
