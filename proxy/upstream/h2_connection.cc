// A connection that speaks HTTP/2; see h2_connection.h.
#include "proxy/upstream/h2_connection.h"

#include <utility>

#include "proxy/upstream/h2_stream.h"

namespace weir {
namespace {

constexpr std::size_t kOutput = 64 * 1024;  // taken from the codec before it is written

}  // namespace

H2OriginConnection::H2OriginConnection(Loop& loop, BufferPool& buffers, std::shared_ptr<Upstream> upstream,
                                       OriginServer& server, std::unique_ptr<Stream> stream, std::uint32_t hoped,
                                       Changed changed)
    : loop_(loop),
      buffers_(buffers),
      upstream_(std::move(upstream)),
      server_(server),
      stream_(std::move(stream)),
      changed_(std::move(changed)),
      greeting_(loop,
                [this] {
                  broke({Side::origin, Code::timeout, "HTTP/2: no SETTINGS in time"});
                }),
      limits_(origin_limits()),
      codec_(limits_, stream_->secured(), hoped),
      heard_(loop.now().mono) {
  server_.open.fetch_add(1, std::memory_order_relaxed);
  stream_->belong_to(this, on_readable, on_writable);
  stream_->want_read(true);
  greeting_.set(options().first_byte_timeout);
  pump();
}

H2OriginConnection::~H2OriginConnection() {
  if (!over_) {
    codec_.say_goodbye();
    pump();
    stream_->shut_down_writing();
  }
  server_.open.fetch_sub(1, std::memory_order_relaxed);
}

std::unique_ptr<OriginConnection> H2OriginConnection::open() {
  return std::make_unique<H2OriginStream>(shared_from_this());
}

void H2OriginConnection::read_some() {
  if (over_) return;
  auto buffer = buffers_.borrow();
  const Io io = stream_->read({buffer.get(), BufferPool::kSize});
  if (io.kind == Io::Kind::moved) {
    heard_ = loop_.now().mono;
    busy_ = true;
    codec_.receive({buffer.get(), io.bytes}, heard_);
    busy_ = false;
    pump();
  } else if (io.kind == Io::Kind::ended) {
    broke({Side::origin, Code::closed, "HTTP/2: the origin closed the connection"});
  } else if (io.kind == Io::Kind::failed) {
    broke({Side::origin, Code::closed, "HTTP/2: connection lost: " + stream_->why(io)});
  }
  buffers_.give_back(std::move(buffer));
  tell_if_changed();
}

void H2OriginConnection::write_some() {
  stream_->want_write(false);
  pump();
}

void H2OriginConnection::pump() {
  if (busy_ || over_) return;
  while (write_out()) {}
  if (codec_.over() && !std::exchange(ending_, true)) {
    loop_.defer([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->broke(self->codec_.error());
    });
  }
  tell_if_changed();
}

// False: nothing more can be written now.
bool H2OriginConnection::write_out() {
  if (out_sent_ == out_.size()) {
    out_.clear();
    out_sent_ = 0;
    busy_ = true;
    while (out_.size() < kOutput) {
      const auto more = codec_.next_output();
      if (more.empty()) break;
      out_.append(more);
    }
    busy_ = false;
  }
  if (out_.empty()) return false;
  const iovec piece{out_.data() + out_sent_, out_.size() - out_sent_};
  const Io io = stream_->write({&piece, 1});
  if (io.kind == Io::Kind::again) stream_->want_write(true);
  if (io.kind != Io::Kind::moved) return false;  // what failed, reading tells
  out_sent_ += io.bytes;
  moved_ = loop_.now().mono;
  return true;
}

void H2OriginConnection::broke(const Error& error) {
  if (std::exchange(over_, true)) return;
  greeting_.clear();
  error_ = error;
  stream_->want_read(false);
  stream_->want_write(false);
  codec_.stop();
  tell_if_changed();  // nobody shall ask here again
  codec_.fail_all(error);
}

void H2OriginConnection::stream_over() {
  pump();
  if (!idle() || leaving()) return;
  idle_since_ = loop_.now().mono;
  changed_(*this);
}

void H2OriginConnection::doubt(Time since) {
  if (heard_ > since) return;
  codec_.say_goodbye();
  pump();
}

void H2OriginConnection::tell_if_changed() {
  if (settled() && !std::exchange(told_settled_, true)) {
    greeting_.clear();
    idle_since_ = loop_.now().mono;
    changed_(*this);
  }
  if (leaving() && !std::exchange(told_leaving_, true)) changed_(*this);
}

}  // namespace weir
