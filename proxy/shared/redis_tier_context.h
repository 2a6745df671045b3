// What a find and a put share, and what is counted: one loop's view of the tier. Plain data, owned by RedisTier.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/metrics.h"
#include "proxy/base/units.h"
#include "proxy/net/background.h"
#include "proxy/net/loop.h"
#include "proxy/shared/entry.h"
#include "proxy/shared/entry_names.h"
#include "proxy/shared/redis.h"
#include "proxy/shared/redis_chores.h"
#include "proxy/shared/redis_lease.h"
#include "proxy/shared/redis_scripts.h"

namespace weir {

struct RedisTierSettings {
  std::string prefix;                                // without braces
  std::string secret;                                // the same on all nodes; empty: entries have a checksum only
  Duration timeout = std::chrono::milliseconds(25);  // of a find; its parts get a little more
  Duration write_timeout = std::chrono::seconds(1);  // of each command of a put
  Size compress_above = 1_KiB;
  Size most_waiting = 8_MiB;  // of bodies that wait to be written
  RedisLeaseSettings lease;
};

// Why Redis had nothing to answer with. The last seven are Unfit, in its order.
enum class TierMiss : std::uint8_t {
  absent,
  variant,      // there are answers, for other request fields
  known,        // still the entry that the asker knows, and that won't do
  unavailable,  // the breaker is open, or the connection is gone
  timeout,
  error,  // Redis said no, or something that is no answer
  part,   // the entry is there, a part of its body isn't
  foreign,
  version,
  cut,
  corrupt,
  another_key,
  too_large,
  unknown_age,
};
inline constexpr std::size_t kTierMisses = 14;
std::string_view word_of(TierMiss miss) noexcept;  // a token, for metrics

// Any thread may read them.
struct RedisTierCounters {
  Counter finds, hits;
  std::array<Counter, kTierMisses> misses;  // by TierMiss
  Counter puts;                             // written
  Counter puts_dropped;                     // Redis unwell, too much waiting, or failed half way
  Counter puts_fenced;                      // the lease was lost: another may have written meanwhile
  Counter bytes_read, bytes_written;        // of entries and parts
  Counter deletions;
};

struct RedisTierContext {
  RedisTierContext(Loop& its_loop, Background& its_background, Redis& its_redis, RedisTierSettings its_settings)
      : loop(its_loop),
        background(its_background),
        redis(its_redis),
        settings(std::move(its_settings)),
        seal(std::make_shared<const Seal>(settings.secret)),
        names(settings.prefix, seal),
        chores(redis),
        leases(loop, redis, names, settings.lease) {}

  // Forgets what doesn't verify, or what is asked to go. Nobody waits for it.
  void erase(std::vector<std::string> names_of_one_key) {
    RedisCommand command;
    command.key = names_of_one_key.front();
    command.timeout = settings.write_timeout;
    command.words.emplace_back("UNLINK");
    for (auto& name : names_of_one_key) command.words.push_back(std::move(name));
    if (chores.run(std::move(command))) counters.deletions.add();
  }

  // The same, of the one entry that ends with that seal: what another node wrote there meanwhile stays.
  void erase(const std::string& name, std::string_view seal_of_it) {
    if (seal_of_it.empty()) return erase({name});
    RedisCommand command{
        {"EVAL", std::string(redis_scripts::kErase), "1", name, std::string(seal_of_it)}, name, settings.write_timeout};
    if (chores.run(std::move(command))) counters.deletions.add();
  }

  Loop& loop;
  Background& background;
  Redis& redis;
  const RedisTierSettings settings;
  const std::shared_ptr<const Seal> seal;  // work in the background holds on to it
  const EntryNames names;
  RedisTierCounters counters;
  RedisChores chores;
  RedisLeases leases;
};

}  // namespace weir
