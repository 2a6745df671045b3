// HPACK (RFC 7541). Decoding is nghttp2's. Here are the words of encoding; whole heads, and what a client's table knows
// of them, are hpack_table.h's. No Huffman code: it would cost more time than the bytes are worth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/http/headers.h"

struct nghttp2_hd_inflater;

namespace weir {

// The field blocks that come over one connection, in their order. Each must be decoded, wanted or not.
class HpackDecoder {
 public:
  HpackDecoder();
  ~HpackDecoder();
  HpackDecoder(const HpackDecoder&) = delete;

  void restart();  // another connection

  // The next whole block: each(name, value) for each field, good until it returns. False: it can't be understood, and
  // nothing after it can.
  template <class Each>
  [[nodiscard]] bool decode(std::string_view block, Each each) {
    Reading reading{block, false};
    Pair field;
    while (step(reading, field)) each(field.name, field.value);
    return reading.whole;
  }

 private:
  struct Reading {
    std::string_view left;
    bool whole;
  };
  struct Pair {
    std::string_view name, value;
  };
  bool step(Reading& reading, Pair& field);

  nghttp2_hd_inflater* inflater_ = nullptr;
};

// At the beginning of a block: the table has no room from here on, and so is empty.
inline constexpr char kHpackNoTable = 0x20;

// The index of the latest entry of the other side's table, and what an entry takes of its room beside name and value.
inline constexpr std::size_t kHpackLatest = 62;
inline constexpr std::size_t kHpackEntryOverhead = 32;

// Appends one field. The name in any case: it is written in lower case. Names and values hold what HTTP allows.
// `enters`: it becomes the latest entry of the other side's table.
void append_hpack_field(std::string& out, Name id, std::string_view name, std::string_view value, bool enters = false);
void append_hpack_status(std::string& out, int status);
void append_hpack_indexed(std::string& out, std::size_t index);                        // an entry as it is
void append_hpack_named(std::string& out, std::size_t index, std::string_view value);  // the name of an entry

// Entries as they are, one after the other, from `index` downwards: in the order in which they entered. `count` <=
// `index`.
void append_hpack_run(std::string& out, std::size_t index, std::size_t count);

// What tells one user from another: it stays out of every table on the way, so that nobody learns of it by sizes.
bool is_hpack_secret(Name id);

struct HpackLine {
  Name id;
  std::string_view name, value;
};
// The next of `lines` that is a field of HTTP/2, and takes it off; false: there is none. See append_hpack_lines().
bool next_hpack_line(std::string_view& lines, HpackLine& line);

// The fields of ready HTTP/1.1 lines, each with CR LF, without what is the connection's: Connection, Keep-Alive,
// Transfer-Encoding and the like. A first line that is a status line is left out.
void append_hpack_lines(std::string& out, std::string_view lines);

}  // namespace weir
