// A handshake with a TlsServer, both sides on this thread: what a client asked for, and what came of it. For unit
// tests.
#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/net/openssl.h"
#include "proxy/net/tls.h"
#include "proxy/net/tls_server.h"
#include "tests/support/catch.h"
#include "tests/support/certificates.h"
#include "tests/support/temporary_folder.h"

namespace weir::test {

struct Pki {
  TemporaryFolder folder;
  CertificateAuthority ca{folder.path(), "ca"};

  CertificateFiles sign(const std::string& name, const std::string& names, const CertificateOptions& options = {}) {
    return ca.sign(name, names, options);
  }
};

inline TlsServer::Options options_of(const std::vector<CertificateFiles>& files) {
  TlsServer::Options options;
  for (const auto& one : files) options.certificates.push_back({one.certificate, one.key});
  return options;
}

inline std::shared_ptr<const TlsServer> open(const TlsServer::Options& options,
                                             TlsTickets& tickets = TlsTickets::of_process()) {
  TlsFindings findings;
  auto server = TlsServer::open(options, tickets, wall_now(), findings);
  for (const auto& found : findings) {
    CAPTURE(found.what);
    CHECK(found.weight != TlsFinding::Weight::error);
  }
  REQUIRE(server != nullptr);
  return server;
}

struct Asked {
  std::string name{};
  std::string protocols{};  // ALPN, each after its length
  std::string signatures{};
  int highest = 0, lowest = 0;
  bool ocsp = false;  // the client asks for it
  SSL_SESSION* session = nullptr;
  std::function<void(SSL_CTX*)> also{};
};

struct Met {
  bool client = false, server = false;  // it is over, and well
  std::string subject, protocol, cipher;
  bool resumed = false, tls13 = false;
  std::string stapled;  // the OCSP response
  std::shared_ptr<const ClientIdentity> identity;
  std::string error;  // the server's
  TlsFailure failure = TlsFailure::other;
  std::unique_ptr<SSL_SESSION, OpenSslFree<SSL_SESSION_free>> session;
};

inline int keep_session(SSL* client, SSL_SESSION* session) {
  static_cast<Met*>(SSL_get_app_data(client))->session.reset(session);
  return 1;
}

// Both sides on this thread, over a pair of sockets.
inline Met meet(const std::shared_ptr<const TlsServer>& server, const Asked& asked = {}) {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
  const ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (asked.highest != 0) SSL_CTX_set_max_proto_version(context.get(), asked.highest);
  if (asked.lowest != 0) SSL_CTX_set_min_proto_version(context.get(), asked.lowest);
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), keep_session);
  if (!asked.signatures.empty()) SSL_CTX_set1_sigalgs_list(context.get(), asked.signatures.c_str());
  if (asked.also) asked.also(context.get());
  SSL* client = SSL_new(context.get());
  Met met;
  SSL_set_app_data(client, &met);
  SSL_set_fd(client, ends[0]);
  SSL_set_connect_state(client);
  if (!asked.name.empty()) SSL_set_tlsext_host_name(client, asked.name.c_str());
  SSL_set_alpn_protos(client, reinterpret_cast<const unsigned char*>(asked.protocols.data()),
                      static_cast<unsigned>(asked.protocols.size()));
  if (asked.ocsp) SSL_set_tlsext_status_type(client, TLSEXT_STATUSTYPE_ocsp);
  if (asked.session != nullptr) {  // a copy: OpenSSL takes a session of TLS 1.3 once
    const std::unique_ptr<SSL_SESSION, OpenSslFree<SSL_SESSION_free>> copy(SSL_SESSION_dup(asked.session));
    SSL_set_session(client, copy.get());
  }
  TlsSession session(server, ends[1]);
  for (int i = 0; i < 20; ++i) {
    if (!met.client) met.client = SSL_do_handshake(client) == 1;
    if (met.server) continue;
    const Io io = session.handshake();
    met.server = io.kind == Io::Kind::moved;
    if (io.kind == Io::Kind::failed) break;
  }
  char byte = 0;
  SSL_read(client, &byte, 1);  // tickets of TLS 1.3 come after the handshake
  if (const X509* certificate = SSL_get0_peer_certificate(client)) {
    std::array<char, 64> text{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text.data(), text.size());
    met.subject = text.data();
  }
  if (met.server) {
    met.protocol = session.protocol();
    met.resumed = session.resumed();
    met.tls13 = session.tls13();
    met.identity = session.client();
    CHECK(met.resumed == (SSL_session_reused(client) == 1));
  }
  unsigned char* response = nullptr;
  if (const long length = SSL_get_tlsext_status_ocsp_resp(client, &response); length > 0)
    met.stapled.assign(reinterpret_cast<const char*>(response), static_cast<std::size_t>(length));
  met.cipher = SSL_get_cipher_name(client);
  met.failure = session.failure();
  met.error = session.error();
  SSL_set_shutdown(client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // else its session can't be resumed
  SSL_free(client);
  ::close(ends[0]);
  ::close(ends[1]);
  return met;
}

}  // namespace weir::test
