// Headers of the PROXY protocol; see proxy_protocol.h.
#include "proxy/net/proxy_protocol.h"

#include <algorithm>

#include "proxy/base/text.h"

namespace weir {
namespace {

using State = ProxyHeader::State;

constexpr std::string_view kText = "PROXY ";
constexpr std::size_t kMostText = 107;  // of version 1, its CR LF included
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixed = 16;  // of version 2: signature, version and command, family, length

ProxyHeader refused(ProxyRefusal why) {
  return {State::refused, why, 0, std::nullopt};
}
ProxyHeader whole(std::size_t length, std::optional<Ip> client = std::nullopt) {
  return {State::whole, {}, length, client};
}

bool begins_alike(std::string_view a, std::string_view b) {
  const std::size_t both = std::min(a.size(), b.size());
  return a.substr(0, both) == b.substr(0, both);
}

// -- version 1 --

bool is_port(std::string_view text) {
  if (text.size() > 5 || (text.size() > 1 && text.front() == '0')) return false;
  const auto port = parse_number(text);
  return port && *port <= 65535;
}

bool is_of_kind(std::string_view address, bool v6) {
  return Ip::parse(address).has_value() && (address.find(':') != std::string_view::npos) == v6;
}

// "TCP4 192.0.2.1 198.51.100.1 56324 443", between "PROXY " and CR LF.
ProxyHeader read_line(std::string_view line, std::size_t length) {
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return whole(length);
  std::array<std::string_view, 5> words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto space = line.find(' ');
    if ((space == std::string_view::npos) != (i + 1 == words.size())) return refused(ProxyRefusal::malformed);
    words[i] = line.substr(0, space);
    line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  }
  const auto& [family, source, destination, source_port, destination_port] = words;
  const bool v6 = family == "TCP6";
  const bool good = (v6 || family == "TCP4") && is_of_kind(source, v6) && is_of_kind(destination, v6) &&
                    is_port(source_port) && is_port(destination_port);
  return good ? whole(length, Ip::parse(source)) : refused(ProxyRefusal::malformed);
}

ProxyHeader read_text(std::string_view bytes) {
  const auto head = bytes.substr(0, kMostText);
  const auto stop = std::find_if(head.begin(), head.end(), [](char c) { return c < ' ' || c == 0x7f; });
  const auto at = static_cast<std::size_t>(stop - head.begin());
  if (at == head.size()) return at < kMostText ? ProxyHeader{} : refused(ProxyRefusal::too_long);
  if (head[at] != '\r') return refused(ProxyRefusal::malformed);
  if (at + 1 == head.size()) return at + 1 < kMostText ? ProxyHeader{} : refused(ProxyRefusal::too_long);
  if (head[at + 1] != '\n') return refused(ProxyRefusal::malformed);
  return read_line(head.substr(kText.size(), at - kText.size()), at + 2);
}

// -- version 2 --

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}
std::size_t short_at(std::string_view bytes, std::size_t at) {
  return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

constexpr std::array<std::uint32_t, 256> crc32c_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
    table[i] = crc;
  }
  return table;
}

// As if the four bytes at `hole` were zero.
std::uint32_t crc32c(std::string_view bytes, std::size_t hole) {
  static constexpr auto kTable = crc32c_table();
  std::uint32_t crc = 0xffffffff;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned byte = i >= hole && i < hole + 4 ? 0 : byte_at(bytes, i);
    crc = crc >> 8 ^ kTable[(crc ^ byte) & 0xff];
  }
  return ~crc;
}

// What may follow the addresses: a type, a length and a value each, to the header's very end. Only the checksum is
// weir's to look at.
bool good_extras(std::string_view header, std::size_t at) {
  constexpr unsigned kChecksum = 3;
  bool summed = false;
  while (at < header.size()) {
    if (header.size() - at < 3) return false;
    const std::size_t length = short_at(header, at + 1), value = at + 3;
    if (header.size() - value < length) return false;
    if (byte_at(header, at) == kChecksum) {
      if (summed || length != 4) return false;
      summed = true;
      const auto said = static_cast<std::uint32_t>(short_at(header, value) << 16 | short_at(header, value + 2));
      if (crc32c(header, value) != said) return false;
    }
    at = value + length;
  }
  return true;
}

// How many bytes the addresses of a family take, both ends together; none for what TCP has not.
std::optional<std::size_t> address_bytes_of(unsigned family) {
  switch (family) {
    case 0x00: return 0;           // not known
    case 0x11: return 2 * 4 + 4;   // IPv4, then two ports
    case 0x21: return 2 * 16 + 4;  // IPv6
    case 0x31: return 2 * 108;     // unix sockets
    default: return std::nullopt;
  }
}

ProxyHeader read_binary(std::string_view bytes) {
  constexpr unsigned kLocal = 0x20, kProxy = 0x21;  // version 2
  const auto known_bad = [&](std::size_t at, auto good) { return bytes.size() > at && !good(byte_at(bytes, at)); };
  if (known_bad(12, [](unsigned b) { return b == kLocal || b == kProxy; })) return refused(ProxyRefusal::malformed);
  const bool local = bytes.size() > 12 && byte_at(bytes, 12) == kLocal;
  if (!local && known_bad(13, [](unsigned b) { return address_bytes_of(b).has_value(); }))
    return refused(ProxyRefusal::malformed);
  if (bytes.size() < kFixed) return {};
  const std::size_t length = kFixed + short_at(bytes, 14);
  if (length > kMostProxyHeader) return refused(ProxyRefusal::too_long);
  const std::size_t addresses = local ? 0 : *address_bytes_of(byte_at(bytes, 13));
  if (length < kFixed + addresses) return refused(ProxyRefusal::malformed);
  if (bytes.size() < length) return {};
  const auto header = bytes.substr(0, length);
  if (local || addresses == 0) return whole(length);  // what else it says is not for us to read
  if (!good_extras(header, kFixed + addresses)) return refused(ProxyRefusal::malformed);
  switch (byte_at(bytes, 13)) {
    case 0x11: return whole(length, Ip::of(header.substr(kFixed, 4)));
    case 0x21: return whole(length, Ip::of(header.substr(kFixed, 16)));
    default: return whole(length);
  }
}

}  // namespace

ProxyHeader read_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return {};
  const std::string_view beginning = bytes.front() == kText.front() ? kText : kSignature;
  if (!begins_alike(bytes, beginning)) return refused(ProxyRefusal::missing);
  if (bytes.size() < beginning.size()) return {};
  return beginning == kText ? read_text(bytes) : read_binary(bytes);
}

}  // namespace weir
