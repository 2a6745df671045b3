// A connection to Redis until it is ready: name, TCP or unix socket, TLS, greeting; see redis_connection.h.
#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "proxy/base/text.h"
#include "proxy/shared/redis_connection.h"

namespace weir {
namespace {

constexpr std::size_t kMostAddresses = 4;  // of one name that are tried

// What an error reply to AUTH says may repeat the password: its first word will do.
std::string_view first_word(std::string_view text) {
  return text.substr(0, text.find(' '));
}

bool is_status(const RedisReply& reply, std::string_view text) {
  return reply.kind == RedisReply::Kind::status && reply.text == text;
}

}  // namespace

// Of the time within which it must be ready.
Duration RedisConnection::left() const {
  return std::max<Duration>(since_ + context_->settings->connect_timeout - redis_now(), Duration::zero());
}

void RedisConnection::begin() {
  timer_.set(left());
  if (!context_->tls) return fail(Code::refused, context_->tls.error().detail);
  if (endpoint_.host.empty()) {
    const auto fd = begin_connect_unix(endpoint_.path);
    if (!fd) return fail(Code::refused, fd.error().detail);
    take_stream(*fd);
    return connected();
  }
  looking_up_ = context_->names.look_up(endpoint_.host, [this](Result<std::vector<Address>> found) {
    looking_up_.done();
    if (!found) return fail(Code::refused, found.error().detail);
    addresses_ = std::move(*found);
    if (addresses_.size() > kMostAddresses) addresses_.resize(kMostAddresses);
    std::reverse(addresses_.begin(), addresses_.end());
    connect_next();
  });
}

void RedisConnection::take_stream(int fd) {
  stream_ = std::make_unique<Stream>(context_->loop, fd, this, on_readable, on_writable);
  state_ = State::connecting;
}

// Each address has its share of the time, so that the second can answer where the first is a black hole.
void RedisConnection::connect_next() {
  if (stream_) {
    stream_->want_write(false);
    context_->loop.dispose(std::move(stream_));
  }
  while (!addresses_.empty()) {
    Address address = addresses_.back();
    addresses_.pop_back();
    address.set_port(endpoint_.port);
    const auto fd = begin_connect(address);
    if (!fd) {
      last_failure_ = fd.error().detail;
      continue;
    }
    take_stream(*fd);
    stream_->want_write(true);
    return timer_.set(left() / static_cast<std::int64_t>(addresses_.size() + 1));
  }
  fail(Code::refused, last_failure_.empty() ? "has no address" : last_failure_);
}

void RedisConnection::connected() {
  if (const int error = stream_->connect_error(); error != 0) {
    last_failure_ = std::strerror(error);
    return connect_next();
  }
  context_->counters.connects.add();
  stream_->want_write(false);
  stream_->want_read(true);
  timer_.set(left());
  if (!*context_->tls) return greet();
  state_ = State::handshake;
  stream_->secure(std::make_unique<TlsSession>(*context_->tls, stream_->fd(), endpoint_.host));
  shake_hands();
}

void RedisConnection::shake_hands() {
  const Io io = stream_->handshake();
  if (io.kind == Io::Kind::moved) return greet();
  if (io.kind != Io::Kind::again) fail(Code::refused, stream_->why(io));
}

// All at once: none depends on what another answers, but nobody's command goes before the last answer. PING shows that
// the server lives, not only its kernel, and that it has loaded its data.
void RedisConnection::greet() {
  state_ = State::greeting;
  const auto say = [this](Hello hello, std::vector<std::string> words) {
    hellos_.push_back(hello);
    append_own(std::move(words));
  };
  if (!greeting_.password.empty()) {
    if (greeting_.user.empty()) {
      say(Hello::auth, {"AUTH", greeting_.password});
    } else {
      say(Hello::auth, {"AUTH", greeting_.user, greeting_.password});
    }
  }
  if (greeting_.database != 0) say(Hello::select, {"SELECT", std::to_string(greeting_.database)});
  if (greeting_.only_primary) say(Hello::role, {"ROLE"});
  say(Hello::ping, {"PING"});
  timer_.set(greeting_.patience > Duration::zero() ? std::min(left(), greeting_.patience) : left());
  flush();
}

void RedisConnection::greeted(const RedisReply& reply) {
  const Hello hello = hellos_.front();
  hellos_.pop_front();
  const bool not_allowed = reply.is_error() && first_word(reply.text) == "NOPERM";
  const auto words = printable(std::string_view(reply.text).substr(0, 200));
  switch (hello) {
    case Hello::auth:
      if (!is_status(reply, "OK"))
        return fail(Code::refused, "AUTH: " + printable(first_word(reply.text).substr(0, 20)));
      return;
    case Hello::select:
      if (!is_status(reply, "OK")) return fail(Code::refused, "SELECT: " + words);
      return;
    case Hello::role:
      // An account without the right to ask learns from -READONLY.
      if (not_allowed) return;
      if (reply.elements.empty()) return fail(Code::refused, "ROLE: " + words);
      if (reply.elements.front().text != "master") return fail(Code::refused, "is a replica, not the primary");
      return;
    case Hello::ping:
      if (is_status(reply, "PONG") || not_allowed) return become_ready();
      return fail(Code::refused, reply.is_error() ? words : "does not speak Redis' protocol");
  }
}

void RedisConnection::become_ready() {
  state_ = State::ready;
  stood_ = true;
  timer_.clear();
  for (auto& call : std::exchange(waiting_, {})) {
    if (!call->over()) append(std::move(call));
  }
  user_.on_redis_ready(*this);
}

void RedisConnection::not_in_time() {
  if (state_ == State::connecting && !addresses_.empty()) {
    last_failure_ = "no connection in time";
    return connect_next();
  }
  switch (state_) {
    case State::resolving: return fail(Code::refused, "its name is not resolved in time");
    case State::connecting: return fail(Code::refused, "no connection in time");
    case State::handshake: return fail(Code::refused, "no TLS in time");
    default: return fail(Code::refused, "says nothing in time");
  }
}

}  // namespace weir
