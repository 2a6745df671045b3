// Accept-Encoding read, and the choice that follows from it; see content_coding.h.
#include "proxy/http/content_coding.h"

#include <algorithm>

#include "proxy/base/text.h"
#include "proxy/http/grammar.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, kContentCodings> kWords{"identity", "gzip", "br", "zstd", "dcz"};
constexpr std::uint16_t kMost = 1000;
constexpr std::uint16_t kLeast = 1;  // of what is acceptable

// qvalue of RFC 9110 §12.4.2, in thousandths.
std::optional<std::uint16_t> parse_qvalue(std::string_view text) noexcept {
  constexpr std::size_t kLongest = 5;  // 0.123
  if (text.empty() || text.size() > kLongest || (text.front() != '0' && text.front() != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  unsigned fraction = 0;
  unsigned unit = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (!is_digit(c)) return std::nullopt;
    fraction += static_cast<unsigned>(c - '0') * unit;
    unit /= 10;
  }
  if (text.front() == '1') return fraction == 0 ? std::optional(kMost) : std::nullopt;
  return static_cast<std::uint16_t>(fraction);
}

struct Member {
  std::string_view coding;
  std::uint16_t q = kMost;
};

// codings [ OWS ";" OWS "q=" qvalue ]; any other parameter breaks the grammar.
std::optional<Member> parse_member(std::string_view text) noexcept {
  const auto semicolon = text.find(';');
  const Member plain{trim(text.substr(0, semicolon))};
  if (!is_token(plain.coding)) return std::nullopt;
  if (semicolon == std::string_view::npos) return plain;
  const auto weight = trim(text.substr(semicolon + 1));
  if (weight.size() < 2 || to_lower(weight[0]) != 'q' || weight[1] != '=') return std::nullopt;
  const auto q = parse_qvalue(weight.substr(2));
  if (!q) return std::nullopt;
  return Member{plain.coding, *q};
}

// What the members say, before it is settled what isn't named.
struct Named {
  std::array<std::optional<std::uint16_t>, kContentCodings> q;
  std::optional<std::uint16_t> star;

  void add(std::string_view text) noexcept {
    const auto member = parse_member(text);
    if (!member) return;
    const auto coding = content_coding_of(member->coding);
    if (!coding && member->coding != "*") return;
    auto& place = coding ? q[static_cast<std::size_t>(*coding)] : star;
    place = std::min(place.value_or(kMost), member->q);
  }
};

constexpr std::size_t kIdentity = static_cast<std::size_t>(ContentCoding::identity);
constexpr std::size_t kDcz = static_cast<std::size_t>(ContentCoding::dcz);

}  // namespace

std::string_view word_of(ContentCoding coding) noexcept {
  return kWords[static_cast<std::size_t>(coding)];
}

std::optional<ContentCoding> content_coding_of(std::string_view word) noexcept {
  for (std::size_t i = 0; i < kContentCodings; ++i) {
    if (equals_ignoring_case(word, kWords[i])) return static_cast<ContentCoding>(i);
  }
  return equals_ignoring_case(word, "x-gzip") ? std::optional(ContentCoding::gzip) : std::nullopt;
}

AcceptedCodings parse_accept_encoding(const Fields& request) noexcept {
  Named named;
  bool asked = false;
  for (const Field& field : request) {
    if (field.id != Name::accept_encoding) continue;
    asked = true;
    for_each_member(field.value, [&](std::string_view member) { named.add(member); });
  }
  const std::uint16_t unnamed = asked ? named.star.value_or(0) : kLeast;
  AcceptedCodings accepted;
  for (std::size_t i = 0; i < kContentCodings; ++i) accepted.q[i] = named.q[i].value_or(unnamed);
  accepted.q[kIdentity] = named.q[kIdentity].value_or(asked ? named.star.value_or(kLeast) : kMost);
  accepted.q[kDcz] = named.q[kDcz].value_or(0);
  return accepted;
}

AcceptedCodings KnownCodings::of(const Fields& request) {
  constexpr std::size_t kLongest = 128;
  const Field* const line = request.find(Name::accept_encoding);
  if (line == nullptr || line->value.empty() || line->value.size() > kLongest ||
      request.count(Name::accept_encoding) > 1)
    return parse_accept_encoding(request);
  for (const Known& one : known_) {
    if (one.line == line->value) return one.codings;
  }
  Known& oldest = known_[next_++ % known_.size()];
  oldest.codings = parse_accept_encoding(request);
  oldest.line = line->value;
  return oldest.codings;
}

ContentCoding choose(const AcceptedCodings& accepted, std::span<const ContentCoding> order) noexcept {
  ContentCoding best = ContentCoding::identity;
  std::uint16_t most = 0;
  for (const ContentCoding coding : order) {
    if (coding == ContentCoding::identity || accepted.q_of(coding) <= most) continue;
    best = coding;
    most = accepted.q_of(coding);
  }
  return most >= accepted.q_of(ContentCoding::identity) ? best : ContentCoding::identity;
}

}  // namespace weir
