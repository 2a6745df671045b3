// HPACK, around nghttp2's decoder and as far as weir writes it; see hpack.h.
#include "proxy/http/hpack.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/base/text.h"

namespace weir {
namespace {

constexpr std::uint8_t kStatusName = 8;  // of the static table, as all indexes here (RFC 7541 appendix A)
constexpr std::uint8_t kNeverIndexed = 0x10;
constexpr std::uint8_t kEnters = 0x40;
constexpr std::uint8_t kIndexed = 0x80;
constexpr std::size_t kFieldRoom = 10;  // what a field takes beside its name and its value, at most

// The first entry of the static table that has the name; 0: none has.
constexpr std::uint8_t static_index(Name id) {
  switch (id) {
    case Name::accept_charset: return 15;
    case Name::accept_encoding: return 16;
    case Name::accept_language: return 17;
    case Name::accept_ranges: return 18;
    case Name::accept: return 19;
    case Name::age: return 21;
    case Name::allow: return 22;
    case Name::authorization: return 23;
    case Name::cache_control: return 24;
    case Name::content_disposition: return 25;
    case Name::content_encoding: return 26;
    case Name::content_language: return 27;
    case Name::content_length: return 28;
    case Name::content_location: return 29;
    case Name::content_range: return 30;
    case Name::content_type: return 31;
    case Name::cookie: return 32;
    case Name::date: return 33;
    case Name::etag: return 34;
    case Name::expect: return 35;
    case Name::expires: return 36;
    case Name::host: return 38;
    case Name::if_match: return 39;
    case Name::if_modified_since: return 40;
    case Name::if_none_match: return 41;
    case Name::if_range: return 42;
    case Name::if_unmodified_since: return 43;
    case Name::last_modified: return 44;
    case Name::link: return 45;
    case Name::location: return 46;
    case Name::max_forwards: return 47;
    case Name::proxy_authenticate: return 48;
    case Name::proxy_authorization: return 49;
    case Name::range: return 50;
    case Name::referer: return 51;
    case Name::retry_after: return 53;
    case Name::server: return 54;
    case Name::set_cookie: return 55;
    case Name::user_agent: return 58;
    case Name::vary: return 59;
    case Name::via: return 60;
    case Name::www_authenticate: return 61;
    default: return 0;
  }
}

constexpr bool is_secret(Name id) {
  return id == Name::set_cookie || id == Name::authorization || id == Name::proxy_authorization || id == Name::cookie;
}

// How a field that doesn't enter the table begins, by its name.
struct NameCode {
  std::uint8_t size = 0;
  std::array<char, 2> bytes{};
};
constexpr std::size_t kNames = 256;

constexpr std::array<NameCode, kNames> make_name_codes() {
  std::array<NameCode, kNames> codes;
  for (std::size_t i = 0; i < kNames; ++i) {
    const auto index = static_index(static_cast<Name>(i));
    const std::uint8_t kind = is_secret(static_cast<Name>(i)) ? kNeverIndexed : std::uint8_t{0};
    if (index >= 15) {
      codes[i] = {2, {static_cast<char>(kind | 15), static_cast<char>(index - 15)}};
    } else {
      codes[i] = {1, {static_cast<char>(kind), 0}};  // a name of its own follows
    }
  }
  return codes;
}
constexpr auto kNameCodes = make_name_codes();

// RFC 7541 §5.1, without a prefix in the same byte.
char* put_rest(char* at, std::size_t n) {
  for (; n >= 128; n >>= 7) *at++ = static_cast<char>(0x80 | (n & 0x7f));
  *at++ = static_cast<char>(n);
  return at;
}

// The length of a string that isn't Huffman coded (§5.2).
char* put_length(char* at, std::size_t n) {
  if (n < 127) {
    *at++ = static_cast<char>(n);
    return at;
  }
  *at++ = 127;
  return put_rest(at, n - 127);
}

char* put_text(char* at, std::string_view text) {
  at = put_length(at, text.size());
  return std::copy(text.begin(), text.end(), at);
}

char* put_name(char* at, std::string_view name) {
  at = put_length(at, name.size());
  return std::transform(name.begin(), name.end(), at, to_lower);
}

char* put_field(char* at, Name id, std::string_view name, std::string_view value) {
  const NameCode& code = kNameCodes[static_cast<std::size_t>(id)];
  std::memcpy(at, code.bytes.data(), code.bytes.size());
  at += code.size;
  if (code.size == 1) at = put_name(at, name);
  return put_text(at, value);
}

char* put_entering(char* at, Name id, std::string_view name, std::string_view value) {
  const std::uint8_t index = static_index(id);
  *at++ = static_cast<char>(kEnters | index);
  if (index == 0) at = put_name(at, name);
  return put_text(at, value);
}

// weir's own framing has another word for it, or none (RFC 9113 §8.2.2).
bool is_connections(Name id) {
  return is_hop_by_hop(id) && id != Name::proxy_authenticate && id != Name::proxy_authentication_info &&
         id != Name::trailer;
}

}  // namespace

HpackDecoder::HpackDecoder() {
  restart();
}

HpackDecoder::~HpackDecoder() {
  nghttp2_hd_inflate_del(inflater_);
}

void HpackDecoder::restart() {
  if (inflater_ != nullptr) nghttp2_hd_inflate_del(std::exchange(inflater_, nullptr));
  WEIR_CHECK(nghttp2_hd_inflate_new(&inflater_) == 0);  // else there is no memory
}

bool HpackDecoder::step(Reading& reading, Pair& field) {
  for (;;) {
    nghttp2_nv pair{};
    int flags = 0;
    const auto used = nghttp2_hd_inflate_hd2(
        inflater_, &pair, &flags, reinterpret_cast<const std::uint8_t*>(reading.left.data()), reading.left.size(), 1);
    if (used < 0) return false;
    reading.left.remove_prefix(static_cast<std::size_t>(used));
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      field = {{reinterpret_cast<const char*>(pair.name), pair.namelen},
               {reinterpret_cast<const char*>(pair.value), pair.valuelen}};
      return true;
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
      nghttp2_hd_inflate_end_headers(inflater_);
      reading.whole = true;
      return false;
    }
    if (used == 0 && reading.left.empty()) return false;
  }
}

bool is_hpack_secret(Name id) {
  return is_secret(id);
}

void append_hpack_field(std::string& out, Name id, std::string_view name, std::string_view value, bool enters) {
  const std::size_t begin = out.size();
  out.resize(begin + name.size() + value.size() + kFieldRoom);
  char* const at = out.data() + begin;
  char* const end = enters ? put_entering(at, id, name, value) : put_field(at, id, name, value);
  out.resize(static_cast<std::size_t>(end - out.data()));
}

void append_hpack_indexed(std::string& out, std::size_t index) {
  if (index < 127) return out.push_back(static_cast<char>(kIndexed | index));
  std::array<char, kFieldRoom> code{static_cast<char>(kIndexed | 127)};
  out.append(code.data(), put_rest(code.data() + 1, index - 127));
}

void append_hpack_run(std::string& out, std::size_t index, std::size_t count) {
  if (index >= 127) {
    for (; count > 0; --count) append_hpack_indexed(out, index--);
    return;
  }
  std::array<char, 128> codes;
  for (std::size_t i = 0; i < count; ++i) codes[i] = static_cast<char>(kIndexed | (index - i));
  out.append(codes.data(), count);
}

void append_hpack_named(std::string& out, std::size_t index, std::string_view value) {
  std::array<char, 2 * kFieldRoom> code{15};
  char* const end = put_length(put_rest(code.data() + 1, index - 15), value.size());
  out.append(code.data(), end).append(value);
}

void append_hpack_status(std::string& out, int status) {
  constexpr std::array kKnown{200, 204, 206, 304, 400, 404, 500};
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    if (kKnown[i] == status) return out.push_back(static_cast<char>(0x80 | (kStatusName + i)));
  }
  const std::array<char, 5> literal{kStatusName, 3, static_cast<char>('0' + status / 100),
                                    static_cast<char>('0' + status / 10 % 10), static_cast<char>('0' + status % 10)};
  out.append(literal.data(), literal.size());
}

bool next_hpack_line(std::string_view& lines, HpackLine& line) {
  while (!lines.empty()) {
    const auto end = std::min(lines.find("\r\n"), lines.size());
    const auto text = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 2, lines.size()));
    const auto colon = text.find(':');
    if (text.starts_with("HTTP/") || colon == std::string_view::npos || colon == 0) continue;
    const auto name = text.substr(0, colon);
    const Name id = name_of(name);
    if (is_connections(id)) continue;
    auto value = text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    line = {id, name, value};
    return true;
  }
  return false;
}

void append_hpack_lines(std::string& out, std::string_view lines) {
  const std::size_t begin = out.size();
  out.resize(begin + 2 * lines.size() + kFieldRoom);  // a line has four bytes that a field hasn't
  char* at = out.data() + begin;
  HpackLine line;
  while (next_hpack_line(lines, line)) at = put_field(at, line.id, line.name, line.value);
  out.resize(static_cast<std::size_t>(at - out.data()));
}

}  // namespace weir
