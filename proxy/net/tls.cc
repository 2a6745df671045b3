// TLS by OpenSSL; see tls.h.
#include "proxy/net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/base/text.h"

namespace weir {
namespace {

constexpr std::size_t kRecord = 16 * 1024;  // the most that one record carries

// A BIO over a socket as OpenSSL's own, but for MSG_NOSIGNAL: a peer that went away must not be able to end the
// process, whatever the program around us does with SIGPIPE.
int fd_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool again(ssize_t moved) {
  return moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

int bio_write(BIO* bio, const char* bytes, int count) noexcept {
  BIO_clear_retry_flags(bio);
  const ssize_t moved = ::send(fd_of(bio), bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL);
  if (again(moved)) BIO_set_retry_write(bio);
  return static_cast<int>(moved);
}

int bio_read(BIO* bio, char* bytes, int count) noexcept {
  BIO_clear_retry_flags(bio);
  const ssize_t moved = ::recv(fd_of(bio), bytes, static_cast<std::size_t>(count), 0);
  if (again(moved)) BIO_set_retry_read(bio);
  if (moved == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(moved);
}

long bio_control(BIO* bio, int command, long, void*) noexcept {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* socket_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir socket");
    WEIR_CHECK(made != nullptr);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

std::string reason() {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  return text == nullptr ? "unknown error" : text;
}

void forget_errors() {
  ERR_clear_error();
  errno = 0;
}

bool is_ip(const std::string& host) {
  return parse_ip(host, 0).ok();
}

// No promise to the system's store: where it can't be read nothing is trusted, and each connection says so.
bool trust(SSL_CTX* context, const std::string& ca_file) {
  if (ca_file.empty()) return SSL_CTX_set_default_verify_paths(context) == 1;
  return SSL_CTX_load_verify_file(context, ca_file.c_str()) == 1;
}

// Our own certificate, with its chain, for servers that ask who we are.
bool identify(SSL_CTX* context, const TlsContext::Options& options) {
  if (options.certificate_file.empty()) return true;
  return SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) == 1 &&
         SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) == 1 &&
         SSL_CTX_check_private_key(context) == 1;
}

}  // namespace

void TlsContext::Free::operator()(SSL_CTX* context) const {
  SSL_CTX_free(context);
}

void TlsSession::Free::operator()(SSL* session) const {
  SSL_free(session);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::open(const Options& options) {
  ERR_clear_error();
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return Error{Side::internal, Code::internal, "TLS: " + reason()};
  std::shared_ptr<const TlsContext> made(new TlsContext(context, options.verify));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_quiet_shutdown(context, 1);  // the descriptor is closed, and that is all
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (options.verify && !trust(context, options.ca_file)) {
    return Error{Side::config, Code::malformed, "can't read certificates from '" + options.ca_file + "': " + reason()};
  }
  if (!identify(context, options)) {
    return Error{Side::config, Code::malformed,
                 "can't use the certificate '" + options.certificate_file + "' with the key '" + options.key_file +
                     "': " + reason()};
  }
  return made;
}

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, int fd, const std::string& host)
    : context_(std::move(context)), session_(SSL_new(context_->context_.get())) {
  WEIR_CHECK(session_ != nullptr);
  SSL* session = session_.get();
  BIO* bio = BIO_new(socket_method());
  WEIR_CHECK(bio != nullptr);
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  SSL_set_bio(session, bio, bio);
  SSL_set_connect_state(session);
  bool named = true;
  if (is_ip(host)) {
    if (context_->verifies()) named = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
  } else {
    SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    named = SSL_set_tlsext_host_name(session, host.c_str()) == 1;
    if (context_->verifies()) named = named && !host.empty() && SSL_set1_host(session, host.c_str()) == 1;
  }
  if (!named) error_ = "TLS can't be asked for the name '" + printable(host) + "'";
}

Io TlsSession::handshake() {
  if (!error_.empty()) return {Io::Kind::failed, 0, EPROTO};
  forget_errors();
  const int returned = SSL_do_handshake(session_.get());
  if (returned == 1) return {Io::Kind::moved, 0, 0};
  const Io io = outcome(returned);
  if (io.kind != Io::Kind::ended) return io;
  error_ = "TLS: closed during the handshake";
  return {Io::Kind::failed, 0, ECONNRESET};
}

Io TlsSession::read(std::span<char> into) {
  forget_errors();
  std::size_t got = 0;
  const int returned = SSL_read_ex(session_.get(), into.data(), into.size(), &got);
  if (returned == 1) return {Io::Kind::moved, got, 0};
  return outcome(returned);
}

Io TlsSession::write(std::span<const iovec> pieces) {
  const char* bytes = static_cast<const char*>(pieces.front().iov_base);
  std::size_t count = std::min(pieces.front().iov_len, kRecord);
  std::array<char, kRecord> together;
  if (count < kRecord && pieces.size() > 1) {
    std::size_t filled = 0;
    for (const iovec& piece : pieces) {
      const std::size_t part = std::min(piece.iov_len, kRecord - filled);
      if (part == 0) continue;
      std::memcpy(together.data() + filled, piece.iov_base, part);
      filled += part;
    }
    bytes = together.data();
    count = filled;
  }
  if (count == 0) return {Io::Kind::moved, 0, 0};
  forget_errors();
  std::size_t sent = 0;
  const int returned = SSL_write_ex(session_.get(), bytes, count, &sent);
  if (returned == 1) return {Io::Kind::moved, sent, 0};
  return outcome(returned);
}

Io TlsSession::outcome(int returned) {
  const int errno_then = errno;
  wants_write_ = false;
  switch (SSL_get_error(session_.get(), returned)) {
    case SSL_ERROR_WANT_READ: return {Io::Kind::again, 0, 0};
    case SSL_ERROR_WANT_WRITE: wants_write_ = true; return {Io::Kind::again, 0, 0};
    case SSL_ERROR_ZERO_RETURN: return {Io::Kind::ended, 0, 0};
    case SSL_ERROR_SYSCALL:
      if (ERR_peek_error() == 0 && errno_then != 0) {
        error_ = std::string("TLS: ") + std::strerror(errno_then);
        return {Io::Kind::failed, 0, errno_then};
      }
      break;
    default: break;
  }
  // Anybody on the way can end a connection, only the peer can say goodbye: what ends by its end is cut.
  if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    error_ = "TLS: ended without a goodbye";
    return {Io::Kind::failed, 0, ECONNRESET};
  }
  const long verified = SSL_get_verify_result(session_.get());
  error_ = verified != X509_V_OK && context_->verifies()
               ? std::string("TLS: the certificate is refused: ") + X509_verify_cert_error_string(verified)
               : "TLS: " + reason();
  return {Io::Kind::failed, 0, EPROTO};
}

}  // namespace weir
