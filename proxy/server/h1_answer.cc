// The client's side of HTTP/1.1: writing answers. Framing and Connection are decided here and nowhere else.
#include <array>
#include <charconv>
#include <utility>

#include "proxy/server/client_connection.h"
#include "proxy/server/h1_session.h"

namespace weir {
namespace {

constexpr std::size_t kLargestChunk = 64 * 1024;

}  // namespace

void H1Session::send_interim(std::string_view head) {
  if (exchange_.request->version == Version::http10) return;
  output_.add(head);
  flush_later();
}

// Behind this head nothing is framed, and nothing that comes is parsed.
void H1Session::start_tunnel(const ResponseStart& response) {
  input_ = Input::tunnel;
  ends_with_connection_ = true;
  output_.add(response.head);
  output_.add(response.extra);
  output_.add("Connection: Upgrade\r\nUpgrade: ");
  output_.add(response.tunnel);
  output_.add("\r\n\r\n");
  if (!processing_) flush_later();
}

// Of a body that isn't over when its answer begins nobody wants the rest, and it must be little. Where that isn't
// known, one that nobody has wanted from the start gets a chance, and one that the origin has had enough of does not.
bool H1Session::may_read_rest_away() const {
  const RequestHead& request = *exchange_.request;
  if (request.framing == Framing::chunked) return !upload_;
  return request.content_length - body_bytes_ <= kMostReadAway;
}

void H1Session::start(const ResponseStart& response) {
  const RequestHead& request = *exchange_.request;
  chunk_left_ = 0;
  chunked_ = ends_with_connection_ = false;
  if (!response.tunnel.empty()) return start_tunnel(response);
  if (!exchange_.upgrade.empty()) close_after_ = true;  // refused: who knows what the client has sent already
  // The client waits to be told to go on; told otherwise, it may send its body or not: nobody can know.
  if (std::exchange(continue_due_, false)) close_after_ = true;
  if (input_ == Input::body && !may_read_rest_away()) close_after_ = true;
  output_.add(response.head);
  output_.add(response.extra);
  if (response.body && !response.length) {
    if (request.version == Version::http10) {
      close_after_ = ends_with_connection_ = true;
    } else {
      chunked_ = true;
      output_.add("Transfer-Encoding: chunked\r\n");
    }
  } else if (response.length && !response.length_in_head && response.status != 304 && response.status != 204) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *response.length).ptr;
    output_.add("Content-Length: ");
    output_.add({digits.data(), static_cast<std::size_t>(end - digits.data())});
    output_.add("\r\n");
  }
  if (connection_->leaves()) close_after_ = true;
  const bool names_another = response.status == 426;  // in its Upgrade (RFC 9110 §15.5.22)
  if (close_after_) {
    output_.add(names_another ? "Connection: close, Upgrade\r\n\r\n" : "Connection: close\r\n\r\n");
  } else if (request.version == Version::http10) {
    output_.add("Connection: keep-alive\r\n\r\n");
  } else {
    output_.add(names_another ? "Connection: Upgrade\r\n\r\n" : "\r\n");
  }
  if (!processing_) flush_later();  // a head doesn't wait for its first byte of content
}

void H1Session::send_whole(const BodyPtr& body) {
  if (!chunked_) return output_.add(body);
  if (body->size() == 0) return;
  std::string header;
  write_chunk_header(header, body->size());
  output_.add(header);
  output_.add(body);
  output_.add("\r\n");
}

// Parts have a known length, so they never come in chunks.
void H1Session::send_slice(const BodyPtr& body, std::uint64_t first, std::uint64_t length) {
  output_.add(body, first, length);
}

void H1Session::send_text(std::string_view content) {
  output_.add(content);
}

std::size_t H1Session::send_some(std::span<const iovec> pieces) {
  if (connection_ == nullptr) return 0;
  return chunked_ ? send_chunked(pieces) : send_pieces(pieces);
}

// A chunk is announced for what there is now; when the socket takes less, the rest of it follows first. Its end leaves
// in the same call as its last bytes: nobody waits for two bytes.
std::size_t H1Session::send_chunked(std::span<const iovec> pieces) {
  static constexpr std::string_view kEnd = "\r\n";
  std::array<iovec, 17> part;
  const std::uint64_t most = chunk_left_ > 0 ? chunk_left_ : kLargestChunk;
  std::size_t count = 0, offered = 0;
  for (const iovec& piece : pieces.first(std::min(pieces.size(), part.size() - 1))) {
    if (offered == most) break;
    part[count] = {piece.iov_base, static_cast<std::size_t>(std::min<std::uint64_t>(piece.iov_len, most - offered))};
    offered += part[count++].iov_len;
  }
  if (chunk_left_ == 0) {
    std::string header;
    write_chunk_header(header, offered);
    output_.add(header);
    chunk_left_ = offered;
  }
  const bool ends = offered == chunk_left_;
  if (ends) part[count++] = {const_cast<char*>(kEnd.data()), kEnd.size()};
  const std::size_t sent = send_pieces({part.data(), count});
  const std::size_t taken = std::min(sent, offered);
  chunk_left_ -= taken;
  if (chunk_left_ == 0) output_.add(kEnd.substr(sent - taken));
  return taken;
}

// Behind what waits already. A connection that broke is taken apart after this turn's work.
std::size_t H1Session::send_pieces(std::span<const iovec> pieces) {
  std::size_t offered = 0;
  for (const iovec& piece : pieces) offered += piece.iov_len;
  const Io io = output_.send_through(connection_->stream(), pieces);
  if (io.kind == Io::Kind::failed) {
    aborted_ = true;
    flush_later();
    return 0;
  }
  const std::size_t taken = io.kind == Io::Kind::moved ? io.bytes : 0;
  blocked_ = taken < offered;
  if (blocked_ || !output_.empty()) connection_->want_write(true);
  return taken;
}

void H1Session::finish(std::string_view trailers) {
  if (chunked_) {
    output_.add("0\r\n");
    if (!trailers.empty() && takes_trailers(exchange_.request->fields)) output_.add(trailers);
    output_.add("\r\n");
  }
  answered_ = true;
  end_due_ = input_ == Input::tunnel;
  if (end_due_) flush_later();
}

// The answer can't be completed: the connection ends without a last chunk, or short of its length. Where only the
// connection's end tells the body's, it must not look like a good one.
void H1Session::abort() {
  closing_ = answered_ = true;
  aborted_ = ends_with_connection_;
}

void H1Session::on_writable() {
  connection_->want_write(false);
  blocked_ = false;
  flush();
  if (connection_ == nullptr) return;
  if (exchange_.under_way()) {
    exchange_.on_channel_room();
  } else if (!closing_) {
    process();
  }
}

// Everything that is ready leaves in one call. What has left is counted and logged.
Io::Kind H1Session::write_out() {
  const Io::Kind kind = output_.flush(connection_->stream());
  accounts_.settle(output_.sent());
  return kind;
}

// Then the connection ends where it must.
void H1Session::flush() {
  if (connection_ == nullptr || processing_) return;
  if (aborted_) {
    connection_->stream().reset_on_close();
    return fail();
  }
  switch (write_out()) {
    case Io::Kind::again: return connection_->want_write(true);
    case Io::Kind::failed:
    case Io::Kind::ended: return fail();
    case Io::Kind::moved: break;
  }
  if (std::exchange(end_due_, false)) connection_->stream().shut_down_writing();
  if (closing_ && !exchange_.under_way()) return connection_->linger();
  if (std::exchange(held_back_, false))
    return process_later();  // the socket had room again before it was asked to say so
  connection_->rest();
}

}  // namespace weir
