// Certificates by the config file; see certificates.h.
#include "proxy/config/certificates.h"

#include <algorithm>
#include <utility>

#include "proxy/config/tls_severity.h"

namespace weir {
namespace {

constexpr std::string_view word_of(TlsFinding::Option option) {
  switch (option) {
    case TlsFinding::Option::certificate: return "certificate";
    case TlsFinding::Option::key: return "key";
    case TlsFinding::Option::ocsp: return "ocsp";
    case TlsFinding::Option::client_ca: break;
  }
  return "client_certificates.ca_file";
}

// Where the option stands that a finding is about.
Place place_of(const Config& config, std::size_t listener, const TlsFinding& found) {
  const std::string listen = "listen." + std::to_string(config.listen[listener].number) + ".tls";
  const ListenTls& tls = *config.listen[listener].tls;
  std::string path = listen;
  if (found.option != TlsFinding::Option::client_ca) {
    const std::size_t alone = tls.certificate.empty() ? 0 : 1;
    if (found.number >= alone) path += ".certificates." + std::to_string(found.number - alone);
  }
  path.append(".").append(word_of(found.option));
  for (const std::string& at : {path, listen}) {
    if (const auto place = config.places.find(at); place != config.places.end()) return place->second;
  }
  return {};
}

TlsServer::Options options_of(const Config& config, const ListenTls& tls) {
  TlsServer::Options options;
  for (const CertificateConfig& one : tls.all())
    options.certificates.push_back(
        {beside(config.file, one.certificate), beside(config.file, one.key), beside(config.file, one.ocsp)});
  options.only_tls13 = tls.min_version == TlsVersion::tls13;
  if (const auto& clients = tls.client_certificates) {
    options.clients = TlsClients::Options{.ca_file = beside(config.file, clients->ca_file),
                                          .required = clients->verify == ClientVerify::required,
                                          .depth = clients->depth,
                                          .names = clients->names,
                                          .forward = clients->forward};
  }
  return options;
}

}  // namespace

std::vector<CertificateConfig> ListenTls::all() const {
  std::vector<CertificateConfig> all;
  if (!certificate.empty()) all.push_back({certificate, key, ocsp});
  all.insert(all.end(), certificates.begin(), certificates.end());
  return all;
}

std::string beside(const std::string& config_file, const std::string& path) {
  const auto slash = config_file.rfind('/');
  if (path.empty() || path.front() == '/' || slash == std::string::npos) return path;
  return config_file.substr(0, slash + 1) + path;
}

std::vector<std::shared_ptr<const TlsServer>> open_certificates(const Config& config, Diagnostics& diagnostics) {
  std::vector<std::shared_ptr<const TlsServer>> servers;
  for (std::size_t i = 0; i < config.listen.size(); ++i) {
    servers.emplace_back();
    const auto& tls = config.listen[i].tls;
    if (!tls) continue;
    const auto all = tls->all();
    const bool whole = std::all_of(all.begin(), all.end(), [](const CertificateConfig& one) {
      return !one.certificate.empty() && !one.key.empty();
    });
    const bool known = !tls->client_certificates || !tls->client_certificates->ca_file.empty();
    if (all.empty() || !whole || !known) continue;  // an error said before
    TlsFindings findings;
    servers.back() = TlsServer::open(options_of(config, *tls), TlsTickets::of_process(), wall_now(), findings);
    for (TlsFinding& found : findings) {
      diagnostics.push_back({severity_of(found.weight), config.file, place_of(config, i, found), std::move(found.what),
                             std::move(found.right)});
    }
  }
  return servers;
}

}  // namespace weir
