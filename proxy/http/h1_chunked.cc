// Chunked content (RFC 9112 §7.1): size lines, data, trailers. Sizes and CR LF are checked byte for byte; extensions
// are checked, counted and dropped; trailers are kept, but for those that would change what the head said.
#include "proxy/base/text.h"
#include "proxy/http/grammar.h"
#include "proxy/http/h1_codec.h"
#include "proxy/http/request_rules.h"

namespace weir {
namespace {

constexpr std::size_t kMostDigits = 16;
constexpr std::uint64_t kLargestChunk = INT64_MAX;  // sums of sizes never wrap
constexpr CharSet kQuotedChars = CharSet("\t").add_range(0x20, 0x7e).remove("\"\\");

class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take_token() {
    const std::size_t n = kTokenChars.span(rest_);
    rest_.remove_prefix(n);
    return n > 0;
  }
  bool take_quoted() {  // without escapes
    if (!take('"')) return false;
    rest_.remove_prefix(kQuotedChars.span(rest_));
    return take('"');
  }

 private:
  std::string_view rest_;
};

// *( ";" token [ "=" ( token / quoted-string ) ] ). RFC 9112 allows white space in between, and escapes; some parsers
// don't, so we don't either: nobody sends them.
bool are_extensions(std::string_view text) {
  Cursor in(text);
  while (!in.done()) {
    if (!in.take(';') || !in.take_token()) return false;
    if (in.take('=') && !in.take_quoted() && !in.take_token()) return false;
  }
  return true;
}

}  // namespace

void ChunkedDecoder::restart() {
  state_ = State::size;
  left_ = 0;
  extensions_ = 0;
  line_ = 0;
  body_ = {};
  trailer_bytes_.clear();
  trailers_.clear();
}

H1Event ChunkedDecoder::fail(std::string_view detail) {
  state_ = State::failed;
  error_ = Error{Side::client, Code::malformed, std::string(detail)};  // whoever decodes says whose it is
  return H1Event::error;
}

// `head` is never an answer of the steps below: for them it means "go on in the new state".
H1Event ChunkedDecoder::next(std::string_view in, std::size_t& consumed) {
  consumed = 0;
  body_ = {};
  for (;;) {
    const auto rest = in.substr(consumed);
    H1Event event = H1Event::error;
    switch (state_) {
      case State::size: event = read_size(rest, consumed); break;
      case State::data: event = read_data(rest, consumed); break;
      case State::data_end: event = read_data_end(rest, consumed); break;
      case State::trailers: event = read_trailers(rest, consumed); break;
      case State::over: event = H1Event::end; break;
      case State::failed: break;
    }
    if (event != H1Event::head) return event;
  }
}

H1Event ChunkedDecoder::read_size(std::string_view in, std::size_t& consumed) {
  HeadLines lines;
  std::string_view line;
  switch (lines.next(in, kMostDigits + limits_.chunk_extension, line)) {
    case HeadLines::Found::line: break;
    case HeadLines::Found::partial: return H1Event::need_more;
    case HeadLines::Found::bad: return fail("a chunk line does not end in CR LF");
    case HeadLines::Found::too_long: return fail("a chunk line is too long");
  }
  std::uint64_t size = 0;
  std::size_t digits = 0;
  for (; digits < line.size() && hex_value(line[digits]) >= 0; ++digits) {
    size = size << 4 | static_cast<std::uint64_t>(hex_value(line[digits]));
  }
  if (digits == 0 || digits > kMostDigits) return fail("a chunk size is not 1 to 16 hex digits");
  if (size > kLargestChunk) return fail("a chunk is larger than any body");
  const auto extension = line.substr(digits);
  extensions_ += extension.size();
  if (extension.size() > limits_.chunk_extension || extensions_ > limits_.chunk_extensions) {
    return fail("chunk extensions are too long");
  }
  if (!are_extensions(extension)) return fail("a chunk extension is malformed");
  consumed += lines.consumed();
  left_ = size;
  state_ = size == 0 ? State::trailers : State::data;
  return H1Event::head;
}

H1Event ChunkedDecoder::read_data(std::string_view in, std::size_t& consumed) {
  if (in.empty()) return H1Event::need_more;
  body_ = in.substr(0, left_);
  consumed += body_.size();
  left_ -= body_.size();
  if (left_ == 0) state_ = State::data_end;
  return H1Event::body;
}

H1Event ChunkedDecoder::read_data_end(std::string_view in, std::size_t& consumed) {
  constexpr std::string_view kEnd = "\r\n";
  if (!kEnd.starts_with(in.substr(0, 2))) return fail("chunk data is not followed by CR LF");
  if (in.size() < 2) return H1Event::need_more;
  consumed += 2;
  state_ = State::size;
  return H1Event::head;
}

// Trailer lines are gathered, as the caller's buffer needn't hold them all; each is checked when it is complete.
H1Event ChunkedDecoder::read_trailers(std::string_view in, std::size_t& consumed) {
  if (in.empty()) return H1Event::need_more;
  const auto newline = in.find('\n');
  const auto piece = in.substr(0, newline == std::string_view::npos ? newline : newline + 1);
  if (trailer_bytes_.size() + piece.size() > limits_.trailers) return fail("the trailers are too large");
  trailer_bytes_.append(piece);
  consumed += piece.size();
  if (newline == std::string_view::npos) return H1Event::need_more;
  const auto line = std::string_view(trailer_bytes_).substr(line_);
  line_ = trailer_bytes_.size();
  if (find_control(line) + 2 != line.size() || !line.ends_with("\r\n")) {
    return fail("a trailer line holds a control byte or does not end in CR LF");
  }
  return line.size() == 2 ? finish_trailers() : H1Event::head;
}

H1Event ChunkedDecoder::finish_trailers() {
  HeadLines lines;
  std::string_view line;
  std::size_t count = 0;
  while (lines.next(trailer_bytes_, limits_.trailers, line) == HeadLines::Found::line && !line.empty()) {
    const auto field = parse_field_line(line);
    if (!field || ++count > limits_.fields) return fail("a trailer field is malformed, or they are too many");
    if (changes_framing(field->id)) return fail("a trailer field changes the framing");
    if (!belongs_in_head(field->id)) trailers_.add(*field);
  }
  state_ = State::over;
  return H1Event::end;
}

}  // namespace weir
