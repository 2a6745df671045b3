// Certificates made for one test: a CA, and what it signs. Files in a folder of the test's.
#pragma once

#include <openssl/ossl_typ.h>

#include <memory>
#include <string>

namespace weir::test {

// A certificate and its key, as PEM files.
struct CertificateFiles {
  std::string certificate, key;
};

struct CertificateOptions {
  bool rsa = false;                    // else P-256
  long begins = -86400, ends = 86400;  // seconds from now
  std::string usage{};                 // as openssl writes it: "clientAuth"
  bool must_staple = false;
};

// What an authority says of a certificate (OCSP).
struct OcspOptions {
  enum class Status { good, revoked, unknown } status = Status::good;
  long begins = -3600, ends = 7 * 86400;  // seconds from now
  bool endless = false;                   // no nextUpdate
};

class CertificateAuthority {
 public:
  // Writes `folder`/`name`.crt; `folder` ends with a slash.
  CertificateAuthority(std::string folder, const std::string& name);
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  // For `names`, as openssl writes them: "DNS:localhost,IP:127.0.0.1". Its subject is CN=`file`.
  CertificateFiles sign(const std::string& file, const std::string& names,
                        const CertificateOptions& options = {}) const;
  // A DER response about the certificate in that file.
  std::string vouch(const std::string& certificate, const OcspOptions& options = {}) const;
  const std::string& file() const { return file_; }

 private:
  const std::string folder_, file_;
  EVP_PKEY* key_;
  X509* certificate_;
};

}  // namespace weir::test
