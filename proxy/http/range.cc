// Reading Range and If-Range, writing Content-Range; see range.h.
#include "proxy/http/range.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

#include "proxy/base/text.h"
#include "proxy/http/date.h"
#include "proxy/http/validators.h"

namespace weir {
namespace {

// One range-spec: FIRST-LAST, FIRST- or -SUFFIX.
struct Spec {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;  // of a suffix: its length
};

// Digits as they come; what doesn't fit is the largest number.
std::optional<std::uint64_t> parse_position(std::string_view digits) noexcept {
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  return parse_number(digits).value_or(UINT64_MAX);
}

std::optional<Spec> parse_spec(std::string_view text) noexcept {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto before = text.substr(0, dash);
  const auto behind = text.substr(dash + 1);
  const Spec spec{parse_position(before), parse_position(behind)};
  const bool broken = (!spec.first && !before.empty()) || (!spec.last && !behind.empty());
  if (broken || (!spec.first && !spec.last)) return std::nullopt;
  if (spec.first && spec.last && *spec.last < *spec.first) return std::nullopt;
  return spec;
}

// At most kMostRanges; nothing for whatever means "send the whole".
struct Specs {
  std::array<Spec, kMostRanges> list;
  std::size_t size = 0;
};

std::optional<Specs> parse_specs(std::string_view header) noexcept {
  constexpr std::string_view kUnit = "bytes=";
  if (!equals_ignoring_case(header.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  Specs specs;
  bool broken = false;
  for_each_member(header.substr(kUnit.size()), [&](std::string_view member) {
    if (broken) return;
    const auto spec = parse_spec(member);
    broken = !spec || specs.size == kMostRanges;
    if (!broken) specs.list[specs.size++] = *spec;
  });
  if (broken || specs.size == 0) return std::nullopt;
  return specs;
}

// Where the body has no such byte: nothing. `length` is not 0.
std::optional<ByteRange> clip(const Spec& spec, std::uint64_t length) noexcept {
  if (!spec.first) {
    const std::uint64_t size = std::min(*spec.last, length);
    return size == 0 ? std::nullopt : std::optional(ByteRange{length - size, length - 1});
  }
  if (*spec.first >= length) return std::nullopt;
  return ByteRange{*spec.first, std::min(spec.last.value_or(UINT64_MAX), length - 1)};
}

bool overlap(const ByteRange& a, const ByteRange& b) noexcept {
  return a.first <= b.last && b.first <= a.last;
}

// §8.8.2.2: a second change within the second of Last-Modified would not show, unless the Date is later.
bool same_strong_date(std::string_view wanted, std::string_view last_modified, std::string_view date,
                      WallTime now) noexcept {
  const auto asked = parse_date(wanted, now);
  const auto modified = parse_date(last_modified, now);
  const auto sent = parse_date(date, now);
  return asked && modified && sent && *asked == *modified && *sent > *modified;
}

}  // namespace

std::string_view range_header(const Fields& request) noexcept {
  return request.count(Name::range) == 1 ? request.value(Name::range) : std::string_view{};
}

Ranges resolve_range(std::string_view header, std::uint64_t length) noexcept {
  const auto specs = parse_specs(header);
  if (!specs) return WholeBody{};
  const std::span<const Spec> list(specs->list.data(), specs->size);
  if (length == 0) {
    const bool suffix = std::any_of(list.begin(), list.end(), [](const Spec& s) { return !s.first && *s.last != 0; });
    return suffix ? Ranges(WholeBody{}) : Ranges(Unsatisfiable{});
  }
  ByteRanges ranges;
  for (const Spec& spec : list) {
    const auto range = clip(spec, length);
    if (!range) continue;
    for (const ByteRange& earlier : ranges) {
      if (overlap(earlier, *range)) return WholeBody{};
    }
    ranges.add(*range);
  }
  if (ranges.size() == 0) return Unsatisfiable{};
  return ranges;
}

EarlyRange look_at_range(std::string_view header) noexcept {
  const auto specs = parse_specs(header);
  if (!specs) return WholeBody{};
  const Spec& spec = specs->list[0];
  if (specs->size > 1 || !spec.first) return NeedsLength{};
  return FromTo{*spec.first, spec.last};
}

bool if_range_holds(std::string_view if_range, std::string_view etag, std::string_view last_modified,
                    std::string_view date, WallTime now) noexcept {
  if (const auto wanted = parse_entity_tag(if_range)) {
    const auto ours = parse_entity_tag(etag);
    return ours && strong_match(*wanted, *ours);
  }
  return same_strong_date(if_range, last_modified, date, now);
}

ContentRangeText::ContentRangeText(const ByteRange& range, std::optional<std::uint64_t> length) noexcept {
  add("bytes ");
  add(range.first);
  add("-");
  add(range.last);
  add("/");
  if (length) {
    add(*length);
  } else {
    add("*");
  }
}

ContentRangeText::ContentRangeText(std::uint64_t length) noexcept {
  add("bytes */");
  add(length);
}

void ContentRangeText::add(std::string_view text) noexcept {
  std::memcpy(bytes_.data() + size_, text.data(), text.size());
  size_ += text.size();
}

void ContentRangeText::add(std::uint64_t number) noexcept {
  const auto end = std::to_chars(bytes_.data() + size_, bytes_.data() + bytes_.size(), number);
  size_ = static_cast<std::size_t>(end.ptr - bytes_.data());
}

}  // namespace weir
