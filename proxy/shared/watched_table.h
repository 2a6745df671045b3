// WatchedTable: what `weir postgres-sql TABLE:TAG[,TAG…]` says of one table: which tags a change of a row makes
// invalid.
//
//   videos:video:{id},trending       shop."Order Lines":order:{order_id}
//
// Names are read as SQL reads them: bare ones in small letters, others in double quotes. `{column}` in a tag stands for
// the row's value; `{{` and `}}` are braces. Pure: nothing is asked of a database.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"

namespace weir {

struct WatchedTable {
  struct Piece {
    bool is_column = false;
    std::string text;  // a column's name, or letters as they are
    friend bool operator==(const Piece&, const Piece&) = default;
  };
  using Tag = std::vector<Piece>;

  std::string schema = "public";
  std::string name;
  std::vector<Tag> tags;  // without repeats, at least one

  std::vector<std::string> columns() const;  // that tags name, without repeats
};

// The error says what would be right.
Result<WatchedTable> parse_watched_table(std::string_view text);

}  // namespace weir
