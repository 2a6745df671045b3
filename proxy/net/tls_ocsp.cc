// OCSP responses from files; see tls_ocsp.h.
#include "proxy/net/tls_ocsp.h"

#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "proxy/base/text.h"

namespace weir {
namespace {

using Option = TlsFinding::Option;
using Weight = TlsFinding::Weight;
using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, OpenSslFree<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, OpenSslFree<OCSP_BASICRESP_free>>;
using IdPtr = std::unique_ptr<OCSP_CERTID, OpenSslFree<OCSP_CERTID_free>>;
using StorePtr = std::unique_ptr<X509_STORE, OpenSslFree<X509_STORE_free>>;

constexpr std::size_t kMostBytes = 64 * 1024;  // usual ones have 500 to 2,000
constexpr WallTime kSkew = 300;                // between the CA's clock and ours
constexpr WallTime kSoon = 86400;              // they live for days
constexpr std::string_view kWhatIsRight = "a response in DER, as `openssl ocsp -respout` writes it";

X509Ptr another(X509* certificate) {
  X509_up_ref(certificate);
  return X509Ptr(certificate);
}

// Who signed it, if the chain says so.
X509Ptr issuer_of(const TlsCertificate& certificate) {
  X509* leaf = certificate.leaf.get();
  if (X509_check_issued(leaf, leaf) == X509_V_OK) return another(leaf);
  if (certificate.chain.empty()) return nullptr;
  X509* above = certificate.chain.front().get();
  return X509_check_issued(above, leaf) == X509_V_OK ? another(above) : nullptr;
}

// At most one byte more than there may be; nullopt with errno set.
std::optional<std::string> read_whole(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return std::nullopt;
  std::string bytes(kMostBytes + 1, '\0');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file.get()));
  if (std::ferror(file.get()) != 0) return std::nullopt;
  return bytes;
}

bool same_bytes(const ASN1_OCTET_STRING* a, const unsigned char* bytes, unsigned length) {
  return static_cast<unsigned>(ASN1_STRING_length(a)) == length &&
         std::memcmp(ASN1_STRING_get0_data(a), bytes, length) == 0;
}

// Certificates are named by their number and by digests of their issuer's name and key. Without the issuer the key's
// can't be told, but then nobody takes a wrong one for right: clients look, too.
bool is_about(const OCSP_SINGLERESP* single, X509* leaf, X509* issuer) {
  const OCSP_CERTID* theirs = OCSP_SINGLERESP_get0_id(single);
  ASN1_OCTET_STRING *name = nullptr, *key = nullptr;
  ASN1_OBJECT* algorithm = nullptr;
  ASN1_INTEGER* number = nullptr;
  if (OCSP_id_get0_info(&name, &algorithm, &key, &number, const_cast<OCSP_CERTID*>(theirs)) != 1) return false;
  const EVP_MD* digest = EVP_get_digestbyobj(algorithm);
  if (digest == nullptr) return false;
  if (issuer != nullptr) {
    const IdPtr ours(OCSP_cert_to_id(digest, leaf, issuer));
    return ours && OCSP_id_cmp(ours.get(), theirs) == 0;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned length = 0;
  return X509_NAME_digest(X509_get_issuer_name(leaf), digest, bytes.data(), &length) == 1 &&
         same_bytes(name, bytes.data(), length) && ASN1_INTEGER_cmp(number, X509_get0_serialNumber(leaf)) == 0;
}

OCSP_SINGLERESP* find_about(OCSP_BASICRESP* basic, X509* leaf, X509* issuer) {
  for (int i = 0; i < OCSP_resp_count(basic); ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(basic, i);
    if (is_about(single, leaf, issuer)) return single;
  }
  return nullptr;
}

// By who signed the certificate, or by one to whom they gave that work.
bool is_signed_by(OCSP_BASICRESP* basic, X509* issuer, WallTime now) {
  const StorePtr store(X509_STORE_new());
  STACK_OF(X509)* known = sk_X509_new_null();
  if (!store || known == nullptr) return false;
  sk_X509_push(known, issuer);
  X509_STORE_add_cert(store.get(), issuer);
  X509_VERIFY_PARAM* rules = X509_STORE_get0_param(store.get());
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_time(rules, now);
  const bool good = OCSP_basic_verify(basic, known, store.get(), 0) == 1;
  sk_X509_free(known);
  return good;
}

// A refusal in one place, so that reading is a row of questions.
struct Refused {
  Weight weight;
  std::string what, right;
};

std::optional<Refused> look_at_dates(const OcspResponse& response, WallTime now) {
  if (response.ends <= now)
    return Refused{Weight::warning, "expired on " + date_text(response.ends) + ", and is not stapled", "a new one"};
  if (response.begins > now + kSkew)
    return Refused{Weight::warning, "does not hold before " + date_text(response.begins), "one that holds now"};
  if (response.ends - now < kSoon)
    return Refused{Weight::warning, "expires within a day, on " + date_text(response.ends), "a new one soon"};
  return std::nullopt;
}

std::string words_of(const TlsFindings& findings) {
  std::string words;
  for (const TlsFinding& found : findings) words.append(words.empty() ? "" : "; ").append(found.what);
  return words;
}

}  // namespace

bool OcspResponse::holds(WallTime now) const {
  return begins <= now + kSkew && now < ends;
}

OcspFile::OcspFile(std::string file, const TlsCertificate& certificate, WallTime now, std::size_t number,
                   TlsFindings& findings)
    : file_(std::move(file)), leaf_(another(certificate.leaf.get())), issuer_(issuer_of(certificate)) {
  seen_ = stamp();
  bool revoked = false;
  TlsFindings found;
  response_ = read(now, number, found, revoked);
  if (!response_) {
    seen_ = {};
    said_ = words_of(found);
  }
  findings.insert(findings.end(), found.begin(), found.end());
  if (response_ && !issuer_) {
    findings.push_back({Option::ocsp, Weight::warning, number,
                        "who signed the response " + printable(file_) + " can't be checked without the chain",
                        "the certificate's issuer after it in its file"});
  }
}

std::shared_ptr<const OcspResponse> OcspFile::response() const {
  const std::lock_guard lock(mutex_);
  return response_;
}

OcspFile::Stamp OcspFile::stamp() const {
  struct stat status {};
  if (::stat(file_.c_str(), &status) != 0) return {};
  return {static_cast<std::int64_t>(status.st_dev), static_cast<std::int64_t>(status.st_ino), status.st_size,
          status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
}

// What can't be used isn't noted as seen: it may be half written.
std::optional<std::string> OcspFile::look(WallTime now) {
  const Stamp there = stamp();
  if (there == seen_ && there != Stamp{}) return std::nullopt;
  TlsFindings findings;
  bool revoked = false;
  auto next = read(now, 0, findings, revoked);
  std::string words = words_of(findings);
  if (next || revoked) {
    const std::lock_guard lock(mutex_);
    response_ = next;
  }
  if (next) {
    seen_ = there;
    said_.clear();
    return words.empty() ? printable(file_) + ": a new OCSP response, good until " + date_text(next->ends) : words;
  }
  if (words == said_) return std::nullopt;
  said_ = words;
  return words;
}

// From the file to what can be stapled: null with the reason in `findings`.
std::shared_ptr<const OcspResponse> OcspFile::read(WallTime now, std::size_t number, TlsFindings& findings,
                                                   bool& revoked) const {
  const std::string whose = "the OCSP response " + printable(file_) + " ";
  const auto refuse = [&](const std::string& what, std::string_view right, Weight weight = Weight::expired) {
    findings.push_back({Option::ocsp, weight, number, whose + what, std::string(right)});
    ERR_clear_error();
    return nullptr;
  };
  ERR_clear_error();
  auto bytes = read_whole(file_);
  if (!bytes) return refuse(std::string("can't be read: ") + std::strerror(errno), kWhatIsRight);
  if (bytes->size() > kMostBytes) return refuse("is larger than 64 KiB", kWhatIsRight);
  const auto* at = reinterpret_cast<const unsigned char*>(bytes->data());
  const auto* const end = at + bytes->size();
  const ResponsePtr outer(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(bytes->size())));
  if (!outer || at != end) return refuse("is none", kWhatIsRight);
  if (const int status = OCSP_response_status(outer.get()); status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return refuse(std::string("is a refusal of the CA's: ") + OCSP_response_status_str(status), "asking again");
  const BasicPtr basic(OCSP_response_get1_basic(outer.get()));
  if (!basic) return refuse("is of a kind that nobody knows", kWhatIsRight);
  OCSP_SINGLERESP* single = find_about(basic.get(), leaf_.get(), issuer_.get());
  if (single == nullptr) return refuse("is about another certificate", "one for the certificate beside it");
  if (issuer_ && !is_signed_by(basic.get(), issuer_.get(), now))
    return refuse("is not signed by who signed the certificate: " + openssl_reason(), "the CA's own");
  ASN1_GENERALIZEDTIME *begins = nullptr, *ends = nullptr;
  const int status = OCSP_single_get0_status(single, nullptr, nullptr, &begins, &ends);
  if (status == V_OCSP_CERTSTATUS_REVOKED) {
    revoked = true;
    return refuse("says that the certificate is revoked", "another certificate");
  }
  if (status != V_OCSP_CERTSTATUS_GOOD) return refuse("does not know the certificate", "one that says good");
  if (ends == nullptr) return refuse("does not say until when it holds", "one with nextUpdate (openssl: -ndays)");
  auto response = std::make_shared<OcspResponse>();
  response->der = std::move(*bytes);
  response->begins = wall_time_of(begins);
  response->ends = wall_time_of(ends);
  if (response->ends <= response->begins) return refuse("ends before it begins", kWhatIsRight);
  if (const auto date = look_at_dates(*response, now)) refuse(date->what, date->right, date->weight);
  return response;
}

}  // namespace weir
