// What this node has to do with others: the shared log as it stands, and the workers' counters of Redis added up.
#pragma once

#include <array>
#include <cstdint>

#include "proxy/base/json.h"
#include "proxy/fetch/context.h"
#include "proxy/shared/postgres.h"
#include "proxy/shared/redis_log.h"

namespace weir {

struct SharingCounts {
  std::uint64_t finds = 0, hits = 0, puts = 0, puts_dropped = 0, puts_fenced = 0, deletions = 0;
  std::uint64_t bytes_read = 0, bytes_written = 0;
  std::array<std::uint64_t, kTierMisses> misses{};
  std::uint64_t leases_taken = 0, leases_held = 0, leases_passed = 0, leases_lost = 0;
  std::uint64_t commands = 0, errors = 0, timeouts = 0, refused = 0, connects = 0;

  // One worker's, while that runs.
  void add(const Redis& redis, RedisTier& tier);
};

struct SharingLook {
  SharingCounts counts;
  RedisLog::Look log;

  std::string_view status() const { return !log.trusted ? "down" : log.following ? "ok" : "degraded"; }
};

// The listener to the database.
struct DatabaseLook {
  PostgresState state;
  std::uint64_t rows = 0, everything = 0, losses = 0, append_failures = 0;

  static DatabaseLook at(const PostgresListener& listener);
  std::string_view status() const { return state.well() ? "ok" : "down"; }
};
void write_database(JsonWriter& json, const DatabaseLook& look);

// One member of /health/performance: {"status":…,"position":…,…}.
void write_sharing(JsonWriter& json, const SharingLook& look);

}  // namespace weir
