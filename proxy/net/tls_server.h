// TlsServer: how one listener speaks TLS: its certificates, chosen by the name that a client asks for (SNI), and its
// rules. Read whole from files, then const: shared by all threads, and held by the connections that began under it, so
// that a reload changes nothing for them.
//
// One context of OpenSSL for each set of certificates that serve a name together: of those of different kinds (RSA,
// ECDSA) OpenSSL takes the one that the client can verify.
#pragma once

#include <openssl/ossl_typ.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/net/tls_certificate.h"
#include "proxy/net/tls_clients.h"
#include "proxy/net/tls_ocsp.h"
#include "proxy/net/tls_tickets.h"

namespace weir {

inline constexpr std::string_view kTlsHttp2 = "h2";  // as ALPN has it

class TlsServer {
 public:
  struct CertificateFiles {
    std::string certificate, key;  // PEM
    std::string ocsp{};            // DER; empty: none
  };
  struct Options {
    std::vector<CertificateFiles> certificates;  // the first one is for who names no host, or one that is not here
    bool only_tls13 = false;
    std::optional<TlsClients::Options> clients{};                            // empty: who they are isn't asked
    std::vector<std::string> protocols{std::string(kTlsHttp2), "http/1.1"};  // the best first (ALPN)
  };
  // Reads files: off the loops that serve. Null where `findings` got an error.
  static std::shared_ptr<const TlsServer> open(const Options& options, TlsTickets& tickets, WallTime now,
                                               TlsFindings& findings);

  struct Shown {
    std::string file;
    WallTime expires = 0;
    std::shared_ptr<OcspFile> ocsp{};  // null: none
  };
  const std::vector<Shown>& shown() const { return shown_; }
  // TlsClients::asks(); empty where nothing is asked.
  std::string_view asks() const { return clients_ ? std::string_view(clients_->asks()) : std::string_view{}; }
  // One thread: reads OCSP responses whose files have changed. Gives what is to be said of them.
  std::vector<std::string> look_at_ocsp(WallTime now) const;

 private:
  friend class TlsSession;
  using Set = std::vector<std::size_t>;  // of certificates, of different kinds

  TlsServer() = default;
  SSL_CTX* context_for(std::string_view host) const;
  bool make_contexts(const Options& options, const std::vector<TlsCertificate>& certificates, TlsTickets& tickets,
                     TlsFindings& findings);
  SSL_CTX* make_context(const Options& options, TlsTickets& tickets);
  static int staple(SSL* session, void* server) noexcept;
  static int choose_certificate(SSL* session, int* alert, void* server) noexcept;
  static int choose_protocol(SSL* session, const unsigned char** chosen, unsigned char* chosen_length,
                             const unsigned char* offered, unsigned offered_length, void* server) noexcept;

  std::vector<Shown> shown_;
  std::shared_ptr<const TlsClients> clients_;  // null: not asked for
  std::vector<std::string> protocols_;
  std::vector<ContextPtr> contexts_;                               // the first one is for all other names
  std::map<std::string, SSL_CTX*, std::less<>> exact_, wildcard_;  // by host; by what follows "*."
};

}  // namespace weir
