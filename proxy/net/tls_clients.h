// TlsClients: whom one listener takes for a client: certificates that a CA of ours signed, for what may be a client,
// and that carry one of the names that are allowed. Const; shared by all threads.
//
// A session that a client resumes isn't verified again. So it is bound to these rules and to the content of the CA file
// (session_name): what another listener let in, or this one before a reload, starts from the beginning. And it ends
// with the certificate that was verified.
#pragma once

#include <openssl/ossl_typ.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/net/client_identity.h"
#include "proxy/net/tls_certificate.h"

namespace weir {

class TlsClients {
 public:
  struct Options {
    std::string ca_file;             // PEM; each in it is trusted by itself, with or without who signed it
    bool required = true;            // false: a client without a certificate is let in, one with a bad one is not
    unsigned depth = 3;              // certificates between the client's and one of the CA file
    std::vector<std::string> names;  // that are allowed: matches_name(); empty: any
    bool forward = false;            // the identity has the certificate for origins
  };

  // Reads the file. Null where `findings` got an error.
  static std::shared_ptr<const TlsClients> read(const Options& options, WallTime now, TlsFindings& findings);

  // From now on handshakes with this context ask for a certificate.
  void serve(SSL_CTX* context) const;
  // What sessions are bound to.
  const std::string& session_name() const { return session_name_; }
  // What they must show, and what becomes of it: differs where any option, or the content of the file, does.
  const std::string& asks() const { return asks_; }
  // The one who shook hands here; null: showed no certificate.
  std::shared_ptr<const ClientIdentity> identity_of(SSL* session) const;

 private:
  TlsClients(const Options& options, std::vector<X509Ptr> authorities);
  static int verify(X509_STORE_CTX* chain, void* self) noexcept;

  const Options options_;
  std::vector<X509Ptr> authorities_;
  std::string session_name_, asks_;
};

// A URI ("spiffe://mesh/ns/web/sa/api", or with "/*" at its end whatever goes on from there) or a DNS name
// ("api.mesh.example", or with "*." before it one label more).
bool is_client_name(std::string_view text);
enum class ClientNameKind : std::uint8_t { uri, dns };
bool matches_name(std::string_view allowed, ClientNameKind kind, std::string_view name);

}  // namespace weir
