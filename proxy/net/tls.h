// TLS for connections that weir makes: to Redis, later to origins. OpenSSL stops here.
//
//   TlsContext   what is trusted; const, shared by threads and connections
//   TlsSession   one connection: moves bytes over a descriptor that somebody else owns and watches
//
// TLS 1.2 or later. Chain and name (or IP address) of the server are verified unless that was switched off by name.
#pragma once

#include <openssl/ossl_typ.h>
#include <sys/uio.h>

#include <memory>
#include <span>
#include <string>

#include "proxy/base/result.h"
#include "proxy/net/stream.h"

namespace weir {

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

 private:
  friend class TlsSession;
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  explicit TlsContext(SSL_CTX* context, bool verifies) : context_(context), verifies_(verifies) {}

  std::unique_ptr<SSL_CTX, Free> context_;
  bool verifies_;
};

// One loop. Any of the three calls may want the other direction than it is named after (a handshake reads and writes;
// so do key updates): after Kind::again, wants_write() says what to wait for. After Kind::failed nothing more works.
class TlsSession {
 public:
  // The client's side. `host`: a name, sent as SNI, or an IP address; the certificate must be for it.
  TlsSession(std::shared_ptr<const TlsContext> context, int fd, const std::string& host);

  // Kind::moved once it stands; before, Kind::again. Called until then.
  Io handshake();
  Io read(std::span<char> into);
  // As many of the pieces as go into one record, so that what is small leaves together.
  Io write(std::span<const iovec> pieces);

  bool wants_write() const { return wants_write_; }
  // Why it failed, for people.
  const std::string& error() const { return error_; }

 private:
  struct Free {
    void operator()(SSL* session) const;
  };
  Io outcome(int returned);

  const std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<SSL, Free> session_;
  std::string error_;
  bool wants_write_ = false;
};

}  // namespace weir
