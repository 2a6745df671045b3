// For tests and fuzz targets: runs the HTTP/1 parsers over bytes that arrive in pieces, and keeps what came out as
// plain values, so that two runs can be compared. Buffers can be moved between calls, as a connection's may be.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/http/h1_codec.h"

namespace weir::test {

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline Pairs pairs_of(const Fields& fields) {
  Pairs pairs;
  for (const Field& f : fields) pairs.emplace_back(f.name, f.value);
  return pairs;
}

inline Fields fields_of(const Pairs& pairs) {
  Fields fields;
  for (const auto& [name, value] : pairs) fields.add(std::string_view(name), std::string_view(value));
  return fields;
}
Fields fields_of(Pairs&&) = delete;  // the fields are views into it

// Of string literals only.
inline Fields literal_fields(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  Fields fields;
  for (const auto& [name, value] : pairs) fields.add(name, value);
  return fields;
}

// One message as it came out of a parser. Both kinds share what the comparing is about.
struct Parsed {
  H1Event last = H1Event::need_more;  // end, error or need_more
  bool has_head = false;
  std::string method, target, path, query, authority, upgrade;  // requests
  bool has_query = false, expect_continue = false;
  int status = 0;  // responses: theirs; requests: of the error
  std::string reason;
  Version version = Version::http11;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  Pairs fields, trailers;
  std::string body;
  std::string error;
  std::size_t consumed = 0;  // of the bytes handed in; after an error it says nothing

  friend bool operator==(const Parsed&, const Parsed&) = default;
};

inline void keep_head(Parsed& out, const RequestHead& head) {
  out.method = head.method_text;
  out.target = head.target;
  out.path = head.path;
  out.query = head.query;
  out.has_query = head.has_query;
  out.authority = head.authority;
  out.expect_continue = head.expect_continue;
  out.upgrade = head.upgrade;
}

inline void keep_head(Parsed& out, const ResponseHead& head) {
  out.status = head.status;
  out.reason = head.reason;
}

// The bytes arrive up to each of `cuts` (ascending) in turn, then all. `moving`: in a new buffer at each call.
template <class Parser>
Parsed parse_one(Parser& parser, std::string_view bytes, std::span<const std::size_t> cuts, bool moving) {
  Parsed out;
  std::size_t next_cut = 0;
  std::size_t available = 0;
  const auto more = [&] {
    if (available == bytes.size()) return false;
    available = next_cut < cuts.size() ? std::min(cuts[next_cut++], bytes.size()) : bytes.size();
    return true;
  };
  (void)more();
  std::string moved;
  for (;;) {
    auto in = bytes.substr(out.consumed, available - out.consumed);
    if (moving) {
      std::string fresh(in);  // made before the old one dies, so that it has another address
      moved.swap(fresh);
      in = moved;
    }
    std::size_t consumed = 0;
    out.last = parser.next(in, consumed);
    out.consumed += consumed;
    if (out.last == H1Event::head) {
      out.has_head = true;
      const auto& head = parser.head();
      keep_head(out, head);
      out.version = head.version;
      out.framing = head.framing;
      out.content_length = head.content_length;
      out.keep_alive = head.keep_alive;
      out.fields = pairs_of(head.fields);
    } else if (out.last == H1Event::body) {
      out.body.append(parser.body());
    } else if (out.last == H1Event::end) {
      out.trailers = pairs_of(parser.trailers());
      return out;
    } else if (out.last == H1Event::error) {
      out.error = parser.error().detail;
      out.consumed = 0;
      return out;
    } else if (!more()) {
      return out;
    }
  }
}

inline Parsed parse_request(std::string_view bytes, std::span<const std::size_t> cuts = {}, bool moving = false,
                            const H1Limits& limits = {}) {
  H1RequestParser parser(limits);
  parser.next_message();
  Parsed out = parse_one(parser, bytes, cuts, moving);
  if (out.last == H1Event::error) out.status = parser.error_status();
  return out;
}

// With `closed`, the connection ends after the bytes.
inline Parsed parse_response(std::string_view bytes, Method request = Method::get, bool closed = false,
                             std::span<const std::size_t> cuts = {}, bool moving = false, const H1Limits& limits = {}) {
  H1ResponseParser parser(limits);
  parser.next_message(request);
  Parsed out = parse_one(parser, bytes, cuts, moving);
  if (closed && out.last == H1Event::need_more) {
    out.last = parser.end_of_stream();
    if (out.last == H1Event::error) out.error = parser.error().detail;
  }
  return out;
}

// 1, 2, 3 … size - 1: byte by byte.
inline std::vector<std::size_t> every_byte(std::string_view bytes) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < bytes.size(); ++i) cuts.push_back(i);
  return cuts;
}

inline std::string path_and_query(const Parsed& request) {
  return request.has_query ? request.path + "?" + request.query : request.path;
}

// The body as it is framed on the wire, in one chunk where it is chunked.
inline Result<void> append_body(std::string& out, const Parsed& message) {
  if (message.framing != Framing::chunked) {
    out.append(message.body);
    return {};
  }
  if (!message.body.empty()) {
    write_chunk_header(out, message.body.size());
    out.append(message.body).append("\r\n");
  }
  return write_last_chunk(out, fields_of(message.trailers));
}

inline Result<std::string> rewrite_request(const Parsed& request) {
  std::string out;
  const std::string target = path_and_query(request);
  auto written = write_h1_request(out, {request.method, target, request.authority}, fields_of(request.fields),
                                  request.framing, request.content_length);
  if (written) written = append_body(out, request);
  if (!written) return std::move(written).error();
  return out;
}

inline bool is_framing_field(Name id) {
  return id == Name::content_length || id == Name::transfer_encoding || id == Name::connection || id == Name::host;
}

// The fields that the serialisers take from those handed in.
inline Pairs without_framing(const Pairs& pairs) {
  Pairs kept;
  for (const auto& pair : pairs) {
    if (!is_framing_field(name_of(pair.first))) kept.push_back(pair);
  }
  return kept;
}

}  // namespace weir::test
