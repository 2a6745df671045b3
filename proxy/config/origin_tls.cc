// Certificates and keys for https:// servers; see origin_tls.h.
#include "proxy/config/origin_tls.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/config/tls_severity.h"
#include "proxy/net/tls_authorities.h"

namespace weir {
namespace {

constexpr std::string_view word_of(TlsFinding::Option option) {
  switch (option) {
    case TlsFinding::Option::key: return "key";
    case TlsFinding::Option::client_ca: return "ca_file";
    default: return "certificate";
  }
}

// The option that names the file; where none does, the one that all stand in.
Place place_of(const Config& config, const UpstreamConfig& upstream, std::string_view option) {
  const std::string path = "upstreams." + upstream.name + ".tls";
  for (const auto& candidate : {path + "." + std::string(option), path}) {
    if (const auto found = config.places.find(candidate); found != config.places.end()) return found->second;
  }
  return upstream.place;
}

// What is to be said of the files, in the words that the listeners' have. OpenSSL's own, once it can't use one of them,
// would name neither the file nor the reason, and it would ask a terminal for the passphrase of a key.
TlsFindings look_at(const OriginTlsConfig& tls) {
  TlsFindings findings;
  const WallTime now = wall_now();
  if (tls.verify && !tls.ca_file.empty()) {
    const auto authorities = read_certificates(tls.ca_file, TlsFinding::Option::client_ca, 0, findings);
    const std::size_t before = findings.size();
    look_at_authorities(authorities, tls.ca_file, now, findings);
    const auto over = [](const TlsFinding& found) { return found.weight == TlsFinding::Weight::expired; };
    const auto begin = findings.begin() + static_cast<std::ptrdiff_t>(before);
    const auto gone = static_cast<std::size_t>(std::count_if(begin, findings.end(), over));
    for (auto found = begin; gone < authorities.size() && found != findings.end(); ++found) {
      if (over(*found)) found->weight = TlsFinding::Weight::warning;  // of a bundle, the others hold
    }
  }
  if (!tls.certificate.empty()) static_cast<void>(TlsCertificate::read(tls.certificate, tls.key, now, 0, findings));
  return findings;
}

}  // namespace

void open_origin_tls(Config& config, Diagnostics& diagnostics) {
  for (UpstreamConfig& upstream : config.upstreams) {
    if (!upstream.wants_tls()) continue;
    const OriginTlsConfig tls = upstream.tls_or_default();
    if (tls.certificate.empty() != tls.key.empty()) continue;  // an error said before
    TlsFindings findings = look_at(tls);
    const bool good = std::none_of(findings.begin(), findings.end(),
                                   [](const TlsFinding& found) { return found.weight == TlsFinding::Weight::error; });
    for (TlsFinding& found : findings) {
      diagnostics.push_back({severity_of(found.weight), config.file, place_of(config, upstream, word_of(found.option)),
                             std::move(found.what), std::move(found.right)});
    }
    if (!good) continue;
    auto context = TlsContext::open(
        {.ca_file = tls.ca_file, .verify = tls.verify, .certificate_file = tls.certificate, .key_file = tls.key});
    if (context) {
      upstream.tls_context = std::move(*context);
    } else {  // what OpenSSL finds beyond that, as a key too short for it
      const std::string& detail = context.error().detail;
      const bool of_ca = !tls.ca_file.empty() && detail.find("'" + tls.ca_file + "'") != std::string::npos;
      diagnostics.push_back({Diagnostic::Severity::error, config.file,
                             place_of(config, upstream, of_ca ? "ca_file" : "certificate"), detail, "a PEM file"});
    }
  }
}

}  // namespace weir
