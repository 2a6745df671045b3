// TLS. OpenSSL stops here.
//
//   TlsContext   what is trusted, for connections that weir makes; const, shared by threads and connections
//   TlsServer    what is shown, to those that clients make (tls_server.h); the same
//   TlsSession   one connection: moves bytes over a descriptor that somebody else owns and watches; see net/stream.h
//
// TLS 1.2 or later. Chain and name (or IP address) of a server are verified unless that was switched off by name.
#pragma once

#include <openssl/ossl_typ.h>
#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/result.h"
#include "proxy/net/client_identity.h"
#include "proxy/net/io.h"
#include "proxy/net/tls_failure.h"
#include "proxy/net/tls_resumption.h"

namespace weir {

class TlsServer;

class TlsContext {
 public:
  struct Options {
    std::string ca_file{};  // PEM; empty: what the system trusts
    bool verify = true;
    std::string certificate_file{}, key_file{};  // PEM; ours, where the server asks for one
  };

  // Reads files: before serving, or off the loop. An error names the file.
  static Result<std::shared_ptr<const TlsContext>> open(const Options& options);

  bool verifies() const { return verifies_; }
  // The same for the same options and the same content of the files that they name.
  const std::string& identity() const { return identity_; }

 private:
  friend class TlsSession;
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  explicit TlsContext(SSL_CTX* context, bool verifies) : context_(context), verifies_(verifies) {}

  std::unique_ptr<SSL_CTX, Free> context_;
  bool verifies_;
  std::string identity_;
};

// One loop. What it has encrypted and the socket didn't take waits in it, bounded: then wants_write() is true, and
// flush() is to be called when the socket is writable. Nothing else ever waits for that. After Kind::failed nothing
// more works.
class TlsSession {
 public:
  // The client's side. `host`: a name, sent as SNI, or an IP address; the certificate must be for it.
  TlsSession(std::shared_ptr<const TlsContext> context, int fd, const std::string& host);
  // The server's side.
  TlsSession(std::shared_ptr<const TlsServer> server, int fd);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Before the handshake: goes on from one of these sessions, and keeps there what the server gives.
  void resume(std::shared_ptr<TlsResumption> known);
  // Before the handshake: the protocols that are spoken, the best first, each after its length (ALPN).
  void offer(std::string_view protocols);
  // After it: the one that the server chose (empty: none), and how it went.
  std::string_view protocol() const;
  bool resumed() const;
  bool tls13() const;
  // Of the server's side: who the client is; null where it isn't asked, or showed nothing.
  std::shared_ptr<const ClientIdentity> client() const;

  // Kind::moved once it stands; before, Kind::again. Called until then.
  Io handshake();
  Io read(std::span<char> into);
  // Some records' worth of the pieces: small ones leave together, and all of it in one call.
  Io write(std::span<const iovec> pieces);
  // Kind::moved: nothing waits any more.
  Io flush();

  bool wants_write() const { return !unsent_.empty(); }
  std::size_t unsent() const { return unsent_.size(); }
  // More may be read although the socket has nothing: it was received with what was read last.
  bool pending() const;
  // Nothing waits to be read, not even an end. What is TLS's own business (tickets, say) is done meanwhile.
  bool quiet();
  // Tells the peer that nothing more follows. Without it what was sent may look cut off.
  void say_goodbye();
  // Why it failed: for people, and of a client's handshake as a word.
  const std::string& error() const { return error_; }
  TlsFailure failure() const { return failure_; }

 private:
  struct Free {
    void operator()(SSL* session) const;
  };
  void take(int fd);
  // take(got): SSL_read_ex() or its like.
  template <class Take>
  Io receive(Take take);
  Io outcome(int returned, std::size_t moved);
  Io blocked() const;
  Io fail(std::string why, int error);

  const std::shared_ptr<const TlsContext> context_;  // one of the two
  const std::shared_ptr<const TlsServer> server_;
  const int fd_;
  std::shared_ptr<TlsResumption> known_;
  std::unique_ptr<SSL, Free> session_;
  std::string unsent_;     // encrypted
  unsigned messages_ = 0;  // that came after the handshake
  std::string error_;
  TlsFailure failure_ = TlsFailure::other;
};

}  // namespace weir
