// Heads of requests that came over this connection before, in the same bytes. What a block of fields means hangs on
// nothing but HPACK's table (RFC 7541 §2.3). So where a block leaves the table as it is, and nothing has changed it
// since the block was last read, it means the same again: neither HPACK nor a rule need be asked. Clients that ask for
// the same things over and over send such blocks: other services, an edge in front of weir, a page that polls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/arena.h"
#include "proxy/http/h1_lines.h"
#include "proxy/http/message.h"

namespace weir {

class H2KnownHeads {
 public:
  void clear();  // another connection, or one at rest: gives its memory back

  // The head of a request whose block was kept, its text in `arena`, which is reset; false: it must be read.
  // `ends`: no content follows. A head that was kept under other limits isn't found.
  bool find(std::string_view block, bool ends, const H1Limits& limits, RequestHead& head, Arena& arena) const;

  // To be told of every block that HPACK reads, in their order.
  void has_read(std::string_view block);
  // What came of a block that was read just now, and is within the rules. Kept where it came a second time.
  void keep(std::string_view block, bool ends, const H1Limits& limits, const RequestHead& head);

 private:
  static constexpr std::size_t kMost = 8;  // heads
  static constexpr std::size_t kLongestBlock = 256;
  static constexpr std::size_t kMostText = 1024;  // of one head: a byte of a block can stand for very many
  static constexpr std::size_t kMostFields = 24;

  struct Known {
    std::string block;
    std::uint64_t table = 0;  // which state of the table it was read with
    bool ends = false;
    bool whole = false;  // head, fields and text are there: it came twice
    H1Limits limits;
    RequestHead head;  // without its fields; views into `text`
    std::vector<Field> fields;
    std::string text;
  };

  static bool pack(Known& known, const RequestHead& head);

  std::vector<Known> heads_;  // by hash; none before the first
  std::uint64_t table_ = 1;   // counts its changes
};

// Whether a block that HPACK could read has changed the table: has a literal that enters it, or a new size (§6.2.1,
// §6.3).
bool changes_hpack_table(std::string_view block) noexcept;

}  // namespace weir
