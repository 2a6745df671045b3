// What a client's connection does before HTTP is spoken on it: where the listener wants them, the balancer's PROXY
// header (client_proxy_header.cc), then the TLS handshake. A handshake takes its turn among the others of its worker,
// so that many of them hold up nobody who is served already.
#include <sys/socket.h>

#include <atomic>
#include <utility>

#include "proxy/base/line_log.h"
#include "proxy/server/client_connection.h"
#include "proxy/server/worker.h"

namespace weir {
namespace {

constexpr char kHandshakeRecord = 0x16;  // what TLS begins with (RFC 8446 §5.1)
constexpr std::string_view kPlainAnswer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 22\r\nConnection: close\r\n\r\n"
    "this port speaks TLS\r\n";
constexpr auto kSaidEvery = std::chrono::minutes(1);

// Some clients always fail; that they do is worth a line now and then, for all workers together.
void say_failed(std::string_view address, const std::string& why) {
  static std::atomic<std::int64_t> said{0};
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  std::int64_t before = said.load(std::memory_order_relaxed);
  if (before != 0 && now - std::chrono::steady_clock::duration(before) < kSaidEvery) return;
  if (!said.compare_exchange_strong(before, now.count(), std::memory_order_relaxed)) return;
  report("a client's TLS handshake failed (" + std::string(address) + "): " + why +
         "; weir_tls_handshakes_failed_total counts them, this is said once a minute");
}

}  // namespace

void ClientConnection::open() {
  if (opening_->proxy_header && !take_proxy_header()) return;
  if (!opening_->tls) {
    opening_.reset();  // what follows the header makes the socket readable
    return;
  }
  if (!stream_.secured() && !begin_tls()) return;
  if (worker_.handshakes().take()) return shake();
  stream_.want_read(false);
  opening_->turn = worker_.handshakes().wait([this] {
    opening_->turn.done();
    stream_.want_read(true);
    shake();
  });
}

// False: not yet, or never. Nothing is made of a client that sends nothing.
bool ClientConnection::begin_tls() {
  char first = 0;
  const ssize_t seen = ::recv(stream_.fd(), &first, 1, MSG_PEEK);
  if (seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return false;
  if (seen <= 0) {
    open_failed(TlsFailure::closed);
    return false;
  }
  if (first != kHandshakeRecord) {
    const bool http = first >= 'A' && first <= 'Z';
    http ? answer_plainly() : open_failed(TlsFailure::not_tls);
    return false;
  }
  stream_.secure(std::make_unique<TlsSession>(opening_->tls, stream_.fd()));
  return true;
}

void ClientConnection::shake() {
  const Io io = stream_.handshake();
  if (io.kind == Io::Kind::again) return;
  if (io.kind != Io::Kind::moved) return open_failed(stream_.tls()->failure());
  Metrics& metrics = worker_.context().node.metrics;
  const TlsSession& tls = *stream_.tls();
  (tls.resumed() ? metrics.tls_resumed : metrics.tls_full).fetch_add(1, std::memory_order_relaxed);
  (tls.tls13() ? metrics.tls13 : metrics.tls12).fetch_add(1, std::memory_order_relaxed);
  identity_ = tls.client();
  worker_.context().loop.dispose(std::move(opening_));  // this may come from inside its turn
  began();                                              // what is spoken is agreed on: no first bytes change that
  if (tls.protocol() == kTlsHttp2) speak(ClientProtocol::http2);
  if (!closed_) stream_.want_read(true);  // what came with the handshake makes no socket readable
}

// It took too long.
void ClientConnection::give_up_opening() {
  opening_->proxy_header ? proxy_header_failed(ProxyRefusal::timeout) : open_failed(TlsFailure::timeout);
}

void ClientConnection::open_failed(TlsFailure failure) {
  worker_.context().node.metrics.tls_failed[static_cast<std::size_t>(failure)].fetch_add(1, std::memory_order_relaxed);
  if (!stream_.secured()) {
    if (failure == TlsFailure::not_tls) say_failed(address_, "what it says is not TLS");
    return close();
  }
  if (failure == TlsFailure::closed) return close();  // scanners and health checks do that all the time
  if (!stream_.tls()->error().empty()) say_failed(address_, stream_.tls()->error());
  if (failure == TlsFailure::timeout) return close();
  worker_.context().loop.dispose(std::move(opening_));  // this may come from inside its turn
  linger();                                             // so that the alert, which says why, arrives
}

// Somebody wrote http:// where https:// belongs.
void ClientConnection::answer_plainly() {
  worker_.context().node.metrics.tls_failed[static_cast<std::size_t>(TlsFailure::not_tls)].fetch_add(
      1, std::memory_order_relaxed);
  const std::array<iovec, 1> answer{{{const_cast<char*>(kPlainAnswer.data()), kPlainAnswer.size()}}};
  say_failed(address_, "it speaks plain HTTP");
  stream_.write(answer);
  opening_.reset();
  linger();
}

}  // namespace weir
