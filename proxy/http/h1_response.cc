// The response half of the HTTP/1.1 codec (RFC 9112 §4, §6.3). The origin is as untrusted as a client: the grammar is
// the requests', and whatever could be framed in two ways is an error.
#include "proxy/base/text.h"
#include "proxy/http/grammar.h"
#include "proxy/http/h1_codec.h"

namespace weir {
namespace {

bool never_has_body(int status, Method request) noexcept {
  if (request == Method::head || status < 200 || status == 204 || status == 304) return true;
  return request == Method::connect && status < 300;
}

}  // namespace

H1ResponseParser::H1ResponseParser(const H1Limits& limits) : limits_(limits), chunks_(limits) {}

void H1ResponseParser::next_message(Method request) {
  if (state_ == State::failed) return;
  state_ = State::head;
  request_ = request;
  base_ = nullptr;
  left_ = 0;
  started_ = false;
  body_ = {};
  chunks_.restart();
  restart_head();
}

void H1ResponseParser::restart_head() {
  head_.clear();
  lines_.restart();
  has_status_line_ = false;
}

bool H1ResponseParser::refuse(Code code, std::string_view detail) {
  state_ = State::failed;
  error_ = Error{Side::origin, code, std::string(detail)};
  return false;
}

H1Event H1ResponseParser::fail(Code code, std::string_view detail) {
  (void)refuse(code, detail);
  return H1Event::error;
}

H1Event H1ResponseParser::next(std::string_view in, std::size_t& consumed) {
  consumed = 0;
  body_ = {};
  switch (state_) {
    case State::head: return head_event(in, consumed);
    case State::body: return body_event(in, consumed);
    case State::over: return H1Event::end;
    case State::failed: break;
  }
  return H1Event::error;
}

H1Event H1ResponseParser::head_event(std::string_view in, std::size_t& consumed) {
  started_ = started_ || !in.empty();
  if (in.data() != base_) {
    base_ = in.data();
    restart_head();
  }
  const auto window = in.substr(0, limits_.head);
  for (;;) {
    std::string_view line;
    switch (lines_.next(window, limits_.line, line)) {
      case HeadLines::Found::line: break;
      case HeadLines::Found::bad: return fail(Code::malformed, "a control byte, or a line that does not end in CR LF");
      case HeadLines::Found::too_long: return fail(Code::too_large, "a line of the head is too long");
      case HeadLines::Found::partial:
        return in.size() < limits_.head ? H1Event::need_more : fail(Code::too_large, "the head is too large");
    }
    if (line.empty() && has_status_line_) break;
    if (!read_line(line)) return H1Event::error;
  }
  if (!judge_fields()) return H1Event::error;
  consumed = lines_.consumed();
  state_ = head_.framing == Framing::none ? State::over : State::body;
  left_ = head_.content_length;
  return H1Event::head;
}

bool H1ResponseParser::read_line(std::string_view line) {
  if (!has_status_line_) {
    has_status_line_ = true;
    return read_status_line(line);
  }
  const auto field = parse_field_line(line);
  if (!field) return refuse(Code::malformed, "a field line is malformed");
  if (head_.fields.size() == limits_.fields) return refuse(Code::too_large, "too many fields");
  head_.fields.add(*field);
  return true;
}

// HTTP/1.1 SP 3DIGIT [ SP reason ]: many leave the last space out where there is no reason.
bool H1ResponseParser::read_status_line(std::string_view line) {
  const auto version = line.substr(0, 8);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return refuse(Code::malformed, "not an HTTP/1 answer");
  const auto rest = line.substr(8);
  const bool digits = rest.size() >= 4 && rest[0] == ' ' && is_digit(rest[1]) && is_digit(rest[2]) && is_digit(rest[3]);
  if (!digits || (rest.size() > 4 && rest[4] != ' ')) return refuse(Code::malformed, "the status line is malformed");
  head_.status = (rest[1] - '0') * 100 + (rest[2] - '0') * 10 + (rest[3] - '0');
  if (head_.status < 100 || head_.status > 599) return refuse(Code::malformed, "no status from 100 to 599");
  head_.version = version.back() == '1' ? Version::http11 : Version::http10;
  if (rest.size() > 5) head_.reason = rest.substr(5);
  return true;
}

bool H1ResponseParser::judge_fields() {
  const HeadFacts facts = facts_of(head_.fields);
  if (facts.bad_connection) return refuse(Code::malformed, "Connection is malformed");
  head_.keep_alive = !facts.close && (head_.version == Version::http11 || facts.keep_alive);
  head_.framing = Framing::close;
  if (facts.codings > 0) {
    const bool alone = facts.codings == 1 && facts.lengths == 0 && head_.version == Version::http11;
    if (!alone) return refuse(Code::malformed, "Transfer-Encoding where none may be");
    if (!is_chunked(facts.coding)) return refuse(Code::unsupported, "Transfer-Encoding is not chunked");
    head_.framing = Framing::chunked;
  } else if (facts.lengths > 0) {
    const auto length = parse_number(facts.length);
    if (facts.lengths > 1 || !length) return refuse(Code::malformed, "Content-Length is not one number");
    head_.framing = Framing::length;
    head_.content_length = *length;
  }
  if (never_has_body(head_.status, request_)) head_.framing = Framing::none;
  if (head_.framing == Framing::close) head_.keep_alive = false;
  return true;
}

H1Event H1ResponseParser::body_event(std::string_view in, std::size_t& consumed) {
  if (head_.framing == Framing::chunked) {
    const H1Event event = chunks_.next(in, consumed);
    body_ = chunks_.body();
    if (event == H1Event::error) return fail(chunks_.error().code, chunks_.error().detail);
    if (event == H1Event::end) state_ = State::over;
    return event;
  }
  const bool by_length = head_.framing == Framing::length;
  if (by_length && left_ == 0) {
    state_ = State::over;
    return H1Event::end;
  }
  if (in.empty()) return H1Event::need_more;
  body_ = by_length ? in.substr(0, left_) : in;
  consumed = body_.size();
  if (by_length) left_ -= body_.size();
  return H1Event::body;
}

H1Event H1ResponseParser::end_of_stream() {
  body_ = {};
  switch (state_) {
    case State::head:
      return fail(Code::closed,
                  started_ ? "the connection ended within the head" : "the connection ended before the head");
    case State::body: {
      const bool whole = head_.framing == Framing::close || (head_.framing == Framing::length && left_ == 0);
      if (!whole) return fail(Code::closed, "the connection ended within the body");
      state_ = State::over;
      return H1Event::end;
    }
    case State::over: return H1Event::end;
    case State::failed: break;
  }
  return H1Event::error;
}

}  // namespace weir
