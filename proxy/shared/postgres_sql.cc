// Writes the SQL of the outbox; see postgres_sql.h. Every name that comes from outside is quoted, every text is a
// literal, and bodies of functions end at a mark that doesn't occur in them.
#include "proxy/shared/postgres_sql.h"

#include <array>
#include <set>
#include <utility>

#include "proxy/base/hash.h"
#include "proxy/base/text.h"
#include "proxy/shared/postgres_sql_text.h"

namespace weir {
namespace {

constexpr std::size_t kLongestName = 63;                   // bytes, PostgreSQL's
constexpr Duration kLeastKeep = std::chrono::minutes(10);  // a reader that lives says so every minute
constexpr Duration kMostKeep = std::chrono::hours(24 * 366);

using Filling = std::pair<std::string_view, std::string>;

Error wrong(std::string detail) {
  return Error{Side::config, Code::malformed, std::move(detail)};
}

// Puts each @name@ in place. What is put there is not looked at again.
std::string fill(std::string_view text, std::span<const Filling> fillings) {
  std::string out;
  while (!text.empty()) {
    const auto begin = text.find('@');
    out.append(text.substr(0, begin));
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const auto end = text.find('@', 1);
    const std::string_view name = end == std::string_view::npos ? std::string_view{} : text.substr(1, end - 1);
    bool found = false;
    for (const auto& [wanted, value] : fillings) {
      if (wanted != name) continue;
      out.append(value);
      found = true;
      break;
    }
    WEIR_CHECK(found);
    text.remove_prefix(end + 1);
  }
  return out;
}

// A body between $weir$ and $weir$, or another mark where that stands in it.
std::string dollar_quoted(const std::string& body) {
  std::string mark = "$weir$";
  for (int n = 1; body.find(mark) != std::string::npos; ++n) mark = "$weir" + std::to_string(n) + "$";
  return mark + body + mark;
}

// A name made of others: cut where PostgreSQL would cut it, and then told apart by its digest.
std::string made_name(std::string_view readable, std::string_view distinct) {
  if (readable.size() <= kLongestName && distinct == readable) return std::string(readable);
  constexpr std::size_t kDigits = 16;
  std::string cut;
  while (!readable.empty()) {
    const auto length = utf8_sequence(readable);
    if (length == 0 || cut.size() + length > kLongestName - kDigits - 1) break;
    cut.append(readable.substr(0, length));
    readable.remove_prefix(length);
  }
  Fingerprint fingerprint;
  fingerprint.add(distinct);
  return cut.append("#").append(hex_of(fingerprint.digest()).data(), kDigits);
}

std::string function_of(const WatchedTable& table) {
  const std::string readable = table.schema + "." + table.name;
  // A dot in a name could make two tables look like one.
  const bool clear = table.schema.find('.') == std::string::npos && table.name.find('.') == std::string::npos;
  return made_name(readable, clear ? readable : sql_identifier(table.schema) + "." + sql_identifier(table.name));
}

std::string trigger_of(const OutboxOptions& options, std::string_view what) {
  const std::string name = options.schema + "_" + std::string(what);
  return sql_identifier(made_name(name, name));
}

// One tag as an expression over the row OLD or NEW; null where one of its columns is.
std::string tag_sql(const WatchedTable::Tag& tag, std::string_view row) {
  std::string out;
  for (const auto& piece : tag) {
    if (!out.empty()) out += " || ";
    if (piece.is_column) {
      out.append(row).append(".").append(sql_identifier(piece.text)).append("::text");
    } else {
      out.append(sql_literal(piece.text));
    }
  }
  return out;
}

std::string tags_sql(const WatchedTable& table, std::string_view row) {
  std::string out;
  for (const auto& tag : table.tags) out += (out.empty() ? "" : ", ") + tag_sql(tag, row);
  return "ARRAY[" + out + "]::text[]";
}

// What covers every row at once: the tags, where no column stands in them; else null, which means everything.
std::string truncate_sql(const WatchedTable& table) {
  return table.columns().empty() ? tags_sql(table, "") : "NULL";
}

// As the operator wrote it, for comments: on one line.
std::string readable(const WatchedTable& table) {
  std::string out;
  for (const auto& tag : table.tags) {
    if (!out.empty()) out += ", ";
    for (const auto& piece : tag) out += piece.is_column ? "{" + piece.text + "}" : piece.text;
  }
  return printable(out);
}

std::string table_sql(const WatchedTable& table, const OutboxOptions& options) {
  const std::string qualified = sql_identifier(table.schema) + "." + sql_identifier(table.name);
  std::string columns;
  for (const auto& column : table.columns()) columns += (columns.empty() ? "" : ", ") + sql_identifier(column);
  std::vector<Filling> fillings{
      {"schema", sql_identifier(options.schema)},
      {"table", qualified},
      {"says", printable(table.schema + "." + table.name)},
      {"tags", readable(table)},
      {"columns", columns},
      {"function", sql_identifier(options.schema) + "." + sql_identifier(function_of(table))},
      {"old", tags_sql(table, "OLD")},
      {"new", tags_sql(table, "NEW")},
      {"truncated", truncate_sql(table)},
      {"on_rows", trigger_of(options, "rows")},
      {"on_update", trigger_of(options, "update")},
      {"on_truncate", trigger_of(options, "truncate")},
  };
  fillings.emplace_back("body", dollar_quoted(fill(kTableBody, fillings)));
  fillings.emplace_back("check", dollar_quoted(fill(kCheckBody, fillings)));
  return fill(columns.empty() ? kTableStart : kTableStartWithColumns, fillings) + fill(kTableText, fillings);
}

std::string shared_sql(const OutboxOptions& options) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options.keep).count();
  const std::string schema = sql_identifier(options.schema);
  std::vector<Filling> fillings{
      {"schema", schema},
      {"says", printable(options.schema)},
      {"channel", sql_literal(options.schema)},
      {"outbox", sql_literal(schema + ".outbox")},
      {"keep", format_duration(options.keep)},
      {"keep_interval", "interval '" + std::to_string(seconds) + " seconds'"},
  };
  fillings.emplace_back("notify", options.notify ? fill(kNotify, fillings) : std::string(kNoNotify));
  for (const auto& [name, body] :
       {std::pair{"invalidate", kInvalidateBody}, std::pair{"clean", kCleanBody}, std::pair{"history", kHistoryBody}}) {
    fillings.emplace_back(name, dollar_quoted(fill(body, fillings)));
  }
  return fill(kSharedText, fillings);
}

std::string wrong_with(std::string_view option, std::string_view name) {
  const std::string is = "--" + std::string(option) + " ";
  if (name.empty()) return is + "is empty: a name";
  if (name.size() > kLongestName) return is + "has more than 63 bytes, which PostgreSQL cuts: a shorter name";
  for (std::string_view left = name; !left.empty(); left.remove_prefix(utf8_sequence(left))) {
    if (utf8_sequence(left) == 0) return is + "is not UTF-8";
  }
  return {};
}

std::string wrong_with(std::span<const WatchedTable> tables, const OutboxOptions& options) {
  if (tables.empty()) return "no table: TABLE:TAG[,TAG…], as in videos:video:{id},trending";
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& table : tables) {
    if (seen.emplace(table.schema, table.name).second) continue;
    return "the table " + printable(table.schema + "." + table.name) +
           " stands twice: name it once, with all its tags, divided by commas";
  }
  if (auto why = wrong_with("schema", options.schema); !why.empty()) return why;
  if (options.schema.starts_with("pg_")) return "--schema must not begin with pg_, which PostgreSQL keeps for itself";
  if (!options.role.empty()) {
    if (auto why = wrong_with("role", options.role); !why.empty()) return why;
  }
  if (options.keep < kLeastKeep || options.keep > kMostKeep) return "--keep must be from 10m to 366d";
  return {};
}

}  // namespace

std::string sql_identifier(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string sql_literal(std::string_view text) {
  // E'' reads backslashes the same way whatever standard_conforming_strings says.
  std::string out = text.find('\\') == std::string_view::npos ? "'" : "E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += c;
    out += c;
  }
  return out + '\'';
}

Result<std::string> outbox_sql(std::span<const WatchedTable> tables, const OutboxOptions& options) {
  if (auto why = wrong_with(tables, options); !why.empty()) return wrong(std::move(why));
  std::string out = shared_sql(options);
  for (const auto& table : tables) out += table_sql(table, options);
  const std::array<Filling, 3> names{Filling{"schema", sql_identifier(options.schema)},
                                     Filling{"role", sql_identifier(options.role)},
                                     Filling{"says", printable(options.role)}};
  out += fill(options.role.empty() ? kNoGrants : kGrants, names);
  return out;
}

}  // namespace weir
