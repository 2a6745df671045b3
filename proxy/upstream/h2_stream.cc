// One request among others; see h2_stream.h.
#include "proxy/upstream/h2_stream.h"

#include <utility>

namespace weir {

H2OriginStream::H2OriginStream(std::shared_ptr<H2OriginConnection> connection)
    : connection_(std::move(connection)), deadline_(connection_->loop(), [this] { timed_out(); }) {}

H2OriginStream::~H2OriginStream() {
  leave();
}

void H2OriginStream::begin(User& user, Method method) {
  user_ = &user;
  method_ = method;
  number_ = connection_->count_request();
  since_ = connection_->loop().now().mono;
  allow(connection_->options().first_byte_timeout, connection_->options().between_bytes_timeout);
}

void H2OriginStream::expect_within(Duration patience) {
  since_ = connection_->loop().now().mono;
  deadline_.set(patience);
}

void H2OriginStream::allow(Duration first_byte, Duration between_bytes) {
  first_byte_ = first_byte;
  between_bytes_ = between_bytes;
}

Result<void> H2OriginStream::send_head(const H1RequestLine& line, const Fields& fields, Framing framing,
                                       std::uint64_t length) {
  auto id = connection_->codec().open(line, fields, framing, length, framing != Framing::none, method_, *this);
  if (!id) return std::move(id).error();
  id_ = *id;
  return {};
}

void H2OriginStream::send_content(std::string_view bytes) {
  connection_->codec().write(id_, bytes);
}

void H2OriginStream::end_content(std::string_view trailers) {
  connection_->codec().end(id_, trailers);
}

bool H2OriginStream::flush() {
  connection_->pump();
  blocked_ = connection_->codec().unsent(id_) > 0;
  if (answered_ || user_ == nullptr) return !blocked_;
  if (blocked_) {
    if (!deadline_.is_set()) expect_within(between_bytes_);  // the origin takes nothing
  } else {
    deadline_.clear();  // it is the client's turn to send, or request_written() follows
  }
  return !blocked_;
}

void H2OriginStream::request_written() {
  written_ = true;
  if (!answered_ && !paused_ && user_ != nullptr) expect_within(first_byte_);
}

// However little of the request it was: the origin takes some.
void H2OriginStream::on_h2_moving() {
  if (blocked_ && !answered_ && user_ != nullptr) expect_within(between_bytes_);
}

void H2OriginStream::on_h2_sent() {
  if (!std::exchange(blocked_, false) || user_ == nullptr) return;
  if (!answered_) deadline_.clear();
  user_->on_origin_writable();
}

void H2OriginStream::pause_reading(bool yes) {
  if (std::exchange(paused_, yes) == yes) return;
  if (yes) return deadline_.clear();
  watch_answer();
  if (std::exchange(reading_on_, true)) return;
  connection_->loop().defer([this, alive = std::weak_ptr<const int>(alive_)] {
    if (alive.expired()) return;
    reading_on_ = false;
    read_on();
  });
}

// What came during a pause; another one may begin meanwhile.
void H2OriginStream::read_on() {
  if (paused_ || user_ == nullptr) return;
  if (!held_.empty()) {
    const std::string bytes = std::exchange(held_, {});
    connection_->codec().consumed(id_, bytes.size());
    user_->on_origin_body(bytes);
    connection_->pump();
  }
  if (ended_ && !paused_) deliver_end();
}

void H2OriginStream::watch_answer() {
  if (ended_) return;
  if (answered_) return expect_within(between_bytes_);
  if (written_ && !deadline_.is_set()) expect_within(first_byte_);  // interim answers change nothing of it
}

void H2OriginStream::on_h2_head(ResponseHead& head) {
  if (user_ == nullptr) return;
  answered_ = answered_ || head.status >= 200;
  watch_answer();
  user_->on_origin_head(head);
}

void H2OriginStream::on_h2_answered() {
  if (user_ == nullptr) return;
  answered_ = true;
  watch_answer();
}

void H2OriginStream::on_h2_content(std::string_view bytes) {
  if (user_ == nullptr) return;
  if (paused_ || !held_.empty()) {
    held_.append(bytes);
    return;
  }
  watch_answer();
  connection_->codec().consumed(id_, bytes.size());
  user_->on_origin_body(bytes);
}

void H2OriginStream::on_h2_end(const Fields& trailers) {
  if (user_ == nullptr) return;
  ended_ = true;
  deadline_.clear();
  if (!paused_ && held_.empty()) return user_->on_origin_end(trailers);
  for (const Field& field : trailers) trailers_.append(field.name).append(": ").append(field.value).append("\r\n");
}

void H2OriginStream::deliver_end() {
  std::string_view rest = trailers_;
  while (!rest.empty()) {
    const auto end = rest.find("\r\n");
    if (const auto field = parse_field_line(rest.substr(0, end))) trailer_fields_.add(*field);
    rest.remove_prefix(end + 2);
  }
  if (user_ != nullptr) user_->on_origin_end(trailer_fields_);
}

void H2OriginStream::on_h2_lost(Error error, bool unprocessed) {
  id_ = 0;
  deadline_.clear();
  const bool asks_for_http1 = error.code == Code::unsupported;
  const bool may_choose = connection_->options().protocol == UpstreamOptions::Protocol::automatic;
  if (asks_for_http1 && may_choose) connection_->server().want_http1(true);
  if (user_ == nullptr) return;
  const bool untouched = unprocessed && (!asks_for_http1 || may_choose);  // else it would say the same again
  const auto loss = untouched ? OriginLoss::unprocessed : answered_ ? OriginLoss::midway : OriginLoss::unanswered;
  user_->on_origin_error(std::move(error), loss);
}

void H2OriginStream::timed_out() {
  if (user_ == nullptr) return;
  // What the window let go may still wait for the socket.
  if (blocked_ && !answered_ && connection_->moving(since_)) return expect_within(between_bytes_);
  connection_->doubt(since_);
  user_->on_origin_error({Side::origin, Code::timeout, answered_ ? "the answer stopped coming" : "no answer in time"},
                         answered_ ? OriginLoss::midway : OriginLoss::unanswered);
}

bool H2OriginStream::end_use() {
  leave();
  return false;
}

void H2OriginStream::leave() {
  // Given up while it was still being sent: no deadline ran, and nobody else may notice.
  const Time long_ago = connection_->loop().now().mono - first_byte_;
  if (id_ != 0 && !answered_ && since_ <= long_ago) connection_->doubt(long_ago);
  const bool used = std::exchange(user_, nullptr) != nullptr;
  deadline_.clear();
  if (const auto id = std::exchange(id_, 0); id != 0) connection_->codec().cancel(id);
  if (used) connection_->stream_over();  // lost or not
}

}  // namespace weir
