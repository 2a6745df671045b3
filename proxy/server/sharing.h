// What the config file says of Redis, in the words of proxy/shared: settings, names, options of the log.
#pragma once

#include <memory>
#include <string>

#include "proxy/config/config.h"
#include "proxy/shared/redis_log.h"
#include "proxy/shared/redis_settings.h"

namespace weir {

// For the tier, whose commands are answered soon or not at all; the config was checked.
std::shared_ptr<const RedisSettings> tier_settings(const Config& config);
// For the log, whose reader waits for what comes.
std::shared_ptr<const RedisSettings> log_settings(const Config& config);

// `address`: where this node can be asked about itself.
RedisLogOptions log_options(const Config& config, const std::string& address);

}  // namespace weir
