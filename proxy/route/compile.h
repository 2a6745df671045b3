// From a config file to what runs: patterns and templates parsed, defaults merged, names turned into numbers, filters
// built. Says everything that is wrong at once. Reload calls it again; nothing here touches what runs already.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/certificates.h"
#include "proxy/config/config.h"
#include "proxy/config/load.h"
#include "proxy/route/filter.h"
#include "proxy/route/table.h"

namespace weir {

struct Compiled {
  std::shared_ptr<const RouteTable> routes;  // null where diagnostics has errors
  Diagnostics diagnostics;
};
Compiled compile(const Config& config, std::span<const FilterType> filters);

// A config that is ready to run, or what is wrong with it. Warnings may stand beside a good one.
struct Prepared {
  std::shared_ptr<const Config> config;  // both null where diagnostics has errors
  std::shared_ptr<const RouteTable> routes;
  std::vector<std::shared_ptr<const TlsServer>> tls;  // by listener; null: without
  Diagnostics diagnostics;                            // by place in the file

  bool ok() const { return routes != nullptr; }
};
// Without `certificates`, those that the file names aren't read: for who only wants to know what it says.
enum class Certificates : std::uint8_t { read, unread };
Prepared prepare_file(const std::string& path, std::span<const FilterType> filters,
                      const Environment& environment = process_environment(),
                      Certificates certificates = Certificates::read);
Prepared prepare_text(std::string file, std::string_view text, std::span<const FilterType> filters,
                      const Environment& environment = process_environment(),
                      Certificates certificates = Certificates::read);
Prepared prepare(Config config, std::span<const FilterType> filters);

}  // namespace weir
