// A connection to Redis that stands: commands out, replies in; see redis_connection.h.
#include "proxy/shared/redis_connection.h"

#include <array>
#include <cstring>
#include <iterator>
#include <utility>

#include "proxy/base/text.h"
#include "proxy/shared/redis_breaker.h"

namespace weir {
namespace {

constexpr int kMostReads = 16;  // for one event: others have a turn, too

}  // namespace

RedisConnection::RedisConnection(std::shared_ptr<RedisContext> context, RedisEndpoint endpoint, Greeting greeting,
                                 User& user)
    : context_(std::move(context)),
      endpoint_(std::move(endpoint)),
      greeting_(std::move(greeting)),
      user_(user),
      since_(redis_now()),
      decoder_(context_->settings->largest_reply),
      timer_(context_->loop, [this] {
        if (state_ != State::ready) return not_in_time();
        if (redis_now() < silent_at()) return watch_silence();
        fail(Code::timeout, "says nothing", true);
      }) {
  context_->loop.defer([this, alive = std::weak_ptr<const int>(alive_)] {
    if (!alive.expired() && state_ == State::resolving) begin();
  });
}

RedisConnection::~RedisConnection() = default;

void RedisConnection::send(RedisCallPtr call) {
  if (state_ == State::ready) return append(std::move(call));
  waiting_.push_back(std::move(call));
}

void RedisConnection::append(RedisCallPtr call) {
  if (call->asking) append_own({"ASKING"});
  if (flying_.empty()) heard_ = redis_now();
  call->sent = true;
  // A cluster may send it on, whole.
  out_.append(call->words(), context_->settings->topology != RedisSettings::Topology::cluster);
  flying_.push_back(std::move(call));
  flush_later();
}

void RedisConnection::append_own(std::vector<std::string> words) {
  if (flying_.empty()) heard_ = redis_now();
  out_.append(words, false);
  flying_.push_back(nullptr);
}

void RedisConnection::flush_later() {
  if (std::exchange(flushing_, true)) return;
  context_->loop.defer([this, alive = std::weak_ptr<const int>(alive_)] {
    if (!alive.expired()) flush();
  });
}

void RedisConnection::flush() {
  flushing_ = false;
  if (state_ != State::greeting && state_ != State::ready) return;
  std::array<iovec, RedisOutput::kMostPieces> room;
  while (!out_.empty()) {
    const auto pieces = out_.next(room);
    const Io io = stream_->write(pieces);
    if (io.kind == Io::Kind::moved) {
      out_.sent(io.bytes);
      context_->counters.bytes_out.add(io.bytes);
      continue;
    }
    if (io.kind != Io::Kind::again) return fail(Code::closed, stream_->why(io));
    stream_->want_write(true);
    break;
  }
  if (out_.empty()) stream_->want_write(false);
  if (state_ == State::ready && !timer_.is_set()) watch_silence();
}

void RedisConnection::writable() {
  if (state_ == State::connecting) return connected();
  flush();
}

void RedisConnection::readable() {
  if (state_ == State::handshake) return shake_hands();
  bool more = true;
  for (int i = 0; i < kMostReads && more; ++i) {
    if (state_ != State::greeting && state_ != State::ready) return;
    more = read_some();
  }
}

// True: there may be more.
bool RedisConnection::read_some() {
  auto& buffer = context_->buffer;
  const Io io = stream_->read(buffer);
  switch (io.kind) {
    case Io::Kind::moved: break;
    case Io::Kind::again: return false;
    case Io::Kind::ended: fail(Code::closed, "closed the connection"); return false;
    case Io::Kind::failed: fail(Code::closed, stream_->why(io)); return false;
  }
  context_->counters.bytes_in.add(io.bytes);
  heard_ = redis_now();
  decode({buffer.data(), io.bytes});
  return stream_->secured() || io.bytes == buffer.size();
}

void RedisConnection::decode(std::string_view bytes) {
  RedisReply reply;
  while (state_ != State::closed) {
    const auto event = decoder_.next(bytes, reply);
    if (event == RedisDecoder::Event::error) return fail(Code::closed, "breaks the protocol: " + decoder_.error());
    const bool unasked = flying_.empty() && (event == RedisDecoder::Event::reply || decoder_.in_reply());
    if (unasked) return fail(Code::closed, "breaks the protocol: a reply that nobody asked for");
    if (event == RedisDecoder::Event::need_more) break;
    const RedisCallPtr call = std::move(flying_.front());
    flying_.pop_front();
    if (call) {
      call->at = nullptr;
      user_.on_redis_reply(*this, call, std::exchange(reply, {}));
    } else if (state_ == State::greeting) {
      greeted(reply);
    }
  }
  if (state_ == State::ready) watch_silence();
}

// When the server has been silent for too long, unless it says something.
Time RedisConnection::silent_at() const {
  if (flying_.empty()) return Time::max();
  const auto& first = flying_.front();
  return heard_ + RedisBreaker::patience(first ? first->timeout() : Duration::zero());
}

void RedisConnection::watch_silence() {
  if (flying_.empty()) return timer_.clear();
  timer_.set(std::max<Duration>(silent_at() - redis_now(), Duration::zero()));
}

void RedisConnection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  looking_up_.cancel();
  timer_.clear();
  if (!stream_) return;
  stream_->want_read(false);
  stream_->want_write(false);
}

std::vector<RedisCallPtr> RedisConnection::take_waiting() {
  std::vector<RedisCallPtr> taken;
  for (auto* queue : {&flying_, &waiting_}) {
    for (auto& call : *queue) {
      if (!call) continue;
      call->at = nullptr;
      taken.push_back(std::move(call));
    }
    queue->clear();
  }
  return taken;
}

void RedisConnection::fail(Code code, const std::string& detail, bool silent) {
  if (state_ == State::closed) return;
  close();
  user_.on_redis_closed(*this, Error{Side::redis, code, printable(endpoint_.text()) + ": " + detail}, silent);
}

}  // namespace weir
