// For tests: the bytes of an HTTP/2 client, right or wrong, frame by frame.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/http/h2_frame.h"
#include "proxy/http/hpack.h"

namespace weir::test {

using H2Fields = std::vector<std::pair<std::string, std::string>>;

inline std::string h2_frame(H2Type type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = {}) {
  const auto header = write_h2_frame_header({static_cast<std::uint32_t>(payload.size()), type, flags, stream});
  return std::string(header.data(), header.size()).append(payload);
}

inline std::string h2_number(std::uint32_t n) {
  return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8), static_cast<char>(n)};
}

// As literals, in the case that is given.
inline std::string h2_block(const H2Fields& fields) {
  std::string block;
  for (const auto& [name, value] : fields) {
    block.push_back(0);
    for (const auto& text : {name, value}) {
      if (text.size() < 127) {
        block.push_back(static_cast<char>(text.size()));
      } else {
        block.push_back(127);
        std::size_t n = text.size() - 127;
        for (; n >= 128; n >>= 7) block.push_back(static_cast<char>(0x80 | (n & 0x7f)));
        block.push_back(static_cast<char>(n));
      }
      block.append(text);
    }
  }
  return block;
}

inline H2Fields h2_request(std::string_view method, std::string_view path, const H2Fields& more = {}) {
  H2Fields fields{{":method", std::string(method)},
                  {":scheme", "http"},
                  {":path", std::string(path)},
                  {":authority", "example.com"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

// A connection's bytes in the order of the calls. The first frame is there already.
struct H2Bytes {
  std::string bytes = std::string(kH2Preface) + h2_frame(H2Type::settings, 0, 0);

  H2Bytes& frame(H2Type type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = {}) {
    bytes += h2_frame(type, flags, stream, payload);
    return *this;
  }
  H2Bytes& headers(std::uint32_t stream, const H2Fields& fields, bool ends = true) {
    const auto flags = static_cast<std::uint8_t>(h2_flag::kEndHeaders | (ends ? h2_flag::kEndStream : 0));
    return frame(H2Type::headers, flags, stream, h2_block(fields));
  }
  H2Bytes& data(std::uint32_t stream, std::string_view content, bool ends = false) {
    return frame(H2Type::data, ends ? h2_flag::kEndStream : std::uint8_t{0}, stream, content);
  }
  H2Bytes& settings(std::initializer_list<std::pair<H2Setting, std::uint32_t>> values) {
    std::string payload;
    for (const auto& [id, value] : values) append_h2_setting(payload, id, value);
    return frame(H2Type::settings, 0, 0, payload);
  }
  H2Bytes& ping() { return frame(H2Type::ping, 0, 0, "12345678"); }
  H2Bytes& window(std::uint32_t stream, std::uint32_t increment) {
    return frame(H2Type::window_update, 0, stream, h2_number(increment));
  }
  H2Bytes& reset(std::uint32_t stream, H2Code code = H2Code::cancel) {
    return frame(H2Type::rst_stream, 0, stream, h2_number(static_cast<std::uint32_t>(code)));
  }
};

}  // namespace weir::test
