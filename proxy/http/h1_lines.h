// What the HTTP/1 parsers of both directions share below the level of messages: limits, the cutting of a head into
// lines, one field line, and the facts that fields tell about framing and connection. No state but HeadLines'.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/http/headers.h"

namespace weir {

struct H1Limits {
  std::size_t head = 32 * 1024;  // start line and fields
  std::size_t line = 8 * 1024;   // the request line, and each field line
  std::size_t fields = 100;
  std::size_t trailers = 8 * 1024;
  std::size_t chunk_extension = 256;        // bytes a chunk
  std::size_t chunk_extensions = 8 * 1024;  // bytes a message

  bool operator==(const H1Limits&) const = default;
};

// Cuts lines out of a buffer that grows, and looks at each byte once however slowly it comes.
class HeadLines {
 public:
  enum class Found : std::uint8_t { line, partial, bad, too_long };

  void restart() { next_ = seen_ = 0; }
  // The next line, without its CR LF. `bad`: a control byte, a bare CR or a bare LF.
  Found next(std::string_view in, std::size_t longest, std::string_view& line) noexcept;
  std::size_t consumed() const { return next_; }

 private:
  std::size_t next_ = 0;  // where the next line begins
  std::size_t seen_ = 0;  // up to here there is no control byte
};

// name ":" OWS value OWS, of a line without control bytes. Nothing where there is no colon, or the name is empty, no
// token, or followed by white space; or where a framing field holds a tab, which not every parser takes for a blank.
std::optional<Field> parse_field_line(std::string_view line) noexcept;

// What must be known of a head's fields before its body can be cut out.
struct HeadFacts {
  std::string_view host, length, coding, expect;  // the last line of each
  int hosts = 0, lengths = 0, codings = 0, expects = 0;
  bool close = false;            // Connection: close
  bool keep_alive = false;       // Connection: keep-alive
  bool upgrade = false;          // Connection: upgrade
  bool names_protected = false;  // Connection names a field that no connection may take away from a request
  bool bad_connection = false;   // Connection holds more than tokens, or more of them than anybody needs
};
HeadFacts facts_of(const Fields& fields) noexcept;

// `Transfer-Encoding`: exactly one coding, and that is chunked.
bool is_chunked(std::string_view coding) noexcept;

}  // namespace weir
