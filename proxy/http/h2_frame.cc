// Frames, byte by byte; see h2_frame.h.
#include "proxy/http/h2_frame.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::size_t kSetting = 6;

std::uint8_t byte(const char* at, std::size_t i) noexcept {
  return static_cast<std::uint8_t>(at[i]);
}

void append_u32(std::string& out, std::uint32_t n) {
  const std::array<char, 4> bytes{static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
                                  static_cast<char>(n)};
  out.append(bytes.data(), bytes.size());
}

void append_header(std::string& out, H2Type type, std::uint8_t flags, std::uint32_t stream, std::size_t length) {
  const auto header = write_h2_frame_header({static_cast<std::uint32_t>(length), type, flags, stream});
  out.append(header.data(), header.size());
}

}  // namespace

std::uint32_t read_u32(const char* at) noexcept {
  return std::uint32_t{byte(at, 0)} << 24 | std::uint32_t{byte(at, 1)} << 16 | std::uint32_t{byte(at, 2)} << 8 |
         byte(at, 3);
}

H2FrameHeader read_h2_frame_header(const char* at) noexcept {
  return {read_u32(at) >> 8, static_cast<H2Type>(byte(at, 3)), byte(at, 4), read_u32(at + 5) & kH2MostStream};
}

std::array<char, kH2FrameHeader> write_h2_frame_header(const H2FrameHeader& header) noexcept {
  const std::uint32_t stream = header.stream;
  return {
      static_cast<char>(header.length >> 16), static_cast<char>(header.length >> 8), static_cast<char>(header.length),
      static_cast<char>(header.type),         static_cast<char>(header.flags),       static_cast<char>(stream >> 24),
      static_cast<char>(stream >> 16),        static_cast<char>(stream >> 8),        static_cast<char>(stream)};
}

std::optional<H2Code> H2Settings::apply(std::string_view payload) noexcept {
  for (std::size_t at = 0; at + kSetting <= payload.size(); at += kSetting) {
    const char* const entry = payload.data() + at;
    const std::uint32_t value = read_u32(entry + 2);
    switch (static_cast<H2Setting>(byte(entry, 0) << 8 | byte(entry, 1))) {
      case H2Setting::enable_push:
      case H2Setting::enable_connect_protocol:
      case H2Setting::no_rfc7540_priorities:
        if (value > 1) return H2Code::protocol_error;
        break;
      case H2Setting::initial_window_size:
        if (value > kH2MostWindow) return H2Code::flow_control_error;
        initial_window = value;
        break;
      case H2Setting::max_frame_size:
        if (value < kH2LeastFrame || value > 0xffffff) return H2Code::protocol_error;
        max_frame = value;
        break;
      case H2Setting::header_table_size: least_table = std::min(least_table, value); break;
      case H2Setting::max_concurrent_streams:
      case H2Setting::max_header_list_size:  // advice: who can't read an answer's head resets its stream
        break;
    }
  }
  return std::nullopt;
}

void append_h2_setting(std::string& payload, H2Setting id, std::uint32_t value) {
  const auto number = static_cast<std::uint16_t>(id);
  payload.push_back(static_cast<char>(number >> 8));
  payload.push_back(static_cast<char>(number));
  append_u32(payload, value);
}

void append_h2_settings(std::string& out, std::string_view payload) {
  append_header(out, H2Type::settings, 0, 0, payload.size());
  out.append(payload);
}

void append_h2_settings_ack(std::string& out) {
  append_header(out, H2Type::settings, h2_flag::kAck, 0, 0);
}

void append_h2_ping(std::string& out, std::string_view opaque, bool ack) {
  append_header(out, H2Type::ping, ack ? h2_flag::kAck : std::uint8_t{0}, 0, opaque.size());
  out.append(opaque);
}

void append_h2_window_update(std::string& out, std::uint32_t stream, std::uint32_t increment) {
  append_header(out, H2Type::window_update, 0, stream, 4);
  append_u32(out, increment);
}

void append_h2_rst_stream(std::string& out, std::uint32_t stream, H2Code code) {
  append_header(out, H2Type::rst_stream, 0, stream, 4);
  append_u32(out, static_cast<std::uint32_t>(code));
}

void append_h2_goaway(std::string& out, std::uint32_t last_stream, H2Code code, std::string_view words) {
  append_header(out, H2Type::goaway, 0, 0, 8 + words.size());
  append_u32(out, last_stream);
  append_u32(out, static_cast<std::uint32_t>(code));
  out.append(words);
}

void append_h2_headers(std::string& out, std::uint32_t stream, std::string_view block, bool ends, std::size_t most) {
  H2Type type = H2Type::headers;
  std::uint8_t flags = ends ? h2_flag::kEndStream : std::uint8_t{0};
  do {
    const auto part = block.substr(0, most);
    block.remove_prefix(part.size());
    if (block.empty()) flags |= h2_flag::kEndHeaders;
    append_header(out, type, flags, stream, part.size());
    out.append(part);
    type = H2Type::continuation;
    flags = 0;
  } while (!block.empty());
}

}  // namespace weir
