// Rules of listeners that speak TLS; see check_listen.h.
#include "proxy/config/check_listen.h"

#include <utility>

namespace weir {
namespace {

class ListenChecker {
 public:
  ListenChecker(const Config& config, std::size_t number, Diagnostics& diagnostics)
      : config_(config), path_("listen." + std::to_string(number)), diagnostics_(diagnostics) {}

  void check_tls(const ListenTls& tls) {
    if (!given("tls.certificate") && !given("tls.key") && tls.certificates.empty() && !given("tls.certificates"))
      return error("tls", "TLS without a certificate", "certificate and key");
    if (given("tls.certificate") && tls.certificate.empty())
      error("tls.certificate", "a certificate without a name", "a path");
    if (given("tls.certificate") != given("tls.key"))
      error(given("tls.key") ? "tls.key" : "tls.certificate", "half a pair", "certificate and key");
    if (given("tls.ocsp") && !given("tls.certificate"))
      error("tls.ocsp", "an OCSP response without its certificate", "certificate and key");
    if (given("tls.key") && tls.key.empty()) error("tls.key", "a key without a name", "a path");
    if (given("tls.certificates") && tls.certificates.empty())
      error("tls.certificates", "no certificate", "at least one");
    if (tls.client_certificates && given("tls.client_certificates.ca_file") && tls.client_certificates->ca_file.empty())
      error("tls.client_certificates.ca_file", "nobody would be verified", "a path; or no client_certificates at all");
    if (given("tls.client_certificates.names") && tls.client_certificates && tls.client_certificates->names.empty())
      error("tls.client_certificates.names", "no name is allowed", "at least one, or leave it out to allow any");
  }

 private:
  bool given(const std::string& option) const { return config_.places.contains(path_ + "." + option); }

  void error(const std::string& option, std::string what, std::string right) {
    const auto place = config_.places.find(path_ + "." + option);
    diagnostics_.push_back({Diagnostic::Severity::error, config_.file,
                            place == config_.places.end() ? Place{1, 1} : place->second, std::move(what),
                            std::move(right)});
  }

  const Config& config_;
  const std::string path_;
  Diagnostics& diagnostics_;
};

}  // namespace

void check_tls(const Config& config, Diagnostics& diagnostics) {
  for (const ListenConfig& one : config.listen) {
    if (one.tls) ListenChecker(config, one.number, diagnostics).check_tls(*one.tls);
  }
}

}  // namespace weir
