// Certificates, chains and keys from PEM files; see tls_certificate.h.
#include "proxy/net/tls_certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "proxy/base/text.h"

namespace weir {
namespace {

using Option = TlsFinding::Option;
using Weight = TlsFinding::Weight;

constexpr std::size_t kMostInChain = 10;

class Reading {
 public:
  Reading(std::size_t number, TlsFindings& findings) : number_(number), findings_(findings) {}

  void say(Option option, Weight weight, std::string what, std::string right = {}) {
    findings_.push_back({option, weight, number_, std::move(what), std::move(right)});
  }
  void error(Option option, std::string what, std::string right = {}) {
    say(option, Weight::error, std::move(what), std::move(right));
  }

  // Null where it can't be read, and that is said.
  BioPtr open(Option option, const std::string& file) {
    forget_openssl_errors();
    BioPtr bio(BIO_new_file(file.c_str(), "r"));
    if (!bio) error(option, "can't read " + printable(file) + ": " + std::strerror(errno));
    return bio;
  }

 private:
  std::size_t number_;
  TlsFindings& findings_;
};

// Nobody is there to be asked for a passphrase.
int no_passphrase(char*, int, int, void* asked) noexcept {
  if (asked != nullptr) *static_cast<bool*>(asked) = true;
  return -1;
}

// "*.example.com" or "a.example.com"; no other place for a star (RFC 9525 §6.3).
bool is_host_pattern(std::string_view name) {
  const auto rest = name.starts_with("*.") ? name.substr(2) : name;
  return !rest.empty() && rest.size() < 254 && rest.front() != '.' && std::all_of(rest.begin(), rest.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
  });
}

void add_name(std::vector<std::string>& names, const ASN1_STRING* text) {
  const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
  std::string name = lower({bytes, static_cast<std::size_t>(ASN1_STRING_length(text))});
  if (is_host_pattern(name)) names.push_back(std::move(name));
}

// Those of the subject's alternative names that are hosts; of a certificate from before there were such, its CN.
std::vector<std::string> names_of(X509* leaf) {
  std::vector<std::string> names;
  const std::unique_ptr<GENERAL_NAMES, OpenSslFree<GENERAL_NAMES_free>> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* one = sk_GENERAL_NAME_value(all.get(), i);
    if (one->type == GEN_DNS) add_name(names, one->d.dNSName);
  }
  if (all) return names;
  X509_NAME* subject = X509_get_subject_name(leaf);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) add_name(names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  return names;
}

std::vector<X509Ptr> read_all(Reading& reading, Option option, const std::string& file) {
  std::vector<X509Ptr> all;
  const BioPtr bio = reading.open(option, file);
  if (!bio) return all;
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) all.emplace_back(one);
  const unsigned long why = ERR_peek_last_error();
  const bool ended = ERR_GET_LIB(why) == ERR_LIB_PEM && ERR_GET_REASON(why) == PEM_R_NO_START_LINE;
  if (!ended) {
    reading.error(option, "certificate " + std::to_string(all.size() + 1) + " in " + printable(file) +
                              " can't be read: " + openssl_reason());
    all.clear();
  } else if (all.empty()) {
    reading.error(option, "there is no certificate in " + printable(file),
                  option == Option::certificate ? "PEM, the certificate first, then who signed it" : "PEM");
  }
  ERR_clear_error();
  return all;
}

// Whoever may read the key can be us.
void look_at_permissions(Reading& reading, const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0)
    reading.say(Option::key, Weight::warning, "everybody on this machine may read the key " + printable(file),
                "chmod o-r");
}

KeyPtr read_key(Reading& reading, const std::string& file) {
  const BioPtr bio = reading.open(Option::key, file);
  if (!bio) return nullptr;
  look_at_permissions(reading, file);
  bool asked = false;
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &asked));
  if (!key) {
    if (asked) {
      reading.error(Option::key, "the key " + printable(file) + " is encrypted", "one without a passphrase");
    } else {
      reading.error(Option::key, "there is no private key in " + printable(file), "PEM, as in BEGIN PRIVATE KEY");
    }
  }
  ERR_clear_error();
  return key;
}

void look_at_dates(Reading& reading, const TlsCertificate& certificate, WallTime now) {
  const WallTime begins = wall_time_of(X509_get0_notBefore(certificate.leaf.get()));
  const std::string whose = "the certificate of " + certificate.text();
  if (certificate.expires <= now) {
    reading.say(Option::certificate, Weight::expired, whose + " expired on " + date_text(certificate.expires),
                "a new one");
  } else if (begins > now) {
    reading.say(Option::certificate, Weight::expired, whose + " is not valid before " + date_text(begins),
                "one that is valid now");
  } else if (certificate.expires - now < kCertificateSoon) {
    reading.say(Option::certificate, Weight::warning, whose + " expires on " + date_text(certificate.expires),
                "a new one soon");
  }
}

void look_at_chain(Reading& reading, const TlsCertificate& certificate) {
  const X509* below = certificate.leaf.get();
  for (const X509Ptr& above : certificate.chain) {
    if (X509_NAME_cmp(X509_get_issuer_name(below), X509_get_subject_name(above.get())) != 0) {
      reading.say(Option::certificate, Weight::warning,
                  "the chain is out of order: who verifies it may not find the way up",
                  "each certificate followed by who signed it");
      return;
    }
    below = above.get();
  }
}

}  // namespace

WallTime wall_time_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<WallTime>(::timegm(&parts)) : 0;
}

std::string date_text(WallTime time) {
  const std::time_t seconds = time;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &parts)};
}

std::vector<X509Ptr> read_certificates(const std::string& file, Option option, std::size_t number,
                                       TlsFindings& findings) {
  Reading reading(number, findings);
  return read_all(reading, option, file);
}

TlsCertificate TlsCertificate::read(const std::string& certificate_file, const std::string& key_file, WallTime now,
                                    std::size_t number, TlsFindings& findings) {
  Reading reading(number, findings);
  TlsCertificate made;
  auto all = read_all(reading, Option::certificate, certificate_file);
  auto key = read_key(reading, key_file);
  if (all.empty()) return made;
  if (all.size() > kMostInChain) {
    reading.error(Option::certificate,
                  printable(certificate_file) + " holds " + std::to_string(all.size()) + " certificates",
                  "one and its chain");
    return made;
  }
  if (key && X509_check_private_key(all.front().get(), key.get()) != 1) {
    ERR_clear_error();
    reading.error(
        Option::key,
        "the key " + printable(key_file) + " does not belong to the certificate " + printable(certificate_file),
        "the pair");
    return made;
  }
  made.leaf = std::move(all.front());
  made.chain.assign(std::make_move_iterator(all.begin() + 1), std::make_move_iterator(all.end()));
  made.key = std::move(key);
  made.names = names_of(made.leaf.get());
  made.expires = wall_time_of(X509_get0_notAfter(made.leaf.get()));
  look_at_dates(reading, made, now);
  look_at_chain(reading, made);
  return made;
}

bool TlsCertificate::must_staple() const {
  return X509_get_ext_by_NID(leaf.get(), NID_tlsfeature, -1) >= 0;
}

int TlsCertificate::kind() const {
  return EVP_PKEY_get_base_id(key.get());
}

std::string TlsCertificate::text() const {
  if (!names.empty()) return names.front();
  char subject[256];
  X509_NAME_oneline(X509_get_subject_name(leaf.get()), subject, sizeof subject);
  return printable(subject);
}

}  // namespace weir
