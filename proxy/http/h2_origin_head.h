// Heads between weir and an HTTP/2 origin (RFC 9113 §8): a request's as the list of fields that is sent, an answer's
// from the fields that come. The same rules as in HTTP/1 (h1_write.cc, h1_response.cc), so that what passes here can be
// written to any client. No frames, no HPACK.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/arena.h"
#include "proxy/http/h1_codec.h"

namespace weir {

struct H2Field {
  std::string_view name, value;
};

// A request's head, or its trailers. Used for one after the other.
class H2RequestFields {
 public:
  // Pseudo-fields first; what belongs to one connection is left out, but for `te: trailers`. Checks what it writes and
  // refuses with Side::internal.
  Result<void> write_head(const H1RequestLine& line, bool tls, const Fields& fields, Framing framing,
                          std::uint64_t length);
  // From "Name: value\r\n…"; what is no field line is left out.
  void write_trailers(std::string_view lines);

  // Views into what was handed in, and into this.
  const std::vector<H2Field>& list() const { return list_; }

 private:
  void clear();
  void add(std::string_view name, std::string_view value);

  std::vector<H2Field> list_;
  Arena names_;
  std::array<char, 20> length_;
};

// An answer's head or trailers, field by field.
class H2AnswerFields {
 public:
  explicit H2AnswerFields(const H1Limits& limits) : limits_(limits) {}

  void begin(bool trailers);
  // Each as HPACK gives it. False: error() says why.
  bool add(std::string_view name, std::string_view value);
  // All are there. `ends`: nothing follows. Views hold until begin().
  ResponseHead* finish_head(Method request, bool ends);  // null: error()
  const Fields& finish_trailers();                       // without what means something only in a head
  // The head that was finished, and the memory that its views point into, for something of the same kind.
  void give(ResponseHead& head, Arena& bytes) {
    std::swap(head, head_);
    std::swap(bytes, bytes_);
  }
  const Error& error() const { return error_; }

 private:
  bool refuse(Code code, std::string_view detail);
  bool add_status(std::string_view value);
  bool judge_length();

  const H1Limits& limits_;
  ResponseHead head_;
  Arena bytes_;
  std::size_t size_ = 0, most_ = 0;  // as SETTINGS_MAX_HEADER_LIST_SIZE counts it
  Error error_;
};

}  // namespace weir
