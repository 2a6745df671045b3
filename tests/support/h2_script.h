// For fuzzing: frames of a client from any bytes, so that most of what comes out is whole frames. A record is four
// bytes (type, flags, stream, length) and so many bytes of payload. Bytes that begin with 'R' are what follows it, as
// it is.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "tests/support/h2_write.h"

namespace weir::test {

inline std::string h2_from_script(std::string_view script) {
  if (script.starts_with('R')) return std::string(script.substr(1));
  std::string bytes = H2Bytes{}.bytes;
  while (script.size() >= 4) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(script[i]); };
    const std::size_t length = std::min<std::size_t>(byte(3), script.size() - 4);
    bytes += h2_frame(static_cast<H2Type>(byte(0)), byte(1), byte(2), script.substr(4, length));
    script.remove_prefix(4 + length);
  }
  return bytes;
}

// The other way: a record for each frame of at most 255 bytes.
inline std::string h2_script_of(std::string_view bytes) {
  std::string script;
  bytes.remove_prefix(H2Bytes{}.bytes.size());
  while (bytes.size() >= kH2FrameHeader) {
    const auto header = read_h2_frame_header(bytes.data());
    script.append({static_cast<char>(header.type), static_cast<char>(header.flags), static_cast<char>(header.stream),
                   static_cast<char>(header.length)});
    script.append(bytes.substr(kH2FrameHeader, header.length));
    bytes.remove_prefix(kH2FrameHeader + header.length);
  }
  return script;
}

}  // namespace weir::test
