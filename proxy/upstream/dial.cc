// A connection on its way; see dial.h.
#include "proxy/upstream/dial.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace weir {
namespace {

constexpr Duration kQueueFull = std::chrono::milliseconds(5);  // until a unix socket is tried again

// As ALPN lists them (RFC 7301).
std::string_view offered(UpstreamOptions::Protocol protocol) {
  switch (protocol) {
    case UpstreamOptions::Protocol::automatic: return "\x02h2\x08http/1.1";
    case UpstreamOptions::Protocol::h1: return "\x08http/1.1";
    case UpstreamOptions::Protocol::h2: return "\x02h2";
  }
  return {};
}

constexpr std::string_view kNoHttp2 = "the server does not offer HTTP/2 (protocol: auto goes without)";

// All that an alert says.
bool nothing_fits(std::string_view why) {
  return why.find("no application protocol") != std::string_view::npos;
}

std::string why_not(std::string why, UpstreamOptions::Protocol wanted) {
  if (!nothing_fits(why)) return why;
  if (wanted == UpstreamOptions::Protocol::h2) return std::string(kNoHttp2);
  return "the server does not offer HTTP/1.1, which an upgrade, protocol: h1 or its own HTTP_1_1_REQUIRED asks for";
}

}  // namespace

OriginDial::OriginDial(Loop& loop, std::shared_ptr<Upstream> upstream, OriginServer& server, std::size_t turn,
                       std::shared_ptr<TlsResumption> known, bool http1, Dialled dialled)
    : loop_(loop),
      upstream_(std::move(upstream)),
      server_(server),
      known_(std::move(known)),
      protocol_(http1 ? UpstreamOptions::Protocol::h1 : upstream_->options().protocol),
      dialled_(std::move(dialled)),
      until_(Clock::now() + upstream_->options().connect_timeout),
      timer_(loop, [this] { timed_out(); }) {
  server_.connects.fetch_add(1, std::memory_order_relaxed);
  server_.open.fetch_add(1, std::memory_order_relaxed);
  begin(turn);
}

OriginDial::~OriginDial() {
  server_.open.fetch_sub(1, std::memory_order_relaxed);
}

void OriginDial::begin(std::size_t turn) {
  auto addresses = server_.addresses(turn, loop_.now().mono);
  if (addresses) {
    untried_ = std::move(*addresses);
    std::reverse(untried_.begin(), untried_.end());
  } else {
    why_ = addresses.error().detail;
  }
  connect_next();
}

Duration OriginDial::left() const {
  return std::max<Duration>(until_ - Clock::now(), Duration::zero());
}

// Each address has its share of the time, so that the second can answer where the first is a black hole.
void OriginDial::connect_next() {
  while (!untried_.empty()) {
    const auto fd = begin_connect(untried_.back());
    if (fd) {
      stream_ = std::make_unique<Stream>(loop_, *fd, this, on_readable, on_writable);
      stream_->want_write(true);
      return timer_.set(left() / static_cast<std::int64_t>(untried_.size()));
    }
    const bool soon = fd.error().code == Code::unavailable && left() > Duration::zero();
    if (soon) return timer_.set(std::min(kQueueFull, left()));
    give_up_on_address(fd.error().detail);
  }
  loop_.defer([this, alive = std::weak_ptr<const int>(alive_)] {
    if (!alive.expired()) fail(why_);
  });
}

void OriginDial::give_up_on_address(std::string why) {
  why_ = std::move(why);
  server_.refused(untried_.back(), loop_.now().mono);
  untried_.pop_back();
  if (!stream_) return;
  stream_->want_write(false);
  loop_.dispose(std::move(stream_));
}

void OriginDial::timed_out() {
  if (connected_) return fail("no TLS in time");
  if (stream_) give_up_on_address("no connection in time");
  connect_next();
}

void OriginDial::connected() {
  if (const int error = stream_->connect_error(); error != 0) {
    timer_.clear();
    give_up_on_address(std::strerror(error));
    return connect_next();
  }
  connected_ = true;
  timer_.set(left());
  stream_->want_write(false);
  stream_->want_read(true);
  if (!server_.options().tls) return stands(protocol_ == UpstreamOptions::Protocol::h2);
  const auto& tls = server_.tls();
  const std::string& name = tls.server_name.empty() ? server_.options().host : tls.server_name;
  auto session = std::make_unique<TlsSession>(tls.context, stream_->fd(), name);
  session->resume(known_);
  session->offer(offered(protocol_));
  stream_->secure(std::move(session));
  shake_hands();
}

void OriginDial::shake_hands() {
  const Io io = stream_->handshake();
  if (io.kind == Io::Kind::again) return;
  if (io.kind != Io::Kind::moved) {
    const std::string why = stream_->why(io);
    if (nothing_fits(why) && server_.wants_http1()) server_.want_http1(false);  // it does not speak it
    return fail(why_not(why, protocol_));
  }
  server_.handshakes.fetch_add(1, std::memory_order_relaxed);
  if (stream_->tls()->resumed()) server_.handshakes_resumed.fetch_add(1, std::memory_order_relaxed);
  const bool http2 = stream_->tls()->protocol() == "h2";
  if (!http2 && protocol_ == UpstreamOptions::Protocol::h2) return fail(kNoHttp2);
  stands(http2);
}

void OriginDial::stands(bool http2) {
  timer_.clear();
  const bool either = protocol_ == upstream_->options().protocol;  // a connection for an upgrade says nothing of others
  if (either && !server_.wants_http1())
    server_.spoken.store(http2 ? OriginServer::Spoken::http2 : OriginServer::Spoken::http1);
  auto dialled = std::move(dialled_);
  dialled(Standing{std::move(stream_), http2});
}

void OriginDial::fail(std::string_view why) {
  timer_.clear();
  if (stream_) {
    stream_->want_read(false);
    stream_->want_write(false);
  }
  auto dialled = std::move(dialled_);
  dialled(Error{Side::origin, Code::refused, server_.options().text + ": " + std::string(why)});
}

}  // namespace weir
