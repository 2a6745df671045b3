// The fields of a request as HTTP/2 brings them; see h2_head.h.
#include "proxy/http/h2_head.h"

#include <algorithm>
#include <utility>

#include "proxy/base/text.h"
#include "proxy/http/grammar.h"
#include "proxy/http/upgrade.h"

namespace weir {
namespace {

constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 §6.5.2
constexpr CharSet kLowerTokenChars = CharSet("!#$%&'*+-.^_`|~0123456789").add_range('a', 'z');

bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
}

bool is_value(std::string_view value) noexcept {
  return value.empty() || (!is_blank(value.front()) && !is_blank(value.back()) && is_field_value(value));
}

// What HTTP/1.1 says of its connection has no place here (RFC 9113 §8.2.2).
bool is_connections(Name id, std::string_view value) noexcept {
  switch (id) {
    case Name::connection:
    case Name::keep_alive:
    case Name::proxy_connection:
    case Name::transfer_encoding:
    case Name::upgrade: return true;
    case Name::te: return !equals_ignoring_case(value, "trailers");
    default: return false;
  }
}

}  // namespace

bool H2HeadReader::read_request(HpackDecoder& hpack, std::string_view block, bool ends, RequestHead& head,
                                Arena& arena) {
  if (known_.find(block, ends, limits_, head, arena)) {
    if (refused()) refusal_ = {};
    return true;
  }
  head.clear();
  head.version = Version::http2;
  begin(&head, head.fields, arena);
  const bool whole = read(hpack, block);
  if (is_token(value_of(Pseudo::method))) {  // a refusal, too, answers a method
    head.method_text = value_of(Pseudo::method);
    head.method = method_of(head.method_text);
  }
  if (whole && !refused() && judge(ends)) known_.keep(block, ends, limits_, head);
  return whole;
}

bool H2HeadReader::read_trailers(HpackDecoder& hpack, std::string_view block, Fields& trailers, Arena& arena) {
  trailers.clear();
  begin(nullptr, trailers, arena);
  return read(hpack, block);
}

bool H2HeadReader::read(HpackDecoder& hpack, std::string_view block) {
  known_.has_read(block);
  return hpack.decode(block, [this](auto name, auto value) { add(name, value); });
}

bool H2HeadReader::skip(HpackDecoder& hpack, std::string_view block) {
  known_.has_read(block);
  return hpack.decode(block, [](auto, auto) {});
}

void H2HeadReader::begin(RequestHead* head, Fields& fields, Arena& arena) {
  head_ = head;
  fields_ = &fields;
  arena_ = &arena;
  arena.reset();
  pseudo_ = {};
  seen_ = 0;
  list_ = count_ = cookies_ = 0;
  if (refused()) refusal_ = {};
}

// The decoded list is bounded, not the block: one byte can stand for four thousand.
bool H2HeadReader::fits(std::string_view name, std::string_view value) {
  list_ += name.size() + value.size() + kFieldOverhead;
  const std::size_t most = head_ != nullptr ? limits_.head : limits_.trailers;
  if (list_ > most || count_ > limits_.fields) return refusal_.as(431, "the field list is too large");
  if (name.size() + value.size() <= limits_.line) return true;
  if (head_ != nullptr && name == ":path") return refusal_.as(414, "the target is too long");
  return refusal_.as(431, "a field is too long");
}

void H2HeadReader::add(std::string_view name, std::string_view value) {
  const bool pseudo = name.starts_with(':');
  if (!pseudo) ++count_;
  if (refused() || !fits(name, value)) return;
  if (!is_value(value)) {
    refusal_.as(400, "a field's value holds a control byte, or begins or ends with a blank");
  } else if (pseudo) {
    add_pseudo(name, value);
  } else {
    add_field(name, value);
  }
}

bool H2HeadReader::add_pseudo(std::string_view name, std::string_view value) {
  constexpr std::array<std::string_view, kPseudos> kNames{":method", ":scheme", ":path", ":authority", ":protocol"};
  if (head_ == nullptr) return refusal_.as(400, "a pseudo-field among the trailers");
  if (count_ > 0) return refusal_.as(400, "a pseudo-field after the fields");
  for (std::size_t i = 0; i < kPseudos; ++i) {
    if (name != kNames[i]) continue;
    if ((seen_ >> i & 1U) != 0) return refusal_.as(400, "a pseudo-field comes twice");
    seen_ |= 1U << i;
    pseudo_[i] = arena_->copy(value);
    return true;
  }
  return refusal_.as(400, "a pseudo-field that no request has");
}

bool H2HeadReader::add_field(std::string_view name, std::string_view value) {
  if (name.empty() || !kLowerTokenChars.covers(name)) return refusal_.as(400, "a field's name is no lower-case token");
  const Name id = name_of(name);
  if (is_connections(id, value)) return refusal_.as(400, "a field that is the connection's of HTTP/1.1");
  if (head_ == nullptr) {
    if (changes_framing(id)) return refusal_.as(400, "a trailer field changes the framing");
    if (belongs_in_head(id)) return true;
  }
  if (id == Name::cookie) ++cookies_;
  fields_->add(Field{id == Name::other ? arena_->copy(name) : text_of(id), arena_->copy(value), id});
  return true;
}

bool H2HeadReader::judge(bool ends) {
  if (!judge_pseudos() || !judge_authority()) return false;
  if (cookies_ > 1) join_cookies();
  const HeadFacts facts = facts_of(*fields_);
  if (!judge_length(*head_, facts, refusal_)) return false;
  if (ends) {
    if (head_->content_length > 0) return refusal_.as(400, "Content-Length says more than comes");
    head_->framing = Framing::none;
  } else if (!head_->upgrade.empty()) {
    if (facts.lengths > 0) return refusal_.as(400, "Content-Length of a tunnel");
  } else if (facts.lengths == 0) {
    head_->framing = Framing::chunked;
  }
  return judge_expect(*head_, facts, refusal_);
}

bool H2HeadReader::judge_pseudos() {
  if (!has(Pseudo::method)) return refusal_.as(400, "no :method");
  if (head_->method_text.empty()) return refusal_.as(400, "the method is malformed");
  if (head_->method_text.size() > kLongestMethod) return refusal_.as(501, "the method is too long");
  const bool connect = head_->method == Method::connect;
  if (has(Pseudo::protocol)) {
    if (!connect) return refusal_.as(400, ":protocol is CONNECT's");
    if (!is_upgrade_protocol(value_of(Pseudo::protocol))) return refusal_.as(400, ":protocol is none");
    head_->upgrade = value_of(Pseudo::protocol);
    head_->method_text = "GET";
    head_->method = Method::get;
  } else if (connect) {
    if (has(Pseudo::scheme) || has(Pseudo::path)) return refusal_.as(400, "CONNECT with a :scheme or a :path");
    head_->target = value_of(Pseudo::authority);
    return judge_target(*head_, *arena_, refusal_);
  }
  if (!has(Pseudo::scheme) || !has(Pseudo::path)) return refusal_.as(400, "no :scheme or no :path");
  const auto scheme = value_of(Pseudo::scheme);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
    return refusal_.as(400, "the scheme is not http or https");
  }
  const auto path = value_of(Pseudo::path);
  if (!path.starts_with('/') && path != "*") return refusal_.as(400, ":path is no path");
  head_->target = path;
  return judge_target(*head_, *arena_, refusal_);
}

// One host, called :authority or Host, and where it is called both, the same (RFC 9113 §8.3.1).
bool H2HeadReader::judge_authority() {
  const Field* const host = fields_->find(Name::host);
  if (fields_->count(Name::host) > 1) return refusal_.as(400, "more than one Host");
  if (!has(Pseudo::authority)) {
    if (host == nullptr) return refusal_.as(400, "no :authority and no Host");
    return judge_host(*head_, host->value, tls_, *arena_, refusal_);
  }
  const auto authority = value_of(Pseudo::authority);
  if (host == nullptr) {
    fields_->add(Name::host, authority);
    return judge_host(*head_, authority, tls_, *arena_, refusal_);
  }
  const auto theirs = host->value;
  head_->authority = {};
  if (!judge_host(*head_, authority, tls_, *arena_, refusal_)) return false;
  const auto named = std::exchange(head_->authority, {});
  if (!judge_host(*head_, theirs, tls_, *arena_, refusal_)) return false;
  return named == head_->authority || refusal_.as(400, "Host is not :authority");
}

// A client may send each cookie in a field of its own; the origin gets one (RFC 9113 §8.2.3).
void H2HeadReader::join_cookies() {
  constexpr std::string_view kBetween = "; ";
  std::size_t size = 0;
  for (const Field& field : *fields_) size += field.id == Name::cookie ? field.value.size() + kBetween.size() : 0;
  char* const begin = arena_->take(size);
  char* at = begin;
  for (const Field& field : *fields_) {
    if (field.id != Name::cookie || field.value.empty()) continue;
    if (at != begin) at = std::copy(kBetween.begin(), kBetween.end(), at);
    at = std::copy(field.value.begin(), field.value.end(), at);
  }
  fields_->set(Name::cookie, {begin, static_cast<std::size_t>(at - begin)});
}

}  // namespace weir
