// ListenConfig: a public port and how it speaks TLS. Part of config.h.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/describe.h"
#include "proxy/config/scalar.h"

namespace weir {

struct CertificateConfig {
  std::string certificate, key;

  static void describe(auto& field, auto& self) {
    field("certificate", self.certificate, "PEM: the certificate, then its chain",
          {.required = true, .example = "tls/b.crt"});
    field("key", self.key, "PEM, without a passphrase", {.required = true, .example = "tls/b.key"});
  }
};

enum class TlsVersion : std::uint8_t { tls12, tls13 };
template <>
struct Words<TlsVersion> {
  static constexpr std::array<std::string_view, 2> kList{"1.2", "1.3"};
};

struct ListenTls {
  std::string certificate, key;
  std::vector<CertificateConfig> certificates;
  TlsVersion min_version = TlsVersion::tls12;

  static void describe(auto& field, auto& self) {
    field("certificate", self.certificate, "PEM: the certificate, then its chain; a relative path begins at this file",
          {.otherwise = "those in certificates", .example = "tls/streamvibe.crt"});
    field("key", self.key, "its key, PEM, without a passphrase",
          {.otherwise = "those in certificates", .example = "tls/streamvibe.key"});
    field("certificates", self.certificates,
          "several, of which a client gets the one for the name that it asks for, else the first",
          {.otherwise = "the one above"});
    field("min_version", self.min_version, "older ones are refused");
  }

  // The one that stands alone is the first.
  std::vector<CertificateConfig> all() const;
};

struct ListenConfig {
  ListenAddress address{"127.0.0.1", 8080};
  std::optional<ListenTls> tls;
  std::vector<AddressRange> proxy_protocol;

  static void describe(auto& field, auto& self) {
    field("address", self.address, "where clients connect, by HTTP/1.1 or HTTP/2", {.required = true});
    field("tls", self.tls, "certificates, and that clients must speak TLS here",
          {.otherwise = "without TLS", .example = "{ certificate: tls/streamvibe.crt, key: tls/streamvibe.key }"});
    field("proxy_protocol", self.proxy_protocol,
          "balancers that must begin each connection here with a PROXY header (version 1 or 2), which says who the "
          "client is; nobody else may connect then");
  }
};

}  // namespace weir
