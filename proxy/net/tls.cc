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
#include <fstream>
#include <iterator>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/base/hash.h"
#include "proxy/base/text.h"
#include "proxy/net/address.h"
#include "proxy/net/tls_server.h"

namespace weir {
namespace {

constexpr std::size_t kRecord = 16 * 1024;       // the most that one record carries
constexpr std::size_t kMostWritten = 64 * 1024;  // by one call
constexpr unsigned kMostMessages = 100;          // after the handshake: new keys, tickets
constexpr std::size_t kMostUnsent = 128 * 1024;  // past it nothing is read, for what is read may want to be answered

// What OpenSSL encrypts goes to this thread's scratch, from where the session that is at work sends it: so a write is
// never half done, several records leave in one call, and a session that waits for nothing owns no buffer.
std::string& encrypted() {
  thread_local std::string scratch;
  return scratch;
}

int bio_write(BIO*, const char* bytes, int count) noexcept {
  encrypted().append(bytes, static_cast<std::size_t>(count));
  return count;
}

int fd_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int bio_read(BIO* bio, char* bytes, int count) noexcept {
  BIO_clear_retry_flags(bio);
  const ssize_t moved = ::recv(fd_of(bio), bytes, static_cast<std::size_t>(count), 0);
  if (moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) BIO_set_retry_read(bio);
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

// How much of `bytes` the socket takes; less than all without an error: it is full. Negative: errno.
ssize_t send_some(int fd, std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t moved = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (moved < 0 && errno == EINTR) continue;
    if (moved < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? static_cast<ssize_t>(sent) : -1;
    sent += static_cast<std::size_t>(moved);
  }
  return static_cast<ssize_t>(sent);
}

std::string reason() {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  return text == nullptr ? "unknown error" : text;
}

std::string why_refused(long verified) {
  if (verified == X509_V_ERR_APPLICATION_VERIFICATION) return "it has none of the names that are allowed";
  return X509_verify_cert_error_string(verified);
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

// The options, and what stands in the files that they name.
std::string identity_of(const TlsContext::Options& options) {
  Fingerprint print;
  const std::string* const files[] = {&options.ca_file, &options.certificate_file, &options.key_file};
  for (const std::string* file : files) {
    print.add(*file);
    print.add({"\0", 1});
    std::ifstream in(*file, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    print.add(std::to_string(content.size()));
    print.add(content);
  }
  print.add(options.verify ? "verified" : "any");
  const auto digits = hex_of(print.digest());
  return {digits.data(), digits.size()};
}

// Where a session keeps what it goes on from.
int known_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// A session that the server gave, in the handshake or after it. Takes it by answering 1.
int on_new_session(SSL* session, SSL_SESSION* given) noexcept {
  auto* const known = static_cast<TlsResumption*>(SSL_get_ex_data(session, known_index()));
  if (known == nullptr) return 0;
  known->keep(TlsResumption::Session(given));
  return 1;
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
  std::shared_ptr<TlsContext> made(new TlsContext(context, options.verify));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);  // TlsSession::receive()
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  SSL_CTX_set_verify(context, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (options.verify && !trust(context, options.ca_file)) {
    return Error{Side::config, Code::malformed, "can't read certificates from '" + options.ca_file + "': " + reason()};
  }
  if (!identify(context, options)) {
    return Error{Side::config, Code::malformed,
                 "can't use the certificate '" + options.certificate_file + "' with the key '" + options.key_file +
                     "': " + reason()};
  }
  made->identity_ = identity_of(options);
  return std::shared_ptr<const TlsContext>(std::move(made));
}

TlsSession::TlsSession(std::shared_ptr<const TlsServer> server, int fd)
    : server_(std::move(server)), fd_(fd), session_(SSL_new(server_->contexts_.front().get())) {
  take(fd);
  SSL_set_accept_state(session_.get());
}

// All bytes go over the descriptor.
void TlsSession::take(int fd) {
  WEIR_CHECK(session_ != nullptr);
  SSL_set_msg_callback(session_.get(),
                       [](int sent, int, int kind, const void* bytes, std::size_t size, SSL*, void* counter) {
                         if (sent != 0 || kind != SSL3_RT_HANDSHAKE || size == 0) return;
                         const auto type = *static_cast<const unsigned char*>(bytes);
                         if (type == SSL3_MT_KEY_UPDATE || type == SSL3_MT_NEWSESSION_TICKET)
                           ++*static_cast<unsigned*>(counter);
                       });
  SSL_set_msg_callback_arg(session_.get(), &messages_);
  BIO* bio = BIO_new(socket_method());
  WEIR_CHECK(bio != nullptr);
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  SSL_set_bio(session_.get(), bio, bio);
}

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, int fd, const std::string& host)
    : context_(std::move(context)), fd_(fd), session_(SSL_new(context_->context_.get())) {
  take(fd);
  SSL* session = session_.get();
  SSL_set_connect_state(session);
  bool named = true;
  if (is_ip(host)) {
    if (context_->verifies()) named = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
  } else {
    SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    named = SSL_set_tlsext_host_name(session, host.c_str()) == 1;
    if (context_->verifies()) named = named && !host.empty() && SSL_set1_host(session, host.c_str()) == 1;
  }
  if (!named) error_ = "TLS can't be asked for the name '" + printable(host) + "'";
}

// A connection that is dropped says goodbye to nobody, but nothing is wrong with its session: it can be resumed.
TlsSession::~TlsSession() {
  if (!error_.empty() || SSL_is_init_finished(session_.get()) == 0) return;
  SSL_set_shutdown(session_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsSession::resume(std::shared_ptr<TlsResumption> known) {
  known_ = std::move(known);
  SSL_set_ex_data(session_.get(), known_index(), known_.get());
  if (const auto session = known_->take()) SSL_set_session(session_.get(), session.get());
}

void TlsSession::offer(std::string_view protocols) {
  SSL_set_alpn_protos(session_.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                      static_cast<unsigned>(protocols.size()));
}

std::string_view TlsSession::protocol() const {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(session_.get(), &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

bool TlsSession::resumed() const {
  return SSL_session_reused(session_.get()) == 1;
}

Io TlsSession::handshake() {
  if (!error_.empty()) return {Io::Kind::failed, 0, EPROTO};
  if (flush().kind == Io::Kind::failed || unsent_.size() > kMostUnsent) return blocked();
  forget_errors();
  const Io io = outcome(SSL_do_handshake(session_.get()), 0);
  if (io.kind != Io::Kind::ended) return io;
  failure_ = TlsFailure::closed;
  return fail("TLS: closed during the handshake", ECONNRESET);
}

Io TlsSession::read(std::span<char> into) {
  if (flush().kind == Io::Kind::failed || unsent_.size() > kMostUnsent) return blocked();
  return receive([&](std::size_t& got) { return SSL_read_ex(session_.get(), into.data(), into.size(), &got); });
}

// What follows a handshake (RFC 8446 §4.6) costs far more than its bytes, and wants an answer maybe. Contexts are
// without SSL_MODE_AUTO_RETRY: a call takes no more of it than one read from the socket brought.
template <class Take>
Io TlsSession::receive(Take take) {
  for (;;) {
    const unsigned before = messages_;
    forget_errors();
    std::size_t got = 0;
    const int returned = take(got);
    if (messages_ > kMostMessages) return fail("TLS: too many new keys or tickets", EPROTO);
    const Io io = outcome(returned, got);
    if (io.kind != Io::Kind::again || messages_ == before) return io;  // else what follows may be here already
  }
}

// What is large is encrypted where it lies; what is small, together in one record.
Io TlsSession::write(std::span<const iovec> pieces) {
  if (const Io io = flush(); io.kind != Io::Kind::moved) return io;
  forget_errors();
  std::size_t written = 0, skip = 0;
  std::array<char, kRecord> together;
  while (!pieces.empty() && written < kMostWritten) {
    const char* bytes = static_cast<const char*>(pieces.front().iov_base) + skip;
    std::size_t count = std::min(pieces.front().iov_len - skip, kRecord);
    if (count < kRecord && pieces.size() > 1) {
      count = 0;
      for (std::size_t i = 0, from = skip; i < pieces.size() && count < kRecord; ++i, from = 0) {
        const std::size_t part = std::min(pieces[i].iov_len - from, kRecord - count);
        if (part > 0) std::memcpy(together.data() + count, static_cast<const char*>(pieces[i].iov_base) + from, part);
        count += part;
      }
      bytes = together.data();
    }
    if (count == 0) break;
    std::size_t done = 0;
    if (const int returned = SSL_write_ex(session_.get(), bytes, count, &done); returned != 1) {
      return outcome(returned, 0);
    }
    written += done;
    for (std::size_t left = skip + done; !pieces.empty(); pieces = pieces.subspan(1)) {
      skip = left;
      if (left < pieces.front().iov_len) break;
      left -= pieces.front().iov_len;
      skip = 0;
    }
  }
  return outcome(1, written);
}

Io TlsSession::blocked() const {
  return error_.empty() ? Io{} : Io{Io::Kind::failed, 0, EPIPE};
}

Io TlsSession::flush() {
  if (unsent_.empty()) return {Io::Kind::moved, 0, 0};
  const ssize_t sent = send_some(fd_, unsent_);
  if (sent < 0) return fail(std::string("TLS: ") + std::strerror(errno), errno);
  unsent_.erase(0, static_cast<std::size_t>(sent));
  if (!unsent_.empty()) return {};
  unsent_.shrink_to_fit();
  return {Io::Kind::moved, 0, 0};
}

bool TlsSession::tls13() const {
  return SSL_version(session_.get()) == TLS1_3_VERSION;
}

std::shared_ptr<const ClientIdentity> TlsSession::client() const {
  return server_ && server_->clients_ ? server_->clients_->identity_of(session_.get()) : nullptr;
}

bool TlsSession::pending() const {
  return SSL_has_pending(session_.get()) == 1;
}

bool TlsSession::quiet() {
  char byte = 0;
  const auto look = [&](std::size_t& got) { return SSL_peek_ex(session_.get(), &byte, 1, &got); };
  return receive(look).kind == Io::Kind::again;
}

void TlsSession::say_goodbye() {
  if (!error_.empty()) return;
  forget_errors();
  SSL_shutdown(session_.get());
  outcome(1, 0);
}

Io TlsSession::fail(std::string why, int error) {
  if (error == ECONNRESET || error == EPIPE) failure_ = TlsFailure::closed;
  error_ = std::move(why);
  return {Io::Kind::failed, 0, error};
}

// What the call left to be sent leaves now, an alert that says why it failed too.
Io TlsSession::outcome(int returned, std::size_t moved) {
  const int errno_then = errno;
  const int what = returned == 1 ? SSL_ERROR_NONE : SSL_get_error(session_.get(), returned);
  std::string& scratch = encrypted();
  if (!scratch.empty()) {
    const ssize_t sent = unsent_.empty() ? send_some(fd_, scratch) : 0;
    const int send_error = errno;
    if (sent >= 0) unsent_.append(scratch, static_cast<std::size_t>(sent));
    scratch.clear();
    if (sent < 0 && (what == SSL_ERROR_NONE || what == SSL_ERROR_WANT_READ))
      return fail(std::string("TLS: ") + std::strerror(send_error), send_error);
  }
  switch (what) {
    case SSL_ERROR_NONE: return {Io::Kind::moved, moved, 0};
    case SSL_ERROR_WANT_READ: return {};
    case SSL_ERROR_ZERO_RETURN: return {Io::Kind::ended, 0, 0};
    case SSL_ERROR_SYSCALL:
      failure_ = TlsFailure::closed;
      if (ERR_peek_error() == 0 && errno_then != 0)
        return fail(std::string("TLS: ") + std::strerror(errno_then), errno_then);
      break;
    default: break;
  }
  failure_ = tls_failure(what == SSL_ERROR_SYSCALL);
  // Anybody on the way can end a connection, only the peer can say goodbye: what ends by its end is cut.
  if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return fail("TLS: ended without a goodbye", ECONNRESET);
  if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_WRONG_VERSION_NUMBER && SSL_is_init_finished(session_.get()) == 0)
    return fail("TLS: the peer does not speak it", EPROTO);
  const long verified = SSL_get_verify_result(session_.get());
  const bool refused = verified != X509_V_OK && (context_ == nullptr || context_->verifies());
  return fail(refused ? "TLS: the certificate is refused: " + why_refused(verified) : "TLS: " + reason(), EPROTO);
}

}  // namespace weir
