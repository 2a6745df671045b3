// The outbox as its reader sees it: the statements, and rows into records. The other end is postgres_sql.h. No I/O.
//
// How nothing is missed. Transactions don't commit in the order of their ids, and a long one may commit an old id at
// any time: neither "the highest id so far" nor "all below the oldest open one" will do. So a position is a snapshot,
// in PostgreSQL's own form xmin:xmax:open,…: exactly the transactions that were visible when it was taken. What is new
// is what is visible now and wasn't then: of a transaction that was open then, or of one that began since. Such rows
// are applied as soon as they are visible, whatever else is open; what has to be remembered is one number for each
// transaction open then.
//
// A round fixes its target, a snapshot, in its first statement, then reads in pages what lies between position and
// target; when all is acknowledged, the target is the new position. No transaction stays open meanwhile: rows that are
// visible in a snapshot stay so.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/units.h"
#include "proxy/cache/invalidation.h"
#include "proxy/shared/postgres_connection.h"

namespace weir {

// Where a page ended.
struct OutboxPlace {
  std::string xid = "0";  // of the last row
  std::string digest;     // in hexadecimal digits
};

struct OutboxPage {
  std::string target;  // the snapshot that the round reads up to
  bool known = false;  // the reader is; else rows may have been cleaned away before it read them
  std::vector<InvalidationRecord> records;
  std::size_t rows = 0;  // fewer than asked for: the round's last page
  OutboxPlace end;       // where rows > 0
  Duration oldest{};     // how long before the page was read its oldest row was written, by the server's clock
};

class Outbox {
 public:
  explicit Outbox(std::string_view schema);

  std::string set_up(Duration answer_timeout) const;  // a script: the session's settings, and LISTEN
  const std::string& lock() const { return lock_; }   // $1 the reader's name. Column 0: is it ours?
  const std::string& find() const {
    return find_;
  }  // $1 name. Columns: history(), position or null, is it of this history?
  const std::string& join() const { return join_; }    // $1 name, $2 seconds to keep for or null, $3 node
  const std::string& here() const { return here_; }    // Column 0: the snapshot
  const std::string& read() const { return read_; }    // see parameters()
  const std::string& save() const { return save_; }    // $1 name, $2 position, $3 history, $4 node
  const std::string& clean() const { return clean_; }  // $1 how many at most. Column 0: how many

  // Of read(). An empty target is taken to be now.
  static PostgresConnection::Parameters parameters(const std::string& name, const std::string& position,
                                                   const std::string& target, const OutboxPlace& after,
                                                   std::size_t limit);
  static OutboxPage page(const PostgresRows& rows);

 private:
  std::string channel_, lock_, find_, join_, here_, read_, save_, clean_;
};

// A tag as a record; and as others in the forms in which a path has it, where they differ: routes make tags of what
// stands there. Letters that a URL may hold as they are or encoded (`!$&'()*+,;=:@`) are taken as they are.
void add_tag_records(std::vector<InvalidationRecord>& records, std::string_view tag);

}  // namespace weir
