// From the listeners of a config to what speaks TLS there: reads the certificates that the file names. Says all that is
// wrong with them, at the option that named them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/config/config.h"
#include "proxy/net/tls_server.h"

namespace weir {

// By listener; null for those without TLS, and where `diagnostics` got an error.
std::vector<std::shared_ptr<const TlsServer>> open_certificates(const Config& config, Diagnostics& diagnostics);

// A path in the config file: a relative one begins where the file stands.
std::string beside(const std::string& config_file, const std::string& path);

}  // namespace weir
