// Moves the bytes of one admin client; see admin_connection.h. No call ever answers from inside read_some(): what is
// ready at once goes through Loop::execute like what comes later.
#include "proxy/admin/admin_connection.h"

#include <array>

#include "proxy/http/date.h"

namespace weir {
namespace {

constexpr std::size_t kReadAtOnce = 16 * 1024;

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

// What every answer says: nothing of this is for caches, frames or guessing.
void append_head(std::string& out, const AdminReply& reply, bool keep_alive, WallTime now) {
  out.append("HTTP/1.1 ").append(std::to_string(reply.status)).append(" ").append(reason_phrase(reply.status));
  out.append("\r\n");
  const DateText date = format_date(now);
  append_field(out, "Date", {date.data(), date.size()});
  append_field(out, "Content-Type", reply.content_type);
  append_field(out, "Content-Length", std::to_string(reply.body.size()));
  append_field(out, "Cache-Control", "no-store");
  append_field(out, "X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : reply.fields) append_field(out, name, value);
  if (!keep_alive) append_field(out, "Connection", "close");
  out.append("\r\n");
}

}  // namespace

AdminConnection::AdminConnection(Loop& loop, int fd, AdminApi& api, Callback<void(AdminConnection*)> closed)
    : loop_(loop),
      api_(api),
      closed_(std::move(closed)),
      parser_(limits_),
      stream_(loop, fd, this, on_readable, on_writable),
      deadline_(loop, [this] { close(); }) {
  stream_.want_read(true);
  deadline_.set(kHeadTime);
}

bool AdminConnection::is_idle() const {
  return in_.empty() && !in_message_ && !awaited_ && out_.empty();
}

void AdminConnection::read_some() {
  if (awaited_ || !out_.empty() || over_) return;
  std::array<char, kReadAtOnce> bytes;
  const Io io = stream_.read(bytes);
  if (io.kind == Io::Kind::again) return;
  if (io.kind != Io::Kind::moved) return close();
  if (draining_ > 0) return drain(io.bytes);
  if (is_idle()) deadline_.set(kHeadTime);
  in_.append(bytes.data(), io.bytes);
  parse();
}

// Takes what the peer still sends after a refusal, so that closing doesn't reset the connection before it has read why.
void AdminConnection::drain(std::size_t bytes) {
  if (bytes >= draining_) return close();
  draining_ -= bytes;
}

void AdminConnection::parse() {
  while (!awaited_ && out_.empty() && !over_) {
    std::size_t consumed = 0;
    const H1Event event = parser_.next(in_, consumed);
    bool go_on = true;
    switch (event) {
      case H1Event::need_more: go_on = false; break;
      case H1Event::head: go_on = take_head(); break;
      case H1Event::body: go_on = take_body(); break;
      case H1Event::end: ask(); break;
      case H1Event::error: refuse(error_reply(parser_.error_status(), parser_.error().detail)); return;
    }
    if (over_) return;
    in_.erase(0, consumed);
    if (!go_on) return;
  }
}

// The head's views are copied: they hold only until more is read.
bool AdminConnection::take_head() {
  const RequestHead& head = parser_.head();
  request_ = AdminRequest{
      .method = head.method,
      .path = std::string(head.path),
      .query = std::string(head.query),
      .authority = std::string(head.authority),
      .origin = head.fields.joined(Name::origin),
      .authorization = head.fields.joined(Name::authorization),
      .content_type = std::string(head.fields.value("Content-Type")),
      .has_body = head.framing != Framing::none && (head.framing != Framing::length || head.content_length > 0),
      .body = {},
  };
  in_message_ = true;
  keep_alive_ = head.keep_alive;
  if (head.framing == Framing::length && head.content_length > kMostBody) return refuse_large();
  if (auto refused = api_.refuse(request_)) {
    // What a refused request still carries is not read: nobody may fill memory without the token.
    if (request_.has_body) return refuse(*refused);
  }
  if (head.expect_continue && request_.has_body) {
    const std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    const iovec piece{const_cast<char*>(go_on.data()), go_on.size()};
    if (stream_.write({&piece, 1}).kind == Io::Kind::failed) return close(), false;
  }
  deadline_.set(kBodyTime);
  return true;
}

bool AdminConnection::take_body() {
  if (request_.body.size() + parser_.body().size() > kMostBody) return refuse_large();
  request_.body.append(parser_.body());
  return true;
}

bool AdminConnection::refuse_large() {
  return refuse(error_reply(413, "the body is larger than 1 MiB"));
}

// Answers, and reads nothing more of this client.
bool AdminConnection::refuse(const AdminReply& reply) {
  keep_alive_ = false;
  draining_ = kMostBody;
  answer(reply);
  return false;
}

void AdminConnection::ask() {
  in_message_ = false;
  parser_.next_message();
  stream_.want_read(false);
  deadline_.set(kAnswerTime);
  awaited_ = std::make_shared<Awaited>(Awaited{this});
  // The answer may come when this is gone, on another thread: it finds its way by the loop, and by what only lives
  // here.
  api_.handle(request_, [&loop = loop_, awaited = std::weak_ptr<Awaited>(awaited_)](AdminReply reply) mutable {
    loop.execute([awaited = std::move(awaited), reply = std::move(reply)] {
      if (const auto still = awaited.lock()) still->connection->answer(reply);
    });
  });
}

void AdminConnection::answer(const AdminReply& reply) {
  awaited_.reset();
  append_head(out_, reply, keep_alive_, loop_.now().wall);
  if (request_.method != Method::head) out_.append(reply.body);
  request_ = AdminRequest{};
  written_ = 0;
  stream_.want_read(false);
  deadline_.set(kWriteTime);
  write_some();
}

void AdminConnection::write_some() {
  while (written_ < out_.size()) {
    const iovec piece{out_.data() + written_, out_.size() - written_};
    const Io io = stream_.write({&piece, 1});
    if (io.kind == Io::Kind::again) return stream_.want_write(true);
    if (io.kind != Io::Kind::moved) return close();
    written_ += io.bytes;
  }
  stream_.want_write(false);
  out_ = {};
  stream_.want_read(true);
  if (!keep_alive_) return finish();
  deadline_.set(kIdleTime);
  loop_.defer([this, here = std::weak_ptr<Awaited>(here_)] {
    if (here.lock()) parse();  // what was sent ahead
  });
}

void AdminConnection::finish() {
  if (draining_ == 0) return close();
  in_.clear();
  stream_.shut_down_writing();
  deadline_.set(kLingerTime);
}

void AdminConnection::close() {
  if (over_) return;
  over_ = true;
  awaited_.reset();
  stream_.want_read(false);
  stream_.want_write(false);
  deadline_.clear();
  closed_(this);
}

}  // namespace weir
