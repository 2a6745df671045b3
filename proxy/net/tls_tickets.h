// TlsTickets: the keys under which clients keep their own sessions (RFC 5077, RFC 8446 §4.6.1), so that a later
// handshake costs less, on whichever worker and listener. They live in memory only and change by time; what the two
// before the newest sealed still opens. Any thread.
#pragma once

#include <openssl/ossl_typ.h>

#include <array>
#include <cstddef>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "proxy/base/clock.h"

namespace weir {

class TlsTickets {
 public:
  static constexpr std::chrono::hours kSeals{12};  // how long a key seals; it opens for three times that

  using Name = std::array<unsigned char, 16>;
  struct Key {
    Name name{};
    std::array<unsigned char, 32> cipher{}, mac{};
    Time born{};
  };

  TlsTickets() = default;
  ~TlsTickets();
  TlsTickets(const TlsTickets&) = delete;
  TlsTickets& operator=(const TlsTickets&) = delete;
  // One for all listeners, and for what a reload puts in their place.
  static TlsTickets& of_process();

  // The one to seal with. Empty where the system has no randomness.
  std::optional<Key> newest(Time now);
  // The one of that name, if it still opens.
  struct Found {
    Key key;
    bool newest = false;
  };
  std::optional<Found> find(std::span<const unsigned char, 16> name, Time now);

  // From now on sessions with this context are sealed and opened with these.
  void serve(SSL_CTX* context);

 private:
  void renew(Time now);

  std::mutex mutex_;
  std::vector<Key> keys_;  // guarded by it; the newest first
};

}  // namespace weir
