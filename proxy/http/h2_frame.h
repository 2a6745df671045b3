// The frames of HTTP/2 (RFC 9113 §4, §6, §7; RFC 9218 §7; RFC 8441): their header, their names, the settings, and the
// few that weir writes. No state, no I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

inline constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
inline constexpr std::size_t kH2FrameHeader = 9;
inline constexpr std::size_t kH2LeastFrame = 16 * 1024;  // what everybody takes, and the most that weir takes
inline constexpr std::uint32_t kH2MostWindow = 0x7fffffff;
inline constexpr std::uint32_t kH2MostStream = 0x7fffffff;
inline constexpr std::uint32_t kH2FirstWindow = 65535;  // before anybody says otherwise
inline constexpr std::uint32_t kH2FirstTable = 4096;    // the same of HPACK

enum class H2Type : std::uint8_t {
  data,
  headers,
  priority,
  rst_stream,
  settings,
  push_promise,
  ping,
  goaway,
  window_update,
  continuation,
  priority_update = 0x10,
};

namespace h2_flag {
inline constexpr std::uint8_t kAck = 0x1;
inline constexpr std::uint8_t kEndStream = 0x1;
inline constexpr std::uint8_t kEndHeaders = 0x4;
inline constexpr std::uint8_t kPadded = 0x8;
inline constexpr std::uint8_t kPriority = 0x20;
}  // namespace h2_flag

enum class H2Code : std::uint32_t {
  no_error,
  protocol_error,
  internal_error,
  flow_control_error,
  settings_timeout,
  stream_closed,
  frame_size_error,
  refused_stream,
  cancel,
  compression_error,
  connect_error,
  enhance_your_calm,
  inadequate_security,
  http_1_1_required,
};

struct H2FrameHeader {
  std::uint32_t length = 0;
  H2Type type = H2Type::data;  // or a number that has no name
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;  // without the reserved bit

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

std::uint32_t read_u32(const char* at) noexcept;
// Of nine bytes.
H2FrameHeader read_h2_frame_header(const char* at) noexcept;
std::array<char, kH2FrameHeader> write_h2_frame_header(const H2FrameHeader& header) noexcept;

enum class H2Setting : std::uint16_t {
  header_table_size = 1,
  enable_push,
  max_concurrent_streams,
  initial_window_size,
  max_frame_size,
  max_header_list_size,
  enable_connect_protocol = 8,
  no_rfc7540_priorities,
};

// What the other side said that weir has to keep to.
struct H2Settings {
  std::uint32_t initial_window = kH2FirstWindow;
  std::uint32_t max_frame = kH2LeastFrame;
  std::uint32_t least_table = kH2FirstTable;  // the smallest that was ever said for its HPACK decoder

  // The payload of a SETTINGS frame, in order; what is wrong with it, if anything is.
  std::optional<H2Code> apply(std::string_view payload) noexcept;
};

// Each appends one frame.
void append_h2_setting(std::string& payload, H2Setting id, std::uint32_t value);
void append_h2_settings(std::string& out, std::string_view payload);
void append_h2_settings_ack(std::string& out);
void append_h2_ping(std::string& out, std::string_view opaque, bool ack);
void append_h2_window_update(std::string& out, std::uint32_t stream, std::uint32_t increment);
void append_h2_rst_stream(std::string& out, std::uint32_t stream, H2Code code);
void append_h2_goaway(std::string& out, std::uint32_t last_stream, H2Code code, std::string_view words);
// HEADERS, and CONTINUATION where the block is longer than a frame may be.
void append_h2_headers(std::string& out, std::uint32_t stream, std::string_view block, bool ends,
                       std::size_t most = kH2LeastFrame);

}  // namespace weir
