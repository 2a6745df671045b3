// What is said of certificates; see certificates.h.
#include "proxy/admin/certificates.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::int64_t kSoon = 30 * 86400;

std::string_view status_of(std::int64_t seconds_left) {
  if (seconds_left <= 0) return "expired";
  return seconds_left < kSoon ? "expiring" : "ok";
}

}  // namespace

std::vector<CertificateLook> certificates_of(const Snapshot& snapshot, WallTime now) {
  std::vector<CertificateLook> all;
  for (const ListenerRules& listener : snapshot.listeners) {
    if (!listener.tls) continue;
    for (const TlsServer::Shown& one : listener.tls->shown()) {
      const bool known = std::any_of(all.begin(), all.end(), [&](const auto& other) { return other.file == one.file; });
      if (known) continue;
      all.push_back({one.file, one.expires - now});
      if (!one.ocsp) continue;
      const auto response = one.ocsp->response();
      all.back().ocsp_seconds_left = response ? response->ends - now : 0;
    }
  }
  return all;
}

std::string_view certificates_status(const std::vector<CertificateLook>& all) {
  if (all.empty()) return "off";
  const auto first = std::min_element(all.begin(), all.end(),
                                      [](const auto& a, const auto& b) { return a.seconds_left < b.seconds_left; });
  return status_of(first->seconds_left);
}

void write_certificates(JsonWriter& json, const std::vector<CertificateLook>& all) {
  json.begin_object().field("status", certificates_status(all));
  json.key("files").begin_array();
  for (const CertificateLook& one : all) {
    json.begin_object().field("file", one.file).field("status", status_of(one.seconds_left));
    json.field("expires_in_seconds", one.seconds_left);
    if (one.ocsp_seconds_left) json.field("ocsp_expires_in_seconds", *one.ocsp_seconds_left);
    json.end_object();
  }
  json.end_array().end_object();
}

}  // namespace weir
