// A client's socket; see client_connection.h.
#include "proxy/server/client_connection.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "proxy/server/worker.h"

namespace weir {
namespace {

constexpr auto kLinger = std::chrono::seconds(2);

}  // namespace

ClientConnection::ClientConnection(Worker& worker, int fd, const Address& peer, const ListenerRules& rules,
                                   std::size_t listener)
    : worker_(worker),
      stream_(worker.context().loop, fd, this, on_readable, on_writable),
      address_(peer.host()),
      since_(std::chrono::steady_clock::now()),
      listener_(listener),
      leaves_(worker.draining()) {
  if (rules.tls || !rules.proxy_protocol.empty()) {
    opening_ = std::make_unique<Opening>(Opening{rules.tls, !rules.proxy_protocol.empty()});
    waited_for_ = Waiting::opening;
  }
  stream_.want_read(true);
}

ClientConnection::~ClientConnection() {
  if (self_) *self_ = nullptr;
  if (session_) session_->detach();
}

const std::shared_ptr<ClientConnection*>& ClientConnection::self() {
  if (!self_) self_ = std::make_shared<ClientConnection*>(this);
  return self_;
}

void ClientConnection::on_readable(void* self) noexcept {
  auto& connection = *static_cast<ClientConnection*>(self);
  if (connection.closed_) return;
  if (connection.lingering_) return connection.read_away();
  ++connection.reads_;
  if (connection.opening_) return connection.open();
  if (!connection.session_) {
    connection.session_ = connection.worker_.borrow_session(ClientProtocol::http1);
    connection.session_->attach(connection);
  }
  connection.session_->on_readable();
}

void ClientConnection::on_writable(void* self) noexcept {
  auto& connection = *static_cast<ClientConnection*>(self);
  if (!connection.closed_ && connection.session_) connection.session_->on_writable();
}

void ClientConnection::speak(ClientProtocol protocol, std::string_view bytes) {
  fresh_ = false;
  auto before = std::exchange(session_, worker_.borrow_session(protocol));
  session_->attach(*this);
  if (!bytes.empty()) session_->take(bytes);
  if (before) worker_.give_session_back(std::move(before));
}

void ClientConnection::drain() {
  leaves_ = true;
  if (closed_ || lingering_) return;
  session_ ? session_->drain() : leave();
}

// Not from inside the session's own calls: it goes back at the end of the turn.
void ClientConnection::rest() {
  if (!session_ || !session_->idle() || closed_) return;
  if (leaves_) return leave();
  want_write(false);  // asked for, perhaps, by what then left with other bytes
  worker_.give_session_back(std::move(session_));
}

void ClientConnection::linger() {
  if (std::exchange(lingering_, true) || closed_) return;
  stream_.shut_down_writing();
  stream_.want_write(false);
  stream_.want_read(true);
}

// As it comes: nobody deciphers it any more, and a close with something unread would be a reset.
void ClientConnection::read_away() {
  std::array<char, 16 * 1024> away;
  const ssize_t got = ::recv(stream_.fd(), away.data(), away.size(), 0);
  if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))) return;
  if (got < 0 || stream_.flushed()) return close();
  stream_.want_read(false);  // it has said all; what TLS holds for it still leaves
}

void ClientConnection::leave() {
  if (!closed_ && !opening_ && !stream_.flushed()) return linger();
  if (!closed_ && !lingering_ && !opening_) stream_.shut_down_writing();
  close();
}

void ClientConnection::close() {
  if (std::exchange(closed_, true)) return;
  opening_.reset();
  stream_.want_read(false);
  stream_.want_write(false);
  if (self_) *self_ = nullptr;
  if (session_) worker_.give_session_back(std::move(session_));
  worker_.forget(*this);
}

ClientConnection::Waiting ClientConnection::waiting_for() const {
  if (lingering_) return stream_.flushed() ? Waiting::lingering : Waiting::client;
  if (opening_) return Waiting::opening;
  if (!session_ || session_->idle()) return Waiting::idle;
  if (session_->reading_head()) return Waiting::head;
  return session_->client_is_slow() ? Waiting::client : Waiting::origin;
}

void ClientConnection::check_time(std::chrono::steady_clock::time_point now, const ClientPatience& patience) {
  if (session_ && !lingering_) session_->check_time(now, patience);
  const Waiting waiting = waiting_for();
  if (waiting != waited_for_ || waiting == Waiting::origin || (waiting == Waiting::idle && reads_ != reads_then_)) {
    waited_for_ = waiting;
    since_ = now;
    reads_then_ = reads_;
    if (waiting == Waiting::client) progress_ = progress();
    return;
  }
  const auto waited = now - since_;
  switch (waiting) {
    case Waiting::idle:
      if (waited > patience.idle) session_ ? session_->leave() : leave();
      return;
    case Waiting::opening:
      if (waited > patience.head) give_up_opening();
      return;
    case Waiting::head:
      if (waited > patience.head) session_->give_up_on_head();
      return;
    case Waiting::lingering:
      if (waited > kLinger) close();
      return;
    case Waiting::client: break;
    case Waiting::origin: return;
  }
  if (waited < patience.slow) return;
  const std::int64_t least = static_cast<std::int64_t>(patience.min_rate) *
                             std::chrono::duration_cast<std::chrono::milliseconds>(waited).count() / 1000;
  const std::int64_t progress_now = progress();
  if (progress_now - progress_ < least) return close();
  since_ = now;
  progress_ = progress_now;
}

// What the kernel took may be megabytes that the client takes its time with: it counts when it has left.
std::int64_t ClientConnection::progress() const {
  return static_cast<std::int64_t>(session_ ? session_->progress() : 0) - static_cast<std::int64_t>(stream_.unsent());
}

}  // namespace weir
