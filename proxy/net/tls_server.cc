// The server's side of TLS; see tls_server.h.
#include "proxy/net/tls_server.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/base/text.h"

namespace weir {
namespace {

// With forward secrecy and authenticated, no others; TLS 1.3 has no others anyway.
constexpr const char* kCiphers13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// The first where OpenSSL knows it (3.5): what is recorded today isn't read by tomorrow's machines.
constexpr const char* kGroups = "X25519MLKEM768:X25519:P-256:P-384";
constexpr const char* kOlderGroups = "X25519:P-256:P-384";
constexpr long kSessionLife = 12 * 3600;           // seconds
constexpr std::string_view kSessionName = "weir";  // where nobody is asked who they are

// The host as certificates name it.
std::string host_of(SSL* session) {
  const char* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  std::string host = name == nullptr ? std::string() : lower(name);
  if (host.ends_with('.')) host.pop_back();
  return host;
}

bool show(SSL_CTX* context, const TlsCertificate& certificate) {
  STACK_OF(X509)* chain = sk_X509_new_null();
  for (const X509Ptr& one : certificate.chain) sk_X509_push(chain, one.get());
  const bool shown = SSL_CTX_use_cert_and_key(context, certificate.leaf.get(), certificate.key.get(), chain, 1) == 1;
  sk_X509_free(chain);
  return shown;
}

std::shared_ptr<OcspFile> read_ocsp(const TlsServer::CertificateFiles& files, const TlsCertificate& certificate,
                                    WallTime now, std::size_t number, TlsFindings& findings) {
  if (!files.ocsp.empty()) return std::make_shared<OcspFile>(files.ocsp, certificate, now, number, findings);
  if (certificate.must_staple()) {
    findings.push_back({TlsFinding::Option::certificate, TlsFinding::Weight::warning, number,
                        "clients take the certificate of " + certificate.text() + " only with an OCSP response",
                        "ocsp: a file"});
  }
  return nullptr;
}

}  // namespace

std::shared_ptr<const TlsServer> TlsServer::open(const Options& options, TlsTickets& tickets, WallTime now,
                                                 TlsFindings& findings) {
  std::shared_ptr<TlsServer> made(new TlsServer);
  std::vector<TlsCertificate> certificates;
  bool whole = !options.certificates.empty();
  for (const CertificateFiles& files : options.certificates) {
    certificates.push_back(TlsCertificate::read(files.certificate, files.key, now, certificates.size(), findings));
    const TlsCertificate& read = certificates.back();
    made->shown_.push_back({files.certificate, read.expires});
    whole = whole && read.leaf && read.key;
    if (read.leaf) made->shown_.back().ocsp = read_ocsp(files, read, now, certificates.size() - 1, findings);
  }
  made->protocols_ = options.protocols;
  if (options.clients) {
    made->clients_ = TlsClients::read(*options.clients, now, findings);
    whole = whole && made->clients_;
  }
  if (!whole || !made->make_contexts(options, certificates, tickets, findings)) return nullptr;
  return made;
}

// For each name those certificates that have it, the first of each kind.
bool TlsServer::make_contexts(const Options& options, const std::vector<TlsCertificate>& certificates,
                              TlsTickets& tickets, TlsFindings& findings) {
  std::map<std::string, Set, std::less<>> sets;
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    for (const std::string& name : certificates[i].names) {
      Set& set = sets[name];
      const bool known = std::any_of(set.begin(), set.end(), [&](std::size_t other) {
        return certificates[other].kind() == certificates[i].kind();
      });
      if (!known) set.push_back(i);
    }
  }
  std::map<Set, SSL_CTX*> contexts;
  const auto context_of = [&](const Set& set) {
    SSL_CTX*& context = contexts[set];
    if (context != nullptr) return context;
    context = make_context(options, tickets);
    for (const std::size_t i : set) {
      if (show(context, certificates[i])) continue;
      findings.push_back({TlsFinding::Option::certificate,
                          TlsFinding::Weight::error,
                          i,
                          "can't use the certificate of " + certificates[i].text() + ": " + openssl_reason(),
                          {}});
    }
    return context;
  };
  const auto& names = certificates.front().names;
  context_of(names.empty() ? Set{0} : sets[names.front()]);
  for (const auto& [name, set] : sets) {
    const std::string_view host = name;
    (host.starts_with("*.") ? wildcard_ : exact_)
        .emplace(host.starts_with("*.") ? host.substr(2) : host, context_of(set));
  }
  return std::none_of(findings.begin(), findings.end(),
                      [](const TlsFinding& found) { return found.weight == TlsFinding::Weight::error; });
}

SSL_CTX* TlsServer::make_context(const Options& options, TlsTickets& tickets) {
  contexts_.emplace_back(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = contexts_.back().get();
  WEIR_CHECK(context != nullptr);
  SSL_CTX_set_security_level(context, 2);
  SSL_CTX_set_min_proto_version(context, options.only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context, 0);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
  WEIR_CHECK(SSL_CTX_set_cipher_list(context, kCiphers12) == 1);
  WEIR_CHECK(SSL_CTX_set_ciphersuites(context, kCiphers13) == 1);
  if (SSL_CTX_set1_groups_list(context, kGroups) != 1) WEIR_CHECK(SSL_CTX_set1_groups_list(context, kOlderGroups) == 1);
  ERR_clear_error();
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);  // TlsSession::receive()
  SSL_CTX_set_read_ahead(context, 1);
  // Sessions are kept by clients, sealed. No early data: it could be sent again by who recorded it.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_timeout(context, kSessionLife);
  const std::string_view name = clients_ ? std::string_view(clients_->session_name()) : kSessionName;
  WEIR_CHECK(SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(name.data()),
                                            static_cast<unsigned>(name.size())) == 1);
  if (clients_) clients_->serve(context);
  tickets.serve(context);
  SSL_CTX_set_tlsext_servername_callback(context, choose_certificate);
  SSL_CTX_set_tlsext_servername_arg(context, this);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, this);
  SSL_CTX_set_tlsext_status_cb(context, staple);
  SSL_CTX_set_tlsext_status_arg(context, this);
  return context;
}

SSL_CTX* TlsServer::context_for(std::string_view host) const {
  if (const auto found = exact_.find(host); found != exact_.end()) return found->second;
  const auto dot = host.find('.');
  if (dot != std::string_view::npos && dot > 0) {
    if (const auto found = wildcard_.find(host.substr(dot + 1)); found != wildcard_.end()) return found->second;
  }
  return contexts_.front().get();
}

int TlsServer::choose_certificate(SSL* session, int*, void* server) noexcept {
  SSL_CTX* const context = static_cast<const TlsServer*>(server)->context_for(host_of(session));
  if (context != SSL_get_SSL_CTX(session)) SSL_set_SSL_CTX(session, context);
  return SSL_TLSEXT_ERR_OK;
}

// For clients that ask for it, and the certificate that was chosen.
int TlsServer::staple(SSL* session, void* server) noexcept {
  const X509* leaf = SSL_get_certificate(session);
  for (const Shown& one : static_cast<const TlsServer*>(server)->shown_) {
    if (!one.ocsp || one.ocsp->leaf() != leaf) continue;
    const auto response = one.ocsp->response();
    if (!response || !response->holds(wall_now())) break;
    auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(response->der.data(), response->der.size()));
    if (copy == nullptr) break;
    SSL_set_tlsext_status_ocsp_resp(session, copy, static_cast<long>(response->der.size()));  // frees it
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

std::vector<std::string> TlsServer::look_at_ocsp(WallTime now) const {
  std::vector<std::string> said;
  for (const Shown& one : shown_) {
    if (!one.ocsp) continue;
    if (auto words = one.ocsp->look(now)) said.push_back(std::move(*words));
  }
  return said;
}

// A client that wants only what isn't spoken here is refused rather than answered in another language (RFC 7301 §3.2).
int TlsServer::choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_length,
                               const unsigned char* offered, unsigned offered_length, void* server) noexcept {
  const std::string_view list(reinterpret_cast<const char*>(offered), offered_length);
  for (const std::string& ours : static_cast<const TlsServer*>(server)->protocols_) {
    std::size_t length = 0;
    for (std::size_t at = 0; at < list.size(); at += 1 + length) {
      length = static_cast<unsigned char>(list[at]);
      const auto theirs = list.substr(at + 1, length);
      if (theirs != ours) continue;
      *chosen = offered + at + 1;
      *chosen_length = static_cast<unsigned char>(theirs.size());
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace weir
