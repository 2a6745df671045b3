// The certificates that the public ports show, and how long they are good.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proxy/base/json.h"
#include "proxy/fetch/context.h"

namespace weir {

struct CertificateLook {
  std::string file;
  std::int64_t seconds_left = 0;                    // negative: since when not
  std::optional<std::int64_t> ocsp_seconds_left{};  // of what is stapled to it; 0: there is none that is of use
};

// Each file once, in the order of the config.
std::vector<CertificateLook> certificates_of(const Snapshot& snapshot, WallTime now);
// "off" without any, "expired", "expiring" (within 30 days) or "ok": the worst of them.
std::string_view certificates_status(const std::vector<CertificateLook>& all);
void write_certificates(JsonWriter& json, const std::vector<CertificateLook>& all);

}  // namespace weir
