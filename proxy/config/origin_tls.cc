// Certificates and keys for https:// servers; see origin_tls.h.
#include "proxy/config/origin_tls.h"

#include <string>
#include <string_view>

namespace weir {
namespace {

// The option that names the file which can't be used; where it can't be told, the one that all stand in.
Place place_of(const Config& config, const UpstreamConfig& upstream, std::string_view detail) {
  const std::string path = "upstreams." + upstream.name + ".tls";
  const std::string ca_file = upstream.tls_or_default().ca_file;
  const bool of_ca = !ca_file.empty() && detail.find("'" + ca_file + "'") != detail.npos;
  for (const auto& candidate : {path + (of_ca ? ".ca_file" : ".certificate"), path}) {
    if (const auto found = config.places.find(candidate); found != config.places.end()) return found->second;
  }
  return upstream.place;
}

}  // namespace

void open_origin_tls(Config& config, Diagnostics& diagnostics) {
  for (UpstreamConfig& upstream : config.upstreams) {
    if (!upstream.wants_tls()) continue;
    const OriginTlsConfig tls = upstream.tls_or_default();
    if (tls.certificate.empty() != tls.key.empty()) continue;  // an error said before
    auto context = TlsContext::open(
        {.ca_file = tls.ca_file, .verify = tls.verify, .certificate_file = tls.certificate, .key_file = tls.key});
    if (context) {
      upstream.tls_context = std::move(*context);
    } else {
      const std::string& detail = context.error().detail;
      diagnostics.push_back(
          {Diagnostic::Severity::error, config.file, place_of(config, upstream, detail), detail, "a PEM file"});
    }
  }
}

}  // namespace weir
