// One record of the shared invalidation log, as it stands in the Redis stream; see docs/formats/invalidation-log.md.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proxy/cache/invalidation.h"
#include "proxy/shared/redis_reply.h"

namespace weir {

// Where a record stands, and what tells it from one of another history that took the same place.
struct LogPlace {
  Position position = 0;
  std::uint64_t mark = 0;
};

struct LogRecord {
  LogPlace place;
  std::uint64_t previous = 0;                // the mark of the record before it
  bool starts = false;                       // nothing before it is known: it makes everything older invalid
  std::optional<InvalidationRecord> record;  // without: starts, or of a kind that this version doesn't know
  std::string node;                          // who appended it
};

// The name of a kind in the stream; and back, nullopt for one that isn't known.
std::string_view word_of(InvalidationRecord::Kind kind);
std::optional<InvalidationRecord::Kind> invalidation_kind_of(std::string_view word);

// The words of a mark: 16 hexadecimal digits. And back; 0 for what is none.
std::string mark_text(std::uint64_t mark);
std::uint64_t parse_mark(std::string_view text);

// The arguments that the append script takes for each record: kind, value, soft, time, node, mark.
void add_record_words(std::vector<std::string>& words, const InvalidationRecord& record, std::string_view node,
                      std::int64_t wall_us, std::uint64_t mark);

// An entry of XREAD or XRANGE: [id, [field, value, …]]. nullopt where it isn't one. Now, on both clocks of this node,
// places its time: never in the future, so that clocks that differ make nothing younger.
std::optional<LogRecord> parse_log_record(const RedisReply& entry, Time now, std::int64_t wall_us);

// "0-42" is 42.
std::optional<Position> parse_log_id(std::string_view id);

}  // namespace weir
