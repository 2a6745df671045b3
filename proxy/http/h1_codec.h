// The HTTP/1.1 codec (RFC 9112): bytes in, events out, no I/O. Strict: whatever two readers could understand
// differently is refused. Pull style: the connection hands in what it has read and asks for the next event.
//
//   request/response:  head ─► body* ─► end          (trailers are part of end)
//                      └────► end                    (no body)
//
// Before `head` nothing is consumed until the whole head is there (the caller's buffer must hold a head: at most
// Limits::head). Views in the head point into the bytes handed in and hold until the caller moves or drops them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/result.h"
#include "proxy/http/h1_lines.h"
#include "proxy/http/message.h"

namespace weir {

struct Refusal;

enum class H1Event : std::uint8_t {
  need_more,  // consumed what could be; call again with more bytes
  head,       // head() is complete
  body,       // body() is the next piece of content, a view into the bytes handed in
  end,        // the message is over; trailers() are complete. Call next_message() for the next one.
  error,      // error() says what; nothing after it can be trusted: answer and close
};

// Parses chunked content (RFC 9112 §7.1). Used by both directions.
class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(const H1Limits& limits) : limits_(limits) {}
  ChunkedDecoder(const ChunkedDecoder&) = delete;  // trailers point into it
  ChunkedDecoder& operator=(const ChunkedDecoder&) = delete;
  void restart();
  // Consumes from `in`; sets `consumed`. Returns need_more, body, end or error.
  H1Event next(std::string_view in, std::size_t& consumed);
  std::string_view body() const { return body_; }
  const Fields& trailers() const { return trailers_; }
  const Error& error() const { return error_; }

 private:
  H1Event fail(std::string_view detail);
  H1Event read_size(std::string_view in, std::size_t& consumed);
  H1Event read_data(std::string_view in, std::size_t& consumed);
  H1Event read_data_end(std::string_view in, std::size_t& consumed);
  H1Event read_trailers(std::string_view in, std::size_t& consumed);
  H1Event finish_trailers();

  const H1Limits& limits_;
  enum class State : std::uint8_t { size, data, data_end, trailers, over, failed } state_ = State::size;
  std::uint64_t left_ = 0;
  std::size_t extensions_ = 0;
  std::size_t line_ = 0;  // where the trailer line being read begins in trailer_bytes_
  std::string_view body_;
  std::string trailer_bytes_;  // owns what trailers_ points into
  Fields trailers_;
  Error error_;
};

// Requests from a client (Side::client errors).
class H1RequestParser {
 public:
  // `tls` says which port is the default one of the listener. The limits must outlive the parser.
  explicit H1RequestParser(const H1Limits& limits, bool tls = false);

  // Makes ready for the next message on the connection. The head's memory is kept for it. A failed parser stays so.
  void next_message();
  // Another connection, inside TLS or not: what the one before did is forgotten, a failure too.
  void restart(bool tls = false);
  H1Event next(std::string_view in, std::size_t& consumed);

  RequestHead& head() { return head_; }
  std::string_view body() const { return body_; }
  const Fields& trailers() const { return chunks_.trailers(); }
  const Error& error() const { return error_; }
  // What the error means for the client: 400, 414, 431, 501, 505. 417 for an unknown Expect.
  int error_status() const { return error_status_; }

 private:
  H1Event head_event(std::string_view in, std::size_t& consumed);
  H1Event body_event(std::string_view in, std::size_t& consumed);
  bool refuse(int status, std::string_view detail);  // false, always
  bool refuse(const Refusal& why);
  H1Event fail(int status, std::string_view detail);
  void restart_head();
  bool read_line(std::string_view line);
  bool read_request_line(std::string_view line);
  bool judge_fields();
  bool judge_framing(const HeadFacts& facts);

  const H1Limits& limits_;
  bool tls_;
  enum class State : std::uint8_t { head, body, over, failed } state_ = State::head;
  RequestHead head_;
  Arena arena_;  // normalised paths and authorities
  HeadLines lines_;
  const char* base_ = nullptr;  // where the bytes were when lines_ began: views are remade if they move
  bool has_request_line_ = false;
  int empty_lines_ = 0;     // before the request line
  std::uint64_t left_ = 0;  // of a body with a length
  std::string_view body_;
  ChunkedDecoder chunks_;
  Error error_;
  int error_status_ = 0;
};

// Responses from an origin (Side::origin errors). Interim ones (1xx) come as head and end.
class H1ResponseParser {
 public:
  explicit H1ResponseParser(const H1Limits& limits);

  // `request` decides the framing: answers to HEAD, and 2xx to CONNECT, have no body (RFC 9112 §6.3). A failed parser
  // stays so.
  void next_message(Method request);
  H1Event next(std::string_view in, std::size_t& consumed);
  // The connection ended. `end` where that is how the body ends (Framing::close), else `error`.
  H1Event end_of_stream();

  ResponseHead& head() { return head_; }
  std::string_view body() const { return body_; }
  const Fields& trailers() const { return chunks_.trailers(); }
  const Error& error() const { return error_; }
  bool started() const { return started_; }  // at least one byte of this message was seen

 private:
  H1Event head_event(std::string_view in, std::size_t& consumed);
  H1Event body_event(std::string_view in, std::size_t& consumed);
  bool refuse(Code code, std::string_view detail);
  H1Event fail(Code code, std::string_view detail);
  void restart_head();
  bool read_line(std::string_view line);
  bool read_status_line(std::string_view line);
  bool judge_fields();

  const H1Limits& limits_;
  enum class State : std::uint8_t { head, body, over, failed } state_ = State::head;
  Method request_ = Method::get;
  ResponseHead head_;
  HeadLines lines_;
  const char* base_ = nullptr;
  bool has_status_line_ = false;
  std::uint64_t left_ = 0;
  bool started_ = false;
  std::string_view body_;
  ChunkedDecoder chunks_;
  Error error_;
};

// Serialisers append to `out`. They check again what they write (no CR, LF, NUL in names, values, targets) and
// refuse with Side::internal rather than write it. Framing fields are theirs: Content-Length, Transfer-Encoding,
// Connection and Host in `fields` are ignored.
struct H1RequestLine {
  std::string_view method;
  std::string_view target;  // origin-form, or "*"
  std::string_view authority;
  std::string_view upgrade = {};  // the one protocol that is asked for, with Connection: Upgrade
};
Result<void> write_h1_request(std::string& out, const H1RequestLine& line, const Fields& fields, Framing framing,
                              std::uint64_t content_length);

// Status line and fields without framing, Connection and the empty line: the caller adds those. This is
// also the form in which a stored object keeps its head.
Result<void> write_h1_response_head(std::string& out, int status, std::string_view reason, const Fields& fields);

void write_chunk_header(std::string& out, std::uint64_t bytes);           // "1f\r\n"; data and "\r\n" follow
Result<void> write_last_chunk(std::string& out, const Fields& trailers);  // "0\r\n" trailers "\r\n"

}  // namespace weir
