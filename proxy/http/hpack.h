// HPACK (RFC 7541). Decoding is nghttp2's. Encoding uses the static table and literals, never a table that grows: so a
// block says the same on every connection, can be made once and copied, and no client's fields can be told by the size
// of another's (the reason for "never indexed"). No Huffman code: it would cost more time than the bytes are worth.
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

// The first bytes of the first block of a connection: that weir's table has no room and so never changes, whatever the
// other side's settings say.
inline constexpr char kHpackNoTable = 0x20;

// Appends one field. The name in any case: it is written in lower case. Names and values hold what HTTP allows.
void append_hpack_field(std::string& out, Name id, std::string_view name, std::string_view value);
void append_hpack_status(std::string& out, int status);

// The fields of ready HTTP/1.1 lines, each with CR LF, without what is the connection's: Connection, Keep-Alive,
// Transfer-Encoding and the like. A first line that is a status line is left out.
void append_hpack_lines(std::string& out, std::string_view lines);

}  // namespace weir
