// The first bytes of a connection from a balancer: a header of the PROXY protocol, which says who the client is. It is
// taken from the socket to its last byte and not one further: what follows is TLS's or HTTP's own to read.
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "proxy/base/line_log.h"
#include "proxy/server/client_connection.h"
#include "proxy/server/worker.h"

namespace weir {
namespace {

constexpr auto kSaidEvery = std::chrono::minutes(1);

std::string_view sentence(ProxyRefusal why) {
  switch (why) {
    case ProxyRefusal::peer: return "it is not in proxy_protocol of this listener";
    case ProxyRefusal::missing: return "what it sends first is no PROXY header";
    case ProxyRefusal::malformed: return "its PROXY header is malformed";
    case ProxyRefusal::too_long: return "its PROXY header is too long";
    case ProxyRefusal::closed: return "it went away in the middle of its PROXY header";
    case ProxyRefusal::timeout: break;
  }
  return "its PROXY header did not come in time";
}

// A listener that is set up wrongly refuses everybody: worth a line now and then, for all workers together.
bool may_say() {
  static std::atomic<std::int64_t> said{0};
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  std::int64_t before = said.load(std::memory_order_relaxed);
  if (before != 0 && now - std::chrono::steady_clock::duration(before) < kSaidEvery) return false;
  return said.compare_exchange_strong(before, now.count(), std::memory_order_relaxed);
}

}  // namespace

void refuse_proxy(Metrics& metrics, std::string_view peer, ProxyRefusal why) {
  metrics.proxy_refused[static_cast<std::size_t>(why)].fetch_add(1, std::memory_order_relaxed);
  if (!may_say()) return;
  report("a connection from " + std::string(peer) + " was refused: " + std::string(sentence(why)) +
         "; weir_proxy_protocol_refused_total counts them, this is said once a minute");
}

// True: who the client is stands in address_, and its own bytes come next. What is incomplete is taken out of the
// socket, or the loop would go on telling that it is there.
bool ClientConnection::take_proxy_header() {
  std::array<char, kMostProxyHeader> bytes;
  std::string& before = opening_->header;
  const ssize_t seen = ::recv(stream_.fd(), bytes.data(), bytes.size() - before.size(), MSG_PEEK);
  if (seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return false;
  if (seen <= 0) {
    proxy_header_failed(ProxyRefusal::closed);
    return false;
  }
  std::string_view came(bytes.data(), static_cast<std::size_t>(seen));
  const std::size_t taken_before = before.size();
  if (!before.empty()) came = before.append(came);
  const ProxyHeader header = read_proxy_header(came);
  if (header.state == ProxyHeader::State::refused) {
    proxy_header_failed(header.why);
    return false;
  }
  const bool whole = header.state == ProxyHeader::State::whole;
  if (!whole && before.empty()) before = came;
  const std::size_t taken = (whole ? header.length : came.size()) - taken_before;
  if (::recv(stream_.fd(), bytes.data(), taken, 0) != static_cast<ssize_t>(taken)) {
    proxy_header_failed(ProxyRefusal::closed);
    return false;
  }
  if (!whole) return false;
  if (header.client) address_ = std::string_view(header.client->text());
  opening_->proxy_header = false;
  before = {};
  return true;
}

void ClientConnection::proxy_header_failed(ProxyRefusal why) {
  // One that connects and leaves is a balancer's look whether weir is there.
  const bool only_looked = why == ProxyRefusal::closed && opening_->header.empty();
  if (!only_looked) refuse_proxy(worker_.context().node.metrics, address_, why);
  close();
}

}  // namespace weir
