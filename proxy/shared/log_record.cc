// Records of the shared log; see log_record.h.
#include "proxy/shared/log_record.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "proxy/base/text.h"

namespace weir {
namespace {

using Kind = InvalidationRecord::Kind;

constexpr std::array<std::string_view, 5> kKinds{"tag", "url", "prefix", "pattern", "all"};

// How long ago, by clocks of two machines: bounded, so that a wild one does no harm.
Time time_of(std::string_view microseconds, Time now, std::int64_t wall_us) {
  constexpr std::int64_t kLongestAgo = std::chrono::microseconds(std::chrono::hours(24 * 365)).count();
  const auto then = std::min(parse_number(microseconds).value_or(0), static_cast<std::uint64_t>(wall_us));
  return now - std::chrono::microseconds(std::min(wall_us - static_cast<std::int64_t>(then), kLongestAgo));
}

}  // namespace

std::string_view word_of(Kind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

std::optional<Kind> invalidation_kind_of(std::string_view word) {
  const auto at = std::find(kKinds.begin(), kKinds.end(), word);
  if (at == kKinds.end()) return std::nullopt;
  return static_cast<Kind>(at - kKinds.begin());
}

std::string mark_text(std::uint64_t mark) {
  const auto digits = hex_of(mark);
  return {digits.data(), digits.size()};
}

std::uint64_t parse_mark(std::string_view text) {
  std::uint64_t mark = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mark, 16);
  return error == std::errc{} && end == text.data() + text.size() ? mark : 0;
}

void add_record_words(std::vector<std::string>& words, const InvalidationRecord& record, std::string_view node,
                      std::int64_t wall_us, std::uint64_t mark) {
  words.emplace_back(word_of(record.kind));
  words.push_back(record.value);
  words.emplace_back(record.soft ? "1" : "0");
  words.push_back(std::to_string(wall_us));
  words.emplace_back(node);
  words.push_back(mark_text(mark));
}

std::optional<Position> parse_log_id(std::string_view id) {
  if (!id.starts_with("0-")) return std::nullopt;
  return parse_number(id.substr(2));
}

// A kind that a newer version wrote may cover anything: then it counts as all.
std::optional<LogRecord> parse_log_record(const RedisReply& entry, Time now, std::int64_t wall_us) {
  if (entry.kind != RedisReply::Kind::array || entry.elements.size() != 2) return std::nullopt;
  const auto position = parse_log_id(entry.elements[0].text);
  const auto& fields = entry.elements[1].elements;
  if (!position || fields.size() % 2 != 0) return std::nullopt;
  const auto field = [&](std::string_view name) -> std::string_view {
    for (std::size_t i = 0; i < fields.size(); i += 2) {
      if (fields[i].text == name) return fields[i + 1].text;
    }
    return {};
  };
  LogRecord out;
  out.place.position = *position;
  out.place.mark = parse_mark(field("mark"));
  out.previous = parse_mark(field("prev"));
  out.node = field("node");
  if (field("kind") == "start") {
    out.starts = true;
    return out;
  }
  InvalidationRecord record;
  const auto kind = invalidation_kind_of(field("kind"));
  record.kind = kind.value_or(Kind::all);
  if (kind) record.value = field("value");
  record.soft = kind && field("soft") == "1";
  record.at = time_of(field("time"), now, wall_us);
  out.record = std::move(record);
  return out;
}

}  // namespace weir
