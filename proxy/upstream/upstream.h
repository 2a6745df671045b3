// Upstream: the API behind, as all workers see it: servers, their addresses, how busy each is. Made from the config by
// name; an unchanged one lives on over a reload. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/callback.h"
#include "proxy/base/clock.h"
#include "proxy/base/executor.h"
#include "proxy/base/units.h"
#include "proxy/net/address.h"
#include "proxy/net/tls.h"

namespace weir {

struct UpstreamOptions {
  enum class Balance : std::uint8_t { round_robin, least_conn, hash };
  enum class Protocol : std::uint8_t {
    automatic,  // as the server chooses inside TLS, else HTTP/1.1
    h1,
    h2,  // without TLS by prior knowledge
  };
  std::string name;
  struct Server {
    std::string text;  // as written, for people: http://127.0.0.1:3000, unix:/run/api.sock
    std::string host;
    std::uint16_t port = 0;
    std::string path;  // of a unix socket; then there is no host
    bool tls = false;
    friend bool operator==(const Server&, const Server&) = default;
  };
  // How servers with `tls` are spoken to.
  struct Tls {
    std::shared_ptr<const TlsContext> context;  // null: no server has it
    std::string server_name;                    // whom the certificate must be for; empty: the server's host
    friend bool operator==(const Tls& a, const Tls& b) {
      return a.server_name == b.server_name && a.identity() == b.identity();
    }
    std::string_view identity() const { return context ? std::string_view(context->identity()) : std::string_view(); }
  };
  std::vector<Server> servers;
  Tls tls;
  Protocol protocol = Protocol::automatic;
  Balance balance = Balance::round_robin;
  unsigned max_connections = 64;  // requests under way to one server
  unsigned queue = 256;           // requests waiting for one server
  Duration queue_timeout = std::chrono::seconds(2);
  Duration connect_timeout = std::chrono::seconds(1);
  Duration first_byte_timeout = std::chrono::seconds(10);
  Duration between_bytes_timeout = std::chrono::seconds(30);
  friend bool operator==(const UpstreamOptions&, const UpstreamOptions&) = default;
};

class OriginServer {
 public:
  OriginServer(const UpstreamOptions::Server& options, const UpstreamOptions& upstream);

  const UpstreamOptions::Server& options() const { return options_; }
  const UpstreamOptions::Tls& tls() const { return tls_; }
  // What it is told of itself is believed, whoever it is.
  bool unverified() const { return options_.tls && !tls_.context->verifies(); }

  // Of the last good set, in the order to try them: by `turn`, but those that let nobody connect just now come last.
  Result<std::vector<Address>> addresses(std::size_t turn, Time now) const;
  void refused(const Address& address, Time now);
  Result<Address> address() const;  // the first, for people
  void set_addresses(std::vector<Address> addresses);
  void set_unresolved(std::string why);

  // A slot is the right to have one request under way. `granted` runs at most once, by `executor`, when a slot that was
  // not free at once becomes so; it may be set after take_slot, on the executor's own thread. The ticket is taken back
  // with give_up (false: it was granted already).
  enum class Slot : std::uint8_t { taken, queued, full };
  struct Ticket {
    Executor* executor = nullptr;
    Callback<void()> granted;
  };
  Slot take_slot(const std::shared_ptr<Ticket>& ticket);
  bool give_up(const std::shared_ptr<Ticket>& ticket);
  void give_slot_back();

  unsigned busy() const { return busy_.load(std::memory_order_relaxed); }
  std::size_t queued() const;
  bool drained() const { return drained_.load(std::memory_order_relaxed); }
  void drain(bool yes) { drained_.store(yes, std::memory_order_relaxed); }

  // How the last request went: it was answered, whatever the answer; or there was none, or not the whole of it.
  void answered(Time now) { answered_at_.store(now.time_since_epoch().count(), std::memory_order_relaxed); }
  void failed(Time now) {
    failures_.fetch_add(1, std::memory_order_relaxed);
    failed_at_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }
  std::uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

  // It has refused to answer in HTTP/2 what it would in HTTP/1.1 (HTTP_1_1_REQUIRED), where it may choose: it gets no
  // more HTTP/2, as long as it turns out to speak the other. For good, since a large upload can't be asked again each
  // time.
  bool wants_http1() const { return wants_http1_.load(std::memory_order_relaxed); }
  void want_http1(bool yes) {
    wants_http1_.store(yes, std::memory_order_relaxed);
    spoken.store(yes ? Spoken::http1 : Spoken::http2);
  }

  // What people are told of it; only the operator's word keeps requests from it.
  enum class State : std::uint8_t { ok, failing, unresolved, drained };
  State state() const;

  // Statistics, any thread.
  std::atomic<std::uint64_t> requests{0}, connects{0}, open{0};
  enum class Spoken : std::uint8_t { nothing, http1, http2 };
  std::atomic<Spoken> spoken{Spoken::nothing};  // on the last connection that was free to speak either
  std::atomic<std::uint64_t> handshakes{0}, handshakes_resumed{0};  // of TLS, done

 private:
  const UpstreamOptions::Server options_;
  const UpstreamOptions::Tls tls_;
  const unsigned max_, queue_limit_;
  std::atomic<unsigned> busy_{0};
  std::atomic<bool> drained_{false}, wants_http1_{false};
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<Time::rep> answered_at_{0}, failed_at_{0};  // 0: never
  mutable std::mutex mutex_;                              // guards all below
  struct Known {
    Address address;
    std::optional<Time> refused;
  };
  std::vector<Known> addresses_;
  std::string unresolved_ = "not resolved yet";
  std::deque<std::shared_ptr<Ticket>> waiting_;
};

class Upstream {
 public:
  explicit Upstream(UpstreamOptions options);

  const UpstreamOptions& options() const { return options_; }
  const std::vector<std::unique_ptr<OriginServer>>& servers() const { return servers_; }

  // Which server the next request goes to. `tried`: the one that failed just now, avoided where there is another. Null
  // where all are drained. `key_hash` decides for Balance::hash.
  OriginServer* choose(std::uint64_t key_hash, const OriginServer* tried);

  // Resolves every name, blocking: at start and then every few seconds from the background thread. A failure keeps the
  // last good addresses.
  void resolve();

 private:
  const UpstreamOptions options_;
  std::vector<std::unique_ptr<OriginServer>> servers_;
  std::atomic<std::size_t> turn_{0};
};

}  // namespace weir
