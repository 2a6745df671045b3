// From options to settings; see sharing.h.
#include "proxy/server/sharing.h"

#include <unistd.h>

#include <array>
#include <cstdlib>

#include "proxy/base/random.h"
#include "proxy/base/text.h"

namespace weir {
namespace {

constexpr Duration kConnect = std::chrono::seconds(1);
constexpr Size kMostQueued = 8_MiB;
constexpr Size kLargestReply = 8_MiB;  // an entry takes less than 3, what is read of the log at once less than 4

// Different for each process that ever runs, and good to read.
std::string node_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::string name;
  for (const char c : std::string_view(host.data())) name += c > ' ' && c < 0x7f ? c : '-';
  const auto digits = hex_of(random64());
  return name.append("-").append(digits.data(), 8);
}

}  // namespace

std::shared_ptr<const RedisSettings> redis_settings(const Config& config) {
  const RedisConfig& redis = *config.cache.redis;
  std::vector<std::string> urls;
  for (const Secret& url : redis.url) urls.push_back(url.text);
  auto settings = std::make_shared<RedisSettings>(parse_redis_urls(urls).value());
  settings->ca_file = redis.ca_file;
  settings->verify = redis.verify;
  settings->connect_timeout = std::max<Duration>(redis.timeout, kConnect);
  settings->most_queued = kMostQueued;
  settings->largest_reply = kLargestReply;
  return settings;
}

RedisTierSettings tier_settings(const Config& config) {
  const RedisConfig& redis = *config.cache.redis;
  RedisTierSettings settings;
  settings.prefix = redis.prefix;
  settings.secret = redis.secret.text;
  settings.timeout = redis.timeout;
  settings.compress_above = redis.compress_above;
  settings.lease.timeout = redis.timeout;
  return settings;
}

PostgresSettings postgres_settings(const Config& config, const std::string& node) {
  const PostgresConfig& postgres = config.invalidation.postgres;
  const bool one =
      postgres.mode == PostgresMode::automatic ? config.cache.redis.has_value() : postgres.mode == PostgresMode::one;
  PostgresSettings settings;
  settings.target = parse_postgres_url(postgres.url.text).value();
  settings.mode = one ? PostgresSettings::Mode::one : PostgresSettings::Mode::all;
  settings.schema = postgres.schema;
  settings.reader = postgres.reader;
  settings.node = node;
  settings.append_timeout += 2 * config.invalidation.lease;  // a node that is gone is waited for
  return settings;
}

RedisLogOptions log_options(const Config& config, const std::string& address) {
  RedisLogOptions options;
  options.prefix = config.cache.redis->prefix;
  options.node = node_name();
  options.about = address;
  options.lease = config.invalidation.lease;
  options.replicas = config.cache.redis->replicas;
  if (const char* skip = std::getenv("WEIR_TEST_SKIP_RECORDS")) options.skip_every = std::strtoull(skip, nullptr, 10);
  options.trust_when_cut_off = config.invalidation.cut_off == CutOff::serve;
  return options;
}

}  // namespace weir
