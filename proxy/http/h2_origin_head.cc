// Fields of requests and answers; see h2_origin_head.h.
#include "proxy/http/h2_origin_head.h"

#include <algorithm>
#include <charconv>

#include "proxy/base/text.h"
#include "proxy/http/grammar.h"
#include "proxy/http/written_request.h"

namespace weir {
namespace {

constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 §6.5.2

// What no HTTP/2 message carries, or is said in another way (RFC 9113 §8.2.2).
bool is_of_connection(Name id) noexcept {
  switch (id) {
    case Name::connection:
    case Name::content_length:
    case Name::host:
    case Name::keep_alive:
    case Name::proxy_connection:
    case Name::transfer_encoding:
    case Name::upgrade: return true;
    default: return false;
  }
}

bool has_upper_case(std::string_view name) noexcept {
  return std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

void H2RequestFields::clear() {
  list_.clear();
  names_.reset();
}

// Names are in small letters (RFC 9113 §8.2).
void H2RequestFields::add(std::string_view name, std::string_view value) {
  char* const small = names_.take(name.size());
  std::transform(name.begin(), name.end(), small, to_lower);
  list_.push_back({{small, name.size()}, value});
}

Result<void> H2RequestFields::write_head(const H1RequestLine& line, bool tls, const Fields& fields, Framing framing,
                                         std::uint64_t length) {
  clear();
  if (auto fine = may_write(line, framing); !fine) return fine;
  list_.push_back({":method", line.method});
  list_.push_back({":scheme", tls ? "https" : "http"});
  list_.push_back({":authority", line.authority});
  list_.push_back({":path", line.target});
  for (const Field& field : fields) {
    if (is_of_connection(field.id)) continue;
    if (!is_token(field.name) || !is_field_value(field.value)) return unwritable(field.name);
    if (field.id != Name::te) {
      add(field.name, field.value);
    } else if (equals_ignoring_case(field.value, "trailers")) {
      list_.push_back({"te", "trailers"});
    }
  }
  if (says_length(line.method, framing)) {
    const std::uint64_t number = framing == Framing::length ? length : 0;
    const auto end = std::to_chars(length_.data(), length_.data() + length_.size(), number).ptr;
    list_.push_back({"content-length", {length_.data(), static_cast<std::size_t>(end - length_.data())}});
  }
  return {};
}

void H2RequestFields::write_trailers(std::string_view lines) {
  clear();
  while (!lines.empty()) {
    const auto end = lines.find("\r\n");
    const auto field = parse_field_line(lines.substr(0, end));
    if (field && !is_of_connection(field->id) && is_field_value(field->value)) add(field->name, field->value);
    lines = end == std::string_view::npos ? std::string_view{} : lines.substr(end + 2);
  }
}

void H2AnswerFields::begin(bool trailers) {
  most_ = trailers ? limits_.trailers : limits_.head;
  head_.clear();
  head_.version = Version::http2;
  bytes_.reset();
  size_ = 0;
}

bool H2AnswerFields::refuse(Code code, std::string_view detail) {
  error_ = Error{Side::origin, code, std::string(detail)};
  return false;
}

bool H2AnswerFields::add_status(std::string_view value) {
  const bool digits = value.size() == 3 && std::all_of(value.begin(), value.end(), is_digit);
  if (!digits || value[0] < '1' || value[0] > '5') return refuse(Code::malformed, "no status from 100 to 599");
  if (head_.status != 0) return refuse(Code::malformed, "two statuses");
  head_.status = (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0');
  head_.reason = reason_phrase(head_.status);
  return true;
}

// That pseudo-fields come first, and which there may be, is nghttp2's to check; names and values are checked here
// again, since a client of HTTP/1 gets them.
bool H2AnswerFields::add(std::string_view name, std::string_view value) {
  size_ += name.size() + value.size() + kFieldOverhead;
  if (size_ > most_) return refuse(Code::too_large, "the head is too large");
  if (name.starts_with(':')) return name == ":status" ? add_status(value) : refuse(Code::malformed, "a pseudo-field");
  if (head_.fields.size() == limits_.fields) return refuse(Code::too_large, "too many fields");
  if (!is_token(name) || has_upper_case(name)) return refuse(Code::malformed, "the name of a field is malformed");
  if (!is_field_value(value)) return refuse(Code::malformed, "the value of a field is malformed");
  if (value.size() > limits_.line) return refuse(Code::too_large, "a field is too long");
  const Name id = name_of(name);
  if (id != Name::content_length && is_of_connection(id) && id != Name::host) {
    return refuse(Code::malformed, "a field of HTTP/1's connections");
  }
  head_.fields.add(Field{id == Name::other ? bytes_.copy(name) : text_of(id), bytes_.copy(trim(value)), id});
  return true;
}

bool H2AnswerFields::judge_length() {
  const HeadFacts facts = facts_of(head_.fields);
  if (facts.lengths == 0) return true;
  const auto length = parse_number(facts.length);
  if (facts.lengths > 1 || !length) return refuse(Code::malformed, "Content-Length is not one number");
  head_.framing = Framing::length;
  head_.content_length = *length;
  return true;
}

ResponseHead* H2AnswerFields::finish_head(Method request, bool ends) {
  if (head_.status == 0) {
    (void)refuse(Code::malformed, "no status");
    return nullptr;
  }
  head_.framing = Framing::chunked;
  if (!judge_length()) return nullptr;
  const int status = head_.status;
  const bool bodiless = request == Method::head || status < 200 || status == 204 || status == 304;
  if (ends && !bodiless && head_.framing == Framing::length && head_.content_length != 0) {
    (void)refuse(Code::closed, "the answer ends before its content");
    return nullptr;
  }
  if (bodiless) {
    head_.framing = Framing::none;
  } else if (ends) {
    head_.framing = Framing::length;
    head_.content_length = 0;
  }
  return &head_;
}

const Fields& H2AnswerFields::finish_trailers() {
  head_.fields.remove_if([](const Field& field) {
    return field.id != Name::other && field.id != Name::etag && field.id != Name::server_timing;
  });
  return head_.fields;
}

}  // namespace weir
