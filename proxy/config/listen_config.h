// ListenConfig: a public port and how it speaks TLS. Part of config.h.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/describe.h"
#include "proxy/config/formats.h"
#include "proxy/config/scalar.h"

namespace weir {

struct CertificateConfig {
  std::string certificate, key, ocsp;

  static void describe(auto& field, auto& self) {
    field("certificate", self.certificate, "PEM: the certificate, then its chain",
          {.required = true, .example = "tls/b.crt"});
    field("key", self.key, "PEM, without a passphrase", {.required = true, .example = "tls/b.key"});
    field("ocsp", self.ocsp, "what the CA says of it (DER), stapled while it is good; a changed file is noticed",
          {.otherwise = "nothing is stapled", .example = "tls/b.ocsp"});
  }
};

enum class TlsVersion : std::uint8_t { tls12, tls13 };
template <>
struct Words<TlsVersion> {
  static constexpr std::array<std::string_view, 2> kList{"1.2", "1.3"};
};

enum class ClientVerify : std::uint8_t { required, optional };
template <>
struct Words<ClientVerify> {
  static constexpr std::array<std::string_view, 2> kList{"required", "optional"};
};

struct ClientCertificates {
  std::string ca_file;
  ClientVerify verify = ClientVerify::required;
  unsigned depth = 3;
  std::vector<std::string> names;
  bool forward = false;

  static void describe(auto& field, auto& self) {
    field("ca_file", self.ca_file, "PEM: who signs the clients' certificates; each in it is trusted by itself",
          {.required = true, .example = "tls/clients.crt"});
    field("verify", self.verify, "optional: a client without a certificate is let in; one with a bad one never is");
    field("depth", self.depth, "certificates between the client's and one of ca_file", {.most = "9"});
    field("names", self.names, "URIs (at the end /* for all below) and DNS names of which one must be in it",
          {.format = &kClientName,
           .otherwise = "any name",
           .example = "[ \"spiffe://streamvibe/ns/web/*\", api.internal ]"});
    field("forward", self.forward,
          "tells the origin the certificate (Client-Cert, RFC 9440), of requests whose answers aren't kept");
  }
};

struct ListenTls {
  std::string certificate, key, ocsp;
  std::vector<CertificateConfig> certificates;
  TlsVersion min_version = TlsVersion::tls12;
  std::optional<ClientCertificates> client_certificates;

  static void describe(auto& field, auto& self) {
    field("certificate", self.certificate, "PEM: the certificate, then its chain; a relative path begins at this file",
          {.otherwise = "those in certificates", .example = "tls/streamvibe.crt"});
    field("key", self.key, "its key, PEM, without a passphrase",
          {.otherwise = "those in certificates", .example = "tls/streamvibe.key"});
    field("ocsp", self.ocsp, "what the CA says of it (DER), stapled while it is good; a changed file is noticed",
          {.otherwise = "nothing is stapled", .example = "tls/streamvibe.ocsp"});
    field("certificates", self.certificates,
          "several, of which a client gets the one for the name that it asks for, else the first",
          {.otherwise = "the one above"});
    field("min_version", self.min_version, "older ones are refused");
    field("client_certificates", self.client_certificates, "asks clients who they are",
          {.otherwise = "not asked", .example = "{ ca_file: tls/clients.crt }"});
  }

  // The one that stands alone is the first.
  std::vector<CertificateConfig> all() const;
};

struct ListenConfig {
  PublicAddress address{{"127.0.0.1", 8080}};
  std::optional<ListenTls> tls;
  std::size_t number = 0;  // in the file, where those that are off count
  std::vector<AddressRange> proxy_protocol;

  static void describe(auto& field, auto& self) {
    field("address", self.address, "where clients connect, by HTTP/1.1 or HTTP/2; empty: this listener is off",
          {.required = true});
    field("tls", self.tls, "certificates, and that clients must speak TLS here",
          {.otherwise = "without TLS", .example = "{ certificate: tls/streamvibe.crt, key: tls/streamvibe.key }"});
    field("proxy_protocol", self.proxy_protocol,
          "balancers that must begin each connection here with a PROXY header (version 1 or 2), which says who the "
          "client is; nobody else may connect then");
  }
};

}  // namespace weir
