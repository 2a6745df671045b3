// Client certificates by OpenSSL; see tls_clients.h.
#include "proxy/net/tls_clients.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/base/text.h"
#include "proxy/net/tls_authorities.h"

namespace weir {
namespace {

constexpr std::size_t kMostAuthorities = 100;
constexpr long kMostShown = 16 * 1024;  // bytes, of a client's certificate and its chain
constexpr std::string_view kNoClients = "weir";

using NamesPtr = std::unique_ptr<GENERAL_NAMES, OpenSslFree<GENERAL_NAMES_free>>;

struct ShownName {
  ClientNameKind kind;
  std::string text;
};

// Those of its alternative names that can be told apart from all others: visible ASCII.
std::vector<ShownName> names_of(X509* certificate) {
  std::vector<ShownName> names;
  const NamesPtr all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* one = sk_GENERAL_NAME_value(all.get(), i);
    if (one->type != GEN_URI && one->type != GEN_DNS) continue;
    const ASN1_STRING* text = one->d.ia5;
    std::string name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<std::size_t>(ASN1_STRING_length(text)));
    const bool plain =
        !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (plain) names.push_back({one->type == GEN_URI ? ClientNameKind::uri : ClientNameKind::dns, std::move(name)});
  }
  ERR_clear_error();
  return names;
}

std::string name_of_client(X509* certificate) {
  const auto names = names_of(certificate);
  for (const ClientNameKind kind : {ClientNameKind::uri, ClientNameKind::dns}) {
    for (const ShownName& one : names) {
      if (one.kind == kind) return one.text;
    }
  }
  return subject_of(certificate);
}

std::string der_of(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int length = i2d_X509(certificate, &bytes);
  WEIR_CHECK(length > 0);
  std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  return der;
}

// ":base64=:", a byte sequence of RFC 8941.
std::string field_of(X509* certificate) {
  const std::string der = der_of(certificate);
  std::string field(4 * ((der.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(field.data()),
                                     reinterpret_cast<const unsigned char*>(der.data()), static_cast<int>(der.size()));
  field.resize(static_cast<std::size_t>(length));
  return ":" + field + ":";
}

// As long as SHA-256 and as long as OpenSSL takes one.
std::string bound_to(const TlsClients::Options& options, const std::vector<X509Ptr>& authorities) {
  std::string all(kNoClients);
  const auto add = [&](std::string_view part) { all.append(std::to_string(part.size())).append(":").append(part); };
  add(options.required ? "required" : "optional");
  add(std::to_string(options.depth));
  for (const X509Ptr& one : authorities) add(der_of(one.get()));
  add("names");
  for (const std::string& name : options.names) add(name);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  WEIR_CHECK(EVP_Digest(all.data(), all.size(), digest.data(), &length, EVP_sha256(), nullptr) == 1);
  return {reinterpret_cast<char*>(digest.data()), length};
}

// A path with "." or ".." in it is another one for whoever resolves it, and % may hide them.
bool is_plain_uri(std::string_view uri) {
  if (uri.find_first_of("%?#\\") != std::string_view::npos) return false;
  const auto has = [&](std::string_view part) { return uri.find(part) != std::string_view::npos; };
  return !has("/./") && !has("/../") && !uri.ends_with("/.") && !uri.ends_with("/..");
}

bool is_host_name(std::string_view name) {
  return !name.empty() && name.size() < 254 && name.front() != '.' && name.back() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '-' || c == '.' || c == '_';
         });
}

}  // namespace

bool is_client_name(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos) return is_host_name(text.starts_with("*.") ? text.substr(2) : text);
  const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
  const auto star = text.find('*');
  const bool good_star = star == std::string_view::npos || (star == text.size() - 1 && text.ends_with("/*"));
  return scheme > 0 && text.size() > scheme + 3 && text[scheme + 3] != '/' && text[scheme + 3] != '*' && visible &&
         good_star && is_plain_uri(text);
}

bool matches_name(std::string_view allowed, ClientNameKind kind, std::string_view name) {
  const bool uri = allowed.find("://") != std::string_view::npos;
  if (uri != (kind == ClientNameKind::uri)) return false;
  if (uri) {
    if (!is_plain_uri(name)) return false;
    if (!allowed.ends_with("/*")) return name == allowed;
    const auto start = allowed.substr(0, allowed.size() - 1);
    return name.size() > start.size() && name.starts_with(start);
  }
  if (!is_host_name(name)) return false;
  if (!allowed.starts_with("*.")) return equals_ignoring_case(name, allowed);
  const auto dot = name.find('.');
  return dot != std::string_view::npos && equals_ignoring_case(name.substr(dot), allowed.substr(1));
}

TlsClients::TlsClients(const Options& options, std::vector<X509Ptr> authorities)
    : options_(options),
      authorities_(std::move(authorities)),
      session_name_(bound_to(options_, authorities_)),
      asks_(session_name_ + (options_.forward ? "forwarded" : "")) {}

std::shared_ptr<const TlsClients> TlsClients::read(const Options& options, WallTime now, TlsFindings& findings) {
  auto authorities = read_certificates(options.ca_file, TlsFinding::Option::client_ca, 0, findings);
  if (authorities.empty()) return nullptr;
  if (authorities.size() > kMostAuthorities) {
    findings.push_back({TlsFinding::Option::client_ca, TlsFinding::Weight::error, 0,
                        printable(options.ca_file) + " holds " + std::to_string(authorities.size()) + " certificates",
                        "those who sign your clients' certificates, at most 100"});
    return nullptr;
  }
  look_at_authorities(authorities, options.ca_file, now, findings);
  return std::shared_ptr<const TlsClients>(new TlsClients(options, std::move(authorities)));
}

void TlsClients::serve(SSL_CTX* context) const {
  X509_STORE* store = X509_STORE_new();
  STACK_OF(X509_NAME)* names = sk_X509_NAME_new_null();
  WEIR_CHECK(store != nullptr && names != nullptr);
  for (const X509Ptr& one : authorities_) {
    X509_STORE_add_cert(store, one.get());
    sk_X509_NAME_push(names, X509_NAME_dup(X509_get_subject_name(one.get())));
  }
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  SSL_CTX_set1_verify_cert_store(context, store);
  X509_STORE_free(store);
  SSL_CTX_set_client_CA_list(context, names);  // takes them
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (options_.required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  SSL_CTX_set_verify_depth(context, static_cast<int>(options_.depth));
  SSL_CTX_set_max_cert_list(context, kMostShown);
  SSL_CTX_set_cert_verify_callback(context, verify, const_cast<TlsClients*>(this));
}

// The chain by OpenSSL, with the purpose of a client's; the name by us.
int TlsClients::verify(X509_STORE_CTX* chain, void* self) noexcept {
  const Options& options = static_cast<const TlsClients*>(self)->options_;
  X509_STORE_CTX_set_time(chain, 0, wall_now());
  if (X509_verify_cert(chain) != 1) return 0;
  if (options.names.empty()) return 1;
  for (const ShownName& shown : names_of(X509_STORE_CTX_get0_cert(chain))) {
    for (const std::string& allowed : options.names) {
      if (matches_name(allowed, shown.kind, shown.text)) return 1;
    }
  }
  X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

std::shared_ptr<const ClientIdentity> TlsClients::identity_of(SSL* session) const {
  X509* certificate = SSL_get0_peer_certificate(session);
  if (certificate == nullptr || SSL_get_verify_result(session) != X509_V_OK) return nullptr;
  auto identity = std::make_shared<ClientIdentity>();
  identity->name = name_of_client(certificate);
  if (options_.forward) identity->certificate = field_of(certificate);
  return identity;
}

}  // namespace weir
