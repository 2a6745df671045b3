// Certificates by OpenSSL; see certificates.h.
#include "tests/support/certificates.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <utility>

#include "proxy/base/check.h"

namespace weir::test {
namespace {

EVP_PKEY* make_key(bool rsa) {
  EVP_PKEY* key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
  WEIR_CHECK(key != nullptr);
  return key;
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  WEIR_CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Signed by `issuer`, or by itself.
X509* make_certificate(EVP_PKEY* key, const std::string& name, X509* issuer, EVP_PKEY* issuer_key,
                       const std::string& names, const CertificateOptions& options) {
  static long serial = 0;
  X509* certificate = X509_new();
  WEIR_CHECK(certificate != nullptr);
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), options.begins);
  X509_gmtime_adj(X509_getm_notAfter(certificate), options.ends);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  if (issuer == nullptr) issuer = certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  extend(certificate, issuer, NID_basic_constraints, names.empty() ? "critical,CA:TRUE" : "CA:FALSE");
  if (!names.empty()) extend(certificate, issuer, NID_subject_alt_name, names);
  if (!options.usage.empty()) extend(certificate, issuer, NID_ext_key_usage, options.usage);
  if (options.must_staple) extend(certificate, issuer, NID_tlsfeature, "status_request");
  WEIR_CHECK(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
  return certificate;
}

template <class Write>
void write_file(const std::string& path, Write write) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  WEIR_CHECK(file != nullptr && write(file) == 1);
  std::fclose(file);
}

}  // namespace

CertificateAuthority::CertificateAuthority(std::string folder, const std::string& name)
    : folder_(std::move(folder)),
      file_(folder_ + name + ".crt"),
      key_(make_key(false)),
      certificate_(make_certificate(key_, name, nullptr, key_, "", {})) {
  write_file(file_, [this](std::FILE* file) { return PEM_write_X509(file, certificate_); });
}

CertificateAuthority::~CertificateAuthority() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

CertificateFiles CertificateAuthority::sign(const std::string& file, const std::string& names,
                                            const CertificateOptions& options) const {
  EVP_PKEY* key = make_key(options.rsa);
  X509* certificate = make_certificate(key, file, certificate_, key_, names, options);
  CertificateFiles files{folder_ + file + ".crt", folder_ + file + ".key"};
  write_file(files.certificate, [&](std::FILE* out) { return PEM_write_X509(out, certificate); });
  ::umask(077);  // of this process, which is a test's
  write_file(files.key,
             [&](std::FILE* out) { return PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
  X509_free(certificate);
  EVP_PKEY_free(key);
  return files;
}

std::string CertificateAuthority::vouch(const std::string& certificate, const OcspOptions& options) const {
  std::FILE* in = std::fopen(certificate.c_str(), "r");
  WEIR_CHECK(in != nullptr);
  X509* about = PEM_read_X509(in, nullptr, nullptr, nullptr);
  std::fclose(in);
  OCSP_CERTID* id = OCSP_cert_to_id(nullptr, about, certificate_);
  OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
  ASN1_TIME* begins = X509_gmtime_adj(nullptr, options.begins);
  ASN1_TIME* ends = options.endless ? nullptr : X509_gmtime_adj(nullptr, options.ends);
  const bool revoked = options.status == OcspOptions::Status::revoked;
  const int status = revoked                                          ? V_OCSP_CERTSTATUS_REVOKED
                     : options.status == OcspOptions::Status::unknown ? V_OCSP_CERTSTATUS_UNKNOWN
                                                                      : V_OCSP_CERTSTATUS_GOOD;
  WEIR_CHECK(OCSP_basic_add1_status(basic, id, status, 0, revoked ? begins : nullptr, begins, ends) != nullptr);
  WEIR_CHECK(OCSP_basic_sign(basic, certificate_, key_, EVP_sha256(), nullptr, 0) == 1);
  OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  unsigned char* bytes = nullptr;
  const int length = i2d_OCSP_RESPONSE(response, &bytes);
  std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  OCSP_RESPONSE_free(response);
  OCSP_BASICRESP_free(basic);
  OCSP_CERTID_free(id);
  ASN1_TIME_free(begins);
  ASN1_TIME_free(ends);
  X509_free(about);
  return der;
}

}  // namespace weir::test
