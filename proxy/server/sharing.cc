// From options to settings; see sharing.h.
#include "proxy/server/sharing.h"

#include <unistd.h>

#include <array>

#include "proxy/base/random.h"
#include "proxy/base/text.h"

namespace weir {
namespace {

constexpr Size kRoom = 1_MiB;  // what a reply has beside a body: heads, tags, keys
constexpr Size kMostQueued = 8_MiB;

RedisSettings settings_of(const Config& config) {
  const RedisConfig& redis = *config.cache.redis;
  std::vector<std::string> urls;
  for (const Secret& url : redis.url) urls.push_back(url.text);
  RedisSettings settings = parse_redis_urls(urls).value();
  settings.ca_file = redis.ca_file;
  settings.verify = redis.verify;
  settings.connect_timeout = std::max<Duration>(redis.timeout, std::chrono::seconds(1));
  settings.most_queued = kMostQueued;
  return settings;
}

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

std::shared_ptr<const RedisSettings> tier_settings(const Config& config) {
  auto settings = std::make_shared<RedisSettings>(settings_of(config));
  settings->largest_reply = 2_MiB + kRoom;
  return settings;
}

std::shared_ptr<const RedisSettings> log_settings(const Config& config) {
  auto settings = std::make_shared<RedisSettings>(settings_of(config));
  settings->largest_reply = 16_MiB;
  return settings;
}

RedisLogOptions log_options(const Config& config, const std::string& address) {
  RedisLogOptions options;
  options.prefix = config.cache.redis->prefix;
  options.node = node_name();
  options.about = address;
  options.lease = config.invalidation.lease;
  options.replicas = config.cache.redis->replicas;
  options.trust_when_cut_off = config.invalidation.cut_off == CutOff::serve;
  return options;
}

}  // namespace weir
