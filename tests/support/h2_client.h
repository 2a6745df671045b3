// For tests: an HTTP/2 client on a socket that asks one thing at a time and waits for its answer.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "tests/support/catch.h"
#include "tests/support/h2_write.h"

namespace weir::test {

struct H2Answer {
  H2Fields head;
  std::string body;
  std::string value(std::string_view name) const {
    for (const auto& [key, value] : head) {
      if (key == name) return value;
    }
    return {};
  }
};

class H2Client {
 public:
  // `fd`: connected, with a receive timeout; stays the caller's.
  explicit H2Client(int fd) : fd_(fd) { send(H2Bytes{}.bytes); }

  H2Answer ask(const H2Fields& fields) {
    const std::uint32_t stream = std::exchange(next_, next_ + 2);
    const auto block = h2_block(fields);
    send(h2_frame(H2Type::headers, h2_flag::kEndHeaders | h2_flag::kEndStream, stream, block));
    H2Answer answer;
    for (;;) {
      const auto [header, payload] = receive();
      if (header.type == H2Type::goaway || header.type == H2Type::rst_stream) FAIL("refused");
      if (header.type == H2Type::headers) {
        REQUIRE(hpack_.decode(payload, [&](auto name, auto value) { answer.head.emplace_back(name, value); }));
      } else if (header.type == H2Type::data) {
        answer.body += payload;
        send(h2_frame(H2Type::window_update, 0, 0, h2_number(header.length)));
      }
      if (header.stream == stream && header.has(h2_flag::kEndStream)) return answer;
    }
  }

 private:
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      REQUIRE(sent > 0);
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  std::string_view at_least(std::size_t bytes) {
    char buffer[16 * 1024];
    while (got_.size() < bytes) {
      const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
      REQUIRE(n > 0);
      got_.append(buffer, static_cast<std::size_t>(n));
    }
    return got_;
  }

  std::pair<H2FrameHeader, std::string> receive() {
    const H2FrameHeader header = read_h2_frame_header(at_least(kH2FrameHeader).data());
    std::string payload(at_least(kH2FrameHeader + header.length).substr(kH2FrameHeader, header.length));
    got_.erase(0, kH2FrameHeader + header.length);
    return {header, std::move(payload)};
  }

  int fd_;
  std::uint32_t next_ = 1;
  HpackDecoder hpack_;
  std::string got_;
};

}  // namespace weir::test
