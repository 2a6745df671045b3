// What the config file says of Redis, in the words of proxy/shared: settings, names, options of the log.
#pragma once

#include <memory>
#include <string>

#include "proxy/config/config.h"
#include "proxy/shared/postgres.h"
#include "proxy/shared/redis_log.h"
#include "proxy/shared/redis_settings.h"
#include "proxy/shared/redis_tier.h"

namespace weir {

// How a worker's connection is; the config was checked.
std::shared_ptr<const RedisSettings> redis_settings(const Config& config);

RedisTierSettings tier_settings(const Config& config);

// Of the listener, where there is a database to follow.
PostgresSettings postgres_settings(const Config& config, const std::string& node);

// `address`: where this node can be asked about itself.
RedisLogOptions log_options(const Config& config, const std::string& address);

}  // namespace weir
