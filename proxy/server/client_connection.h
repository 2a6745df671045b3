// ClientConnection: one client's socket. Small while it idles: what a request needs is borrowed for its time. Lives in
// its worker's list; dies by close(), at the end of the loop's turn.
//
//   opening (a PROXY header, a TLS handshake; client_opening.cc) ─► idle ⇄ a session at work ─► lingering ─► closed
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/exchange/exchange.h"
#include "proxy/net/stream.h"
#include "proxy/server/client_session.h"

namespace weir {

class Worker;

// client_proxy_header.cc: a connection is refused that should say by a PROXY header whose it is; counted, and said now
// and then.
void refuse_proxy(Metrics& metrics, std::string_view peer, ProxyRefusal why);

class ClientConnection {
 public:
  // `listener`: its number.
  ClientConnection(Worker& worker, int fd, const Address& peer, const ListenerRules& rules, std::size_t listener);
  ~ClientConnection();

  Stream& stream() { return stream_; }
  Client client() const { return {.address = address_, .tls = stream_.secured(), .identity = identity_}; }

  void want_read(bool yes) { stream_.want_read(yes && !lingering_); }
  void want_write(bool yes) { stream_.want_write(yes); }

  // From now on the client speaks that; `bytes` are what came of it already. As TLS agreed at the start, or as its
  // first bytes say (then from inside the session that read them, which returns at once).
  void speak(ClientProtocol protocol, std::string_view bytes = {});
  // No byte was understood yet: what comes may be the preface of HTTP/2.
  bool fresh() const { return fresh_; }
  void began() { fresh_ = false; }

  // Between requests the session goes back to the worker.
  void rest();
  // All is sent: says so to the client, and reads its last bytes away for a while, so that a reset doesn't eat our
  // answer.
  void linger();
  // Says goodbye and closes: nothing is under way.
  void leave();
  void close();
  // weir ends, or no longer lets in clients as this one came: as soon as nothing is under way.
  void drain();
  bool leaves() const { return leaves_; }
  std::size_t listener() const { return listener_; }

  // Looks at the clock: called by the worker every now and then.
  void check_time(std::chrono::steady_clock::time_point now, const ClientPatience& patience);

  // For a session's work that is deferred: empty once the connection closed, or speaks through another session.
  template <class Session>
  class Weak {
   public:
    Weak(std::shared_ptr<ClientConnection*> to, Session& session) : to_(std::move(to)), session_(&session) {}
    Session* session() const { return *to_ != nullptr && (*to_)->session_.get() == session_ ? session_ : nullptr; }

   private:
    std::shared_ptr<ClientConnection*> to_;
    Session* session_;
  };
  template <class Session>
  Weak<Session> weak(Session& session) {
    return {self(), session};
  }

  std::size_t place = 0;  // in the worker's list

 private:
  static void on_readable(void* self) noexcept;
  static void on_writable(void* self) noexcept;
  enum class Waiting : std::uint8_t { opening, idle, head, client, origin, lingering };
  Waiting waiting_for() const;
  void read_away();
  std::int64_t progress() const;  // of a client that is waited for, in bytes
  const std::shared_ptr<ClientConnection*>& self();

  // What comes before HTTP.
  struct Opening {
    std::shared_ptr<const TlsServer> tls;
    bool proxy_header = false;  // is still to come
    std::string header{};       // what came of it
    Operation turn{};           // waited for, to go on with the handshake
  };
  void open();
  void give_up_opening();
  bool take_proxy_header();
  void proxy_header_failed(ProxyRefusal why);
  bool begin_tls();
  void shake();
  void open_failed(TlsFailure failure);
  void answer_plainly();

  Worker& worker_;
  Stream stream_;
  std::string address_;
  std::shared_ptr<const ClientIdentity> identity_;
  std::unique_ptr<Opening> opening_;  // until HTTP can be spoken
  std::unique_ptr<ClientSession> session_;
  std::shared_ptr<ClientConnection*> self_;
  std::chrono::steady_clock::time_point since_;  // of waited_for_
  Waiting waited_for_ = Waiting::idle;
  std::int64_t progress_ = 0;
  std::uint64_t reads_ = 0, reads_then_ = 0;
  const std::size_t listener_;
  bool fresh_ = true, closed_ = false, lingering_ = false, leaves_ = false;
};

}  // namespace weir
