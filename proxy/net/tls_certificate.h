// TlsCertificate: a certificate that weir shows, with its chain and key, read from PEM files and held against each
// other. For the start of a config, off the loops that serve.
#pragma once

#include <string>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/base/result.h"
#include "proxy/net/openssl.h"

namespace weir {

// What is to be said of the files, by the option that named them.
struct TlsFinding {
  enum class Option : std::uint8_t { certificate, key, ocsp, client_ca } option = Option::certificate;
  enum class Weight : std::uint8_t { warning, expired, error } weight = Weight::error;
  std::size_t number = 0;  // of the certificate, from 0
  std::string what;        // is wrong
  std::string right;       // what would be right; may be empty
};
using TlsFindings = std::vector<TlsFinding>;

struct TlsCertificate {
  X509Ptr leaf;
  std::vector<X509Ptr> chain;  // who signed it, and who signed that; may be empty
  KeyPtr key;
  std::vector<std::string> names;  // in small letters; "*.example.com" among them
  WallTime expires = 0;

  // Null members where `findings` got an error. `number` goes into the findings.
  static TlsCertificate read(const std::string& certificate_file, const std::string& key_file, WallTime now,
                             std::size_t number, TlsFindings& findings);
  bool must_staple() const;  // clients take it only with an OCSP response (RFC 7633)
  int kind() const;          // RSA, EC, …: of several for one name each client gets one that it can verify
  std::string text() const;  // for people: its first name, or its subject
};

WallTime wall_time_of(const ASN1_TIME* time);  // 0 where it is none
// All of a PEM file, at least one; empty where `findings` got an error.
std::vector<X509Ptr> read_certificates(const std::string& file, TlsFinding::Option option, std::size_t number,
                                       TlsFindings& findings);

inline constexpr WallTime kCertificateSoon = 30 * 86400;  // seconds before its end at which one is warned of

// "2026-10-27"
std::string date_text(WallTime time);

}  // namespace weir
