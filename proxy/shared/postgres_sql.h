// What `weir postgres-sql` prints: the outbox, the triggers that fill it in the writer's own transaction, and the
// rights of who reads it. Pure: from what is to be watched to SQL, which an operator reads and runs. docs/postgres.md
// says how it works; postgres_outbox.h is the other end.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/result.h"
#include "proxy/base/units.h"
#include "proxy/shared/watched_table.h"

namespace weir {

struct OutboxOptions {
  std::string schema = "weir";             // exactly as given; also the channel that is notified
  std::string role{};                      // who reads; empty: no grants
  Duration keep = std::chrono::hours(24);  // for a listener that is away
  bool notify = true;                      // false: listeners look once a second instead
};

// Errors say what would be right.
Result<std::string> outbox_sql(std::span<const WatchedTable> tables, const OutboxOptions& options);

// "quoted", whatever it holds. No NUL: neither a command line nor YAML can bring one.
std::string sql_identifier(std::string_view name);
std::string sql_literal(std::string_view text);

}  // namespace weir
