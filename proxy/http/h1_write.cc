// The writing half of the HTTP/1.1 codec (RFC 9112): heads and chunk framing, made anew and never copied from what
// came in. The last gate against request splitting: what would break the grammar is refused here whoever made it.
#include <algorithm>
#include <array>
#include <charconv>

#include "proxy/http/grammar.h"
#include "proxy/http/h1_codec.h"
#include "proxy/http/upgrade.h"
#include "proxy/http/written_request.h"

namespace weir {
namespace {

bool is_framing(Name id) noexcept {
  return id == Name::content_length || id == Name::transfer_encoding || id == Name::connection || id == Name::host;
}

void append_number(std::string& out, std::uint64_t n, int base = 10) {
  std::array<char, 20> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), n, base).ptr);
}

// All but framing fields. On an error `out` is as it was at `begin`.
Result<void> append_fields(std::string& out, std::size_t begin, const Fields& fields) {
  const std::size_t start = out.size();
  std::size_t size = start;
  for (const Field& field : fields) {
    if (is_framing(field.id)) continue;
    const bool is_name = field.id != Name::other || is_token(field.name);
    if (!is_name || !is_field_value(field.value)) {
      out.resize(begin);
      return unwritable(field.name);
    }
    size += field.name.size() + field.value.size() + 4;
  }
  out.resize(size);
  char* at = out.data() + start;
  const auto put = [&at](std::string_view text) { at = std::copy(text.begin(), text.end(), at); };
  for (const Field& field : fields) {
    if (is_framing(field.id)) continue;
    put(field.name);
    put(": ");
    put(field.value);
    put("\r\n");
  }
  return {};
}

}  // namespace

Result<void> write_h1_request(std::string& out, const H1RequestLine& line, const Fields& fields, Framing framing,
                              std::uint64_t content_length) {
  if (auto fine = may_write(line, framing); !fine) return fine;
  if (!line.upgrade.empty() && (framing != Framing::none || !is_upgrade_protocol(line.upgrade)))
    return unwritable("an upgrade");
  const std::size_t begin = out.size();
  out.append(line.method).append(" ").append(line.target).append(" HTTP/1.1\r\nHost: ");
  out.append(line.authority).append("\r\n");
  if (auto written = append_fields(out, begin, fields); !written) return written;
  if (framing == Framing::chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (says_length(line.method, framing)) {
    out.append("Content-Length: ");
    append_number(out, framing == Framing::length ? content_length : 0);
    out.append("\r\n");
  }
  if (fields.has(Name::te)) out.append("Connection: TE\r\n");  // it is for who reads it, and nobody behind
  if (!line.upgrade.empty()) out.append("Connection: Upgrade\r\nUpgrade: ").append(line.upgrade).append("\r\n");
  out.append("\r\n");
  return {};
}

Result<void> write_h1_response_head(std::string& out, int status, std::string_view reason, const Fields& fields) {
  if (status < 100 || status > 599) return unwritable("a status outside 100 to 599");
  if (!is_field_value(reason)) return unwritable("the reason");
  const std::size_t begin = out.size();
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(status));
  out.append(" ").append(reason).append("\r\n");
  return append_fields(out, begin, fields);
}

void write_chunk_header(std::string& out, std::uint64_t bytes) {
  append_number(out, bytes, 16);
  out.append("\r\n");
}

Result<void> write_last_chunk(std::string& out, const Fields& trailers) {
  const std::size_t begin = out.size();
  out.append("0\r\n");
  if (auto written = append_fields(out, begin, trailers); !written) return written;
  out.append("\r\n");
  return {};
}

}  // namespace weir
