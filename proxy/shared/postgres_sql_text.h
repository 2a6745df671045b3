// The text of the SQL that postgres_sql.cc fills in: @name@ stands for something quoted already. Written for the
// operator who reads it before it is run.
#pragma once

#include <string_view>

namespace weir {

inline constexpr std::string_view kSharedText =
    R"sql(-- Made by `weir postgres-sql`: writes down, in the transaction of whoever changes a row, which of weir's copies the
-- change makes invalid. Run it as the owner of the tables; it may be run again, and replaces what it made before.
--   psql "$DATABASE_URL" -f this-file
-- All of it is taken away again, triggers included, by: DROP SCHEMA @says@ CASCADE;
BEGIN;
SET LOCAL client_min_messages = warning;
-- Triggers need a short lock on their table: rather fail than let the whole application queue up behind us.
SET LOCAL lock_timeout = '10s';

DO $weir$ BEGIN
  IF current_setting('server_version_num')::int < 140000 THEN
    RAISE EXCEPTION 'weir needs PostgreSQL 14 or later, this is %', current_setting('server_version');
  END IF;
END $weir$;

CREATE SCHEMA IF NOT EXISTS @schema@;

-- The outbox: a row for each tag that a transaction made invalid, once. `xid` is the writing transaction: transactions
-- don't commit in the order of their numbers, and by this one a reader tells exactly which of them it has not seen.
CREATE TABLE IF NOT EXISTS @schema@.outbox (
  xid    xid8        NOT NULL DEFAULT pg_current_xact_id(),
  digest bytea       NOT NULL CHECK (length(digest) = 32),   -- of the value, which may be too long for an index
  kind   text        NOT NULL CHECK (kind IN ('tag', 'all')),
  value  text        NOT NULL,                               -- the tag; empty for `all`
  at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (xid, digest)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Who has read how far: all that is visible in `position` is done. Nothing is removed from the outbox that a reader still
-- needs, unless it has been away for longer than `keeps` (default @keep@): then its row goes instead, and once
-- it is back it has to drop all it keeps.
CREATE TABLE IF NOT EXISTS @schema@.readers (
  name     text        PRIMARY KEY,
  position pg_snapshot NOT NULL,
  history  text        NOT NULL,                             -- of which database this is a position: see history()
  keeps    interval,
  seen     timestamptz NOT NULL DEFAULT clock_timestamp(),
  node     text        NOT NULL DEFAULT ''                   -- which weir wrote this, for people
) WITH (fillfactor = 50);

-- Writes tags down (NULL: everything is invalid) and returns how many were new in this transaction. The application may
-- call it, too, where it is granted that: SELECT @says@.invalidate(ARRAY['video:42']);
CREATE OR REPLACE FUNCTION @schema@.invalidate(tags text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS @invalidate@;

-- Removes rows that no reader needs any more, at most so many at a time; weir calls it once a minute.
CREATE OR REPLACE FUNCTION @schema@.clean(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS @clean@;

-- Names the line of transactions that this database is on: another one after a failover, a restore, a new outbox. What was
-- read on one says nothing about another.
CREATE OR REPLACE FUNCTION @schema@.history() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS @history@;
)sql";

inline constexpr std::string_view kInvalidateBody = R"sql(
DECLARE
  added bigint;
BEGIN
  IF tags IS NULL THEN
    INSERT INTO @schema@.outbox (digest, kind, value) VALUES (sha256(''), 'all', '') ON CONFLICT DO NOTHING;
  ELSE
    -- A tag with a column that is null is null, and means nothing; one longer than any URL can't be that of a copy.
    INSERT INTO @schema@.outbox (digest, kind, value)
    SELECT sha256(convert_to(tag, getdatabaseencoding())), 'tag', tag
    FROM unnest(tags) AS tag WHERE tag <> '' AND octet_length(tag) <= 49152
    ON CONFLICT DO NOTHING;
  END IF;
  GET DIAGNOSTICS added = ROW_COUNT;
@notify@  RETURN added;
END
)sql";

inline constexpr std::string_view kNotify =
    "  IF added > 0 THEN\n"
    "    PERFORM pg_notify(@channel@, '');  -- sent at the commit, once, whatever was written\n"
    "  END IF;\n";
inline constexpr std::string_view kNoNotify = "  -- Nobody is notified: readers look once a second.\n";

inline constexpr std::string_view kCleanBody = R"sql(
DECLARE
  gone bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('clean ' || @outbox@, 0)) THEN
    RETURN 0;  -- another one is at it
  END IF;
  DELETE FROM @schema@.readers WHERE seen < clock_timestamp() - least(keeps, @keep_interval@);
  -- One statement, so one view of both tables: a reader that is just coming loses nothing.
  DELETE FROM @schema@.outbox WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM @schema@.outbox
    WHERE xid < (SELECT pg_snapshot_xmin(position) FROM @schema@.readers ORDER BY 1 LIMIT 1)
       OR NOT EXISTS (SELECT FROM @schema@.readers)
    ORDER BY xid LIMIT most));
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END
)sql";

inline constexpr std::string_view kHistoryBody = R"sql(
  SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
                   substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),  -- the timeline
                   @outbox@::regclass::oid)
)sql";

inline constexpr std::string_view kTableStart = "\n-- @says@ makes invalid: @tags@\n";
inline constexpr std::string_view kTableStartWithColumns =
    "\n-- @says@ makes invalid: @tags@\n"
    "DO @check@;  -- these columns are there\n";

inline constexpr std::string_view kCheckBody = " BEGIN PERFORM @columns@ FROM @table@ LIMIT 0; END ";

inline constexpr std::string_view kTableText = R"sql(CREATE OR REPLACE FUNCTION @function@() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS @body@;
REVOKE ALL ON FUNCTION @function@() FROM PUBLIC;
CREATE OR REPLACE TRIGGER @on_rows@ AFTER INSERT OR DELETE ON @table@
  FOR EACH ROW EXECUTE FUNCTION @function@();
-- What an UPDATE leaves as it was, byte for byte, makes nothing invalid.
CREATE OR REPLACE TRIGGER @on_update@ AFTER UPDATE ON @table@
  FOR EACH ROW WHEN (OLD OPERATOR(pg_catalog.*<>) NEW) EXECUTE FUNCTION @function@();
CREATE OR REPLACE TRIGGER @on_truncate@ AFTER TRUNCATE ON @table@
  FOR EACH STATEMENT EXECUTE FUNCTION @function@();
-- Also for changes that come by logical replication.
ALTER TABLE @table@ ENABLE ALWAYS TRIGGER @on_rows@;
ALTER TABLE @table@ ENABLE ALWAYS TRIGGER @on_update@;
ALTER TABLE @table@ ENABLE ALWAYS TRIGGER @on_truncate@;
)sql";

inline constexpr std::string_view kTableBody = R"sql(
DECLARE
  tags text[] := '{}';
  why  text;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    -- Nobody says which rows there were: tags with columns can't be named, and then everything is invalid (NULL).
    PERFORM @schema@.invalidate(@truncated@);
    RETURN NULL;
  END IF;
  BEGIN
    IF TG_OP <> 'INSERT' THEN tags := @old@; END IF;
    IF TG_OP <> 'DELETE' THEN tags := tags || @new@; END IF;
  EXCEPTION WHEN OTHERS THEN
    -- A column was renamed or dropped since. The application must not suffer for it: everything is invalid instead.
    tags := NULL;
    why := SQLERRM;
  END;
  IF @schema@.invalidate(tags) > 0 AND why IS NOT NULL THEN
    RAISE WARNING 'weir can''t tell which tags this change makes invalid: run `weir postgres-sql` anew (%)', why;
  END IF;
  RETURN NULL;
END
)sql";

inline constexpr std::string_view kGrants = R"sql(
-- Who listens: reads the outbox, keeps its own position, cleans up.
REVOKE ALL ON FUNCTION @schema@.invalidate(text[]), @schema@.clean(integer), @schema@.history() FROM PUBLIC;
GRANT USAGE ON SCHEMA @schema@ TO @role@;
GRANT SELECT ON @schema@.outbox TO @role@;
GRANT SELECT, INSERT, UPDATE ON @schema@.readers TO @role@;
GRANT EXECUTE ON FUNCTION @schema@.clean(integer), @schema@.history() TO @role@;
COMMIT;
)sql";

inline constexpr std::string_view kNoGrants = R"sql(
-- Only the owner may listen. For another role: CREATE ROLE weir LOGIN PASSWORD '…'; and `weir postgres-sql --role weir …`
REVOKE ALL ON FUNCTION @schema@.invalidate(text[]), @schema@.clean(integer), @schema@.history() FROM PUBLIC;
COMMIT;
)sql";

}  // namespace weir
