// The request half of the HTTP/1.1 codec (RFC 9112 §3, §5, §6, §9). Judges a head in three steps: each line by its
// grammar, the target by its form, the fields against each other. The first thing wrong decides the status.
#include "proxy/base/text.h"
#include "proxy/http/grammar.h"
#include "proxy/http/h1_codec.h"
#include "proxy/http/request_rules.h"

namespace weir {
namespace {

constexpr int kMostEmptyLines = 4;  // RFC 9112 §2.2 lets a client send one too many after a body

bool is_version(std::string_view text) noexcept {
  return text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' && is_digit(text[7]);
}

// A list of codings that is well formed but holds one we don't speak, as against one that misplaces chunked.
bool is_unknown_coding(std::string_view value) noexcept {
  const auto first = trim(value.substr(0, value.find(',')));
  bool tokens = !value.empty();
  for_each_member(value, [&](std::string_view coding) { tokens = tokens && is_token(coding); });
  return tokens && !first.empty() && !is_chunked(first);
}

}  // namespace

H1RequestParser::H1RequestParser(const H1Limits& limits, bool tls) : limits_(limits), tls_(tls), chunks_(limits) {}

void H1RequestParser::next_message() {
  if (state_ == State::failed) return;
  state_ = State::head;
  base_ = nullptr;
  left_ = 0;
  body_ = {};
  chunks_.restart();
  restart_head();
}

void H1RequestParser::restart(bool tls) {
  tls_ = tls;
  state_ = State::head;
  error_ = {};
  error_status_ = 0;
  next_message();
}

void H1RequestParser::restart_head() {
  head_.clear();
  arena_.reset();
  lines_.restart();
  has_request_line_ = false;
  empty_lines_ = 0;
}

bool H1RequestParser::refuse(int status, std::string_view detail) {
  Refusal why;
  (void)why.as(status, detail);
  return refuse(why);
}

bool H1RequestParser::refuse(const Refusal& why) {
  state_ = State::failed;
  error_ = why.error();
  error_status_ = why.status;
  return false;
}

H1Event H1RequestParser::fail(int status, std::string_view detail) {
  (void)refuse(status, detail);
  return H1Event::error;
}

H1Event H1RequestParser::next(std::string_view in, std::size_t& consumed) {
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

H1Event H1RequestParser::head_event(std::string_view in, std::size_t& consumed) {
  if (in.data() != base_) {
    base_ = in.data();
    restart_head();
  }
  const auto window = in.substr(0, limits_.head);
  for (;;) {
    std::string_view line;
    switch (lines_.next(window, limits_.line, line)) {
      case HeadLines::Found::line: break;
      case HeadLines::Found::bad: return fail(400, "a control byte, or a line that does not end in CR LF");
      case HeadLines::Found::too_long:
        return has_request_line_ ? fail(431, "a field line is too long") : fail(414, "the request line is too long");
      case HeadLines::Found::partial:
        return in.size() < limits_.head ? H1Event::need_more : fail(431, "the head is too large");
    }
    if (line.empty() && has_request_line_) break;
    if (!read_line(line)) return H1Event::error;
  }
  if (!judge_fields()) return H1Event::error;
  consumed = lines_.consumed();
  state_ = head_.framing == Framing::none ? State::over : State::body;
  left_ = head_.content_length;
  return H1Event::head;
}

bool H1RequestParser::read_line(std::string_view line) {
  if (!has_request_line_) {
    if (line.empty() && ++empty_lines_ <= kMostEmptyLines) return true;
    has_request_line_ = true;
    return read_request_line(line);
  }
  const auto field = parse_field_line(line);
  if (!field) return refuse(400, "a field line is malformed");
  if (head_.fields.size() == limits_.fields) return refuse(431, "too many fields");
  head_.fields.add(*field);
  return true;
}

bool H1RequestParser::read_request_line(std::string_view line) {
  const std::size_t method_end = kTokenChars.span(line);
  if (method_end == 0 || !line.substr(method_end).starts_with(' ')) return refuse(400, "the method is malformed");
  if (method_end > kLongestMethod) return refuse(501, "the method is too long");
  const auto rest = line.substr(method_end + 1);
  const auto target_end = rest.find(' ');
  if (target_end == std::string_view::npos) return refuse(400, "the request line has no version");
  const auto version = rest.substr(target_end + 1);
  if (!is_version(version)) return refuse(400, "the HTTP version is malformed");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return refuse(505, "neither HTTP/1.1 nor HTTP/1.0");
  head_.version = version.back() == '1' ? Version::http11 : Version::http10;
  head_.method_text = line.substr(0, method_end);
  head_.method = method_of(head_.method_text);
  head_.target = rest.substr(0, target_end);
  Refusal why;
  return judge_target(head_, arena_, why) || refuse(why);
}

bool H1RequestParser::judge_fields() {
  const HeadFacts facts = facts_of(head_.fields);
  if (facts.bad_connection) return refuse(400, "Connection is malformed");
  if (facts.names_protected) return refuse(400, "Connection names a field that is not the connection's");
  if (facts.hosts != 1) return refuse(400, facts.hosts == 0 ? "no Host" : "more than one Host");
  Refusal why;
  if (!judge_host(head_, facts.host, tls_, arena_, why)) return refuse(why);
  if (!judge_framing(facts)) return false;
  head_.keep_alive = !facts.close && (head_.version == Version::http11 || facts.keep_alive);
  const bool may_upgrade = head_.version == Version::http11 && head_.method == Method::get;
  if (facts.upgrade && may_upgrade && head_.framing == Framing::none && head_.fields.count(Name::upgrade) == 1) {
    head_.upgrade = head_.fields.value(Name::upgrade);
  }
  return judge_expect(head_, facts, why) || refuse(why);
}

bool H1RequestParser::judge_framing(const HeadFacts& facts) {
  if (facts.codings > 0) {
    if (head_.version == Version::http10) return refuse(400, "Transfer-Encoding in HTTP/1.0");
    if (facts.lengths > 0) return refuse(400, "Transfer-Encoding and Content-Length");
    if (facts.codings > 1) return refuse(400, "more than one Transfer-Encoding");
    if (!is_chunked(facts.coding)) {
      const int status = is_unknown_coding(facts.coding) ? 501 : 400;
      return refuse(status, "Transfer-Encoding is not chunked");
    }
    head_.framing = Framing::chunked;
    return true;
  }
  Refusal why;
  return judge_length(head_, facts, why) || refuse(why);
}

H1Event H1RequestParser::body_event(std::string_view in, std::size_t& consumed) {
  if (head_.framing == Framing::chunked) {
    const H1Event event = chunks_.next(in, consumed);
    body_ = chunks_.body();
    if (event == H1Event::error) return fail(400, chunks_.error().detail);
    if (event == H1Event::end) state_ = State::over;
    return event;
  }
  if (left_ == 0) {
    state_ = State::over;
    return H1Event::end;
  }
  if (in.empty()) return H1Event::need_more;
  body_ = in.substr(0, left_);
  consumed = body_.size();
  left_ -= body_.size();
  return H1Event::body;
}

}  // namespace weir
