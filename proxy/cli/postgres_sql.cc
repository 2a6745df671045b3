// `weir postgres-sql`: the SQL that lets weir follow a database's changes.
#include "proxy/shared/postgres_sql.h"

#include <cstdio>

#include "proxy/base/units.h"
#include "proxy/cli/calls.h"
#include "proxy/cli/client.h"

namespace weir {
namespace {

constexpr std::string_view kName = "postgres-sql";

Result<OutboxOptions> options_of(const Arguments& arguments) {
  OutboxOptions options;
  if (auto schema = arguments.value("schema")) options.schema = std::move(*schema);
  if (auto role = arguments.value("role")) {
    if (role->empty()) return Error{Side::config, Code::malformed, "--role is empty: a name"};
    options.role = std::move(*role);
  }
  if (const auto keep = arguments.value("keep")) {
    const auto duration = parse_duration(*keep);
    if (!duration) return Error{Side::config, Code::malformed, "--keep: " + duration.error().detail};
    options.keep = *duration;
  }
  options.notify = !arguments.has("no-notify");
  return options;
}

}  // namespace

int postgres_sql_call(const Arguments& arguments) {
  const auto options = options_of(arguments);
  if (!options) return wrong_usage(kName, options.error().detail);
  std::vector<WatchedTable> tables;
  for (const auto& text : arguments.plain()) {
    auto table = parse_watched_table(text);
    if (!table) return wrong_usage(kName, table.error().detail);
    tables.push_back(std::move(*table));
  }
  const auto sql = outbox_sql(tables, *options);
  if (!sql) return wrong_usage(kName, sql.error().detail);
  std::fputs(sql->c_str(), stdout);
  return 0;
}

}  // namespace weir
