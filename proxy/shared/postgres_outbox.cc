// Statements and rows of the outbox; see postgres_outbox.h.
#include "proxy/shared/postgres_outbox.h"

#include <array>
#include <charconv>

#include "proxy/base/text.h"
#include "proxy/shared/postgres_sql.h"

namespace weir {
namespace {

std::string with_schema(std::string_view text, const std::string& schema) {
  std::string out;
  for (;;) {
    const auto found = text.find('@');
    out.append(text.substr(0, found));
    if (found == std::string_view::npos) return out;
    out.append(schema);
    text.remove_prefix(found + 1);
  }
}

// Two index scans: transactions that were open at the position, one by one, and those that began since. Rows of others
// are never looked at, however long a transaction stays open: so each scan has one lower bound, from which it starts.
// Always one row at least, for the target. Whoever cleans away rows that a reader needs, removes the reader in the same
// transaction: so one look at both tells that nothing is missing.
constexpr std::string_view kRead = R"sql(
WITH asked AS MATERIALIZED (
  SELECT $1::pg_snapshot AS since, coalesce($2::pg_snapshot, pg_current_snapshot()) AS target,
         $3::xid8 AS after_xid, decode($4, 'hex') AS after_digest, $5::bigint AS most,
         EXISTS (SELECT FROM @.readers WHERE name = $6) AS known
), round AS MATERIALIZED (
  SELECT *, CASE WHEN after_xid < pg_snapshot_xmax(since) THEN pg_snapshot_xmax(since) ELSE after_xid END AS from_xid,
         CASE WHEN after_xid < pg_snapshot_xmax(since) THEN '' ELSE after_digest END AS from_digest
  FROM asked
)
SELECT round.target::text, round.known, o.xid::text, encode(o.digest, 'hex'), o.kind, o.value,
       (extract(epoch FROM clock_timestamp() - o.at) * 1000)::bigint
FROM round LEFT JOIN LATERAL (
  (SELECT late.* FROM pg_snapshot_xip(round.since) AS open,
     LATERAL (SELECT * FROM @.outbox
              WHERE xid = open AND digest > CASE WHEN open = round.after_xid THEN round.after_digest ELSE '' END
              ORDER BY digest LIMIT round.most) AS late
   WHERE open >= round.after_xid AND pg_visible_in_snapshot(open, round.target))
  UNION ALL
  (SELECT * FROM @.outbox
   WHERE (xid, digest) > (round.from_xid, round.from_digest) AND xid < pg_snapshot_xmax(round.target)
     AND pg_visible_in_snapshot(xid, round.target)
   ORDER BY xid, digest LIMIT round.most)
  ORDER BY xid, digest LIMIT round.most
) AS o ON true
ORDER BY o.xid, o.digest)sql";

// Takes part before it knows its position, so that nothing is cleaned away from now on. Its history stays empty until
// what it may have missed is dealt with: who finds that begins anew.
constexpr std::string_view kJoin = R"sql(
INSERT INTO @.readers AS r (name, position, history, keeps, node)
VALUES ($1, pg_current_snapshot(), '', make_interval(secs => $2::float8), $3)
ON CONFLICT (name) DO UPDATE
SET position = excluded.position, history = '', keeps = excluded.keeps, node = excluded.node, seen = clock_timestamp())sql";

constexpr std::string_view kFind = R"sql(
SELECT h.now, r.position::text, r.history = h.now
FROM (SELECT @.history() AS now) AS h LEFT JOIN @.readers AS r ON r.name = $1)sql";

constexpr std::string_view kSave =
    "UPDATE @.readers SET position = $2::pg_snapshot, history = $3, node = $4, seen = clock_timestamp() WHERE name = "
    "$1";

// What a path holds as it is (RFC 3986 §3.3 pchar).
bool is_path_letter(char c) {
  constexpr std::string_view kOthers = "-._~!$&'()*+,;=:@";
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kOthers.find(c) != std::string_view::npos;
}

// As one segment of a path, or (`slashes`) as several.
std::string in_path(std::string_view text, bool slashes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_path_letter(c) || (slashes && c == '/')) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append(1, '%').append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
  }
  return out;
}

}  // namespace

Outbox::Outbox(std::string_view schema)
    : channel_(sql_identifier(schema)),
      lock_("SELECT pg_try_advisory_lock(hashtextextended($1, hashtext(" + sql_literal("weir " + std::string(schema)) +
            ")))"),
      find_(with_schema(kFind, channel_)),
      join_(with_schema(kJoin, channel_)),
      here_("SELECT pg_current_snapshot()::text"),
      read_(with_schema(kRead, channel_)),
      save_(with_schema(kSave, channel_)),
      clean_(with_schema("SELECT @.clean($1::int)", channel_)) {}

std::string Outbox::set_up(Duration answer_timeout) const {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(answer_timeout).count();
  // A position is saved for good, crash or not: what it says was seen must not be undone, nor its transaction ids be
  // given out again. But no other server has to agree: a failover is another history. The server ends sessions whose
  // machine went silent, and with them their lock; it is told to find out soon. Values come as UTF-8, but for databases
  // that don't say what they hold.
  return "SET default_transaction_read_only = off; SET default_transaction_isolation = 'read committed';"
         "SET search_path = pg_catalog; SET synchronous_commit = local; SET jit = off; SET enable_seqscan = off;"
         "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;"
         "SET statement_timeout = " +
         std::to_string(ms) +
         "; SELECT set_config('client_encoding', CASE current_setting('server_encoding') WHEN 'SQL_ASCII' THEN "
         "'SQL_ASCII' "
         "ELSE 'UTF8' END, false);"
         "LISTEN " +
         channel_;
}

PostgresConnection::Parameters Outbox::parameters(const std::string& name, const std::string& position,
                                                  const std::string& target, const OutboxPlace& after,
                                                  std::size_t limit) {
  return {
      position, target.empty() ? std::nullopt : std::optional(target), after.xid, after.digest, std::to_string(limit),
      name};
}

OutboxPage Outbox::page(const PostgresRows& rows) {
  enum Column : int { target, known, xid, digest, kind, value, age };
  OutboxPage page;
  page.target = rows.text(0, target);
  page.known = rows.yes(0, known);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows.is_null(i, xid)) continue;  // the one row of an empty page
    ++page.rows;
    page.end = {std::string(rows.text(i, xid)), std::string(rows.text(i, digest))};
    const std::chrono::milliseconds ms(parse_number(rows.text(i, age)).value_or(0));  // a clock that was set back: none
    page.oldest = std::max(page.oldest, Duration(ms));
    if (rows.text(i, kind) == "tag") {
      add_tag_records(page.records, rows.text(i, value));
    } else {
      page.records.emplace_back();  // all; and what a later version may write covers no more
    }
  }
  return page;
}

void add_tag_records(std::vector<InvalidationRecord>& records, std::string_view tag) {
  using Kind = InvalidationRecord::Kind;
  records.push_back({Kind::tag, std::string(tag), false, {}});
  std::string segment = in_path(tag, false);
  if (segment == tag) return;
  std::string segments = in_path(tag, true);
  if (segments != tag && segments != segment) records.push_back({Kind::tag, std::move(segments), false, {}});
  records.push_back({Kind::tag, std::move(segment), false, {}});
}

}  // namespace weir
