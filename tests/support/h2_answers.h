// Frames as an HTTP/2 origin would write them, right or wrong, and what H2OriginCodec makes of them: for its tests and
// its fuzz target.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/check.h"
#include "proxy/http/h2_origin_codec.h"
#include "proxy/http/origin_limits.h"

namespace weir::test {

enum FrameType : unsigned char { kData, kHeaders, kPriority, kReset, kSettings, kPush, kPing, kGoaway, kWindow, kMore };
constexpr unsigned char kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8;

inline std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

inline std::string frame(unsigned char type, unsigned char flags, std::uint32_t stream, std::string_view payload = {}) {
  std::string out = number(payload.size(), 3);
  out.push_back(static_cast<char>(type));
  out.push_back(static_cast<char>(flags));
  return out.append(number(stream, 4)).append(payload);
}

// Literals without indexing: no state. Names and values below 127 bytes, and longer ones.
inline std::string hpack_text(std::string_view text) {
  std::string out;
  if (text.size() < 127) {
    out.push_back(static_cast<char>(text.size()));
  } else {
    out.push_back(127);
    std::size_t left = text.size() - 127;
    for (; left >= 128; left /= 128) out.push_back(static_cast<char>(128 + left % 128));
    out.push_back(static_cast<char>(left));
  }
  return out.append(text);
}
using Pairs = std::vector<std::pair<std::string, std::string>>;
inline std::string block(const Pairs& fields) {
  std::string out;
  for (const auto& [name, value] : fields) out.append(1, '\0').append(hpack_text(name)).append(hpack_text(value));
  return out;
}
inline std::string headers(std::uint32_t stream, const Pairs& fields, bool end = false) {
  return frame(kHeaders, kEndHeaders | (end ? kEndStream : 0), stream, block(fields));
}
inline std::string data(std::uint32_t stream, std::string_view content, bool end = false) {
  return frame(kData, end ? kEndStream : 0, stream, content);
}
inline std::string settings(const std::vector<std::pair<unsigned, std::uint32_t>>& entries = {}) {
  std::string payload;
  for (const auto& [id, value] : entries) payload.append(number(id, 2)).append(number(value, 4));
  return frame(kSettings, 0, 0, payload);
}

// What came of one stream, as text: a line an event, content together.
class AnswerLog final : public H2Answer {
 public:
  void on_h2_head(ResponseHead& head) override {
    log += std::to_string(head.status) + (head.framing == Framing::length ? " " + std::to_string(head.content_length)
                                          : head.framing == Framing::none ? " none"
                                                                          : "");
    for (const Field& field : head.fields) log.append(" ").append(field.name).append("=").append(field.value);
    log += "\n";
  }
  void on_h2_content(std::string_view bytes) override {
    WEIR_CHECK(!over);
    content += bytes;
    if (codec != nullptr) codec->consumed(id, bytes.size());
  }
  void on_h2_end(const Fields& trailers) override {
    WEIR_CHECK(!std::exchange(over, true));
    log += "[" + content + "] end";
    for (const Field& field : trailers) log.append(" ").append(field.name).append("=").append(field.value);
  }
  void on_h2_lost(Error error, bool unprocessed) override {
    WEIR_CHECK(!std::exchange(over, true));
    log += unprocessed ? "unprocessed" : "lost";
    why = std::move(error.detail);
  }
  void on_h2_sent() override { ++sent; }

  std::string log, content, why;
  H2OriginCodec* codec = nullptr;
  H2OriginCodec::StreamId id = 0;
  bool over = false;
  int sent = 0;
};

// A codec with what it wrote, and a clock that stands until it is turned.
class Talk {
 public:
  AnswerLog& ask(std::string_view method = "GET", std::string_view target = "/", const Fields& fields = {},
                 Framing framing = Framing::none, std::uint64_t length = 0) {
    auto& answer = *answers.emplace_back(std::make_unique<AnswerLog>());
    const auto id = codec.open({method, target, "a.test"}, fields, framing, length, framing != Framing::none,
                               method_of(method), answer);
    WEIR_CHECK(id.ok());
    answer.codec = &codec;
    answer.id = *id;
    write();
    return answer;
  }

  // All of `bytes`, cut at these places. False once the connection is over.
  bool hear(std::string_view bytes, std::span<const std::size_t> cuts = {}) {
    std::size_t at = 0;
    for (const std::size_t cut : cuts) {
      hear_piece(bytes.substr(at, cut - at));
      at = cut;
    }
    hear_piece(bytes.substr(at));
    return goes_on;
  }

  void write() {
    for (auto piece = codec.next_output(); !piece.empty(); piece = codec.next_output()) written += piece;
  }

  const H1Limits limits = origin_limits();
  Time now{std::chrono::hours(1)};
  H2OriginCodec codec{limits, true};
  std::vector<std::unique_ptr<AnswerLog>> answers;
  std::string written;
  bool goes_on = true;

 private:
  void hear_piece(std::string_view piece) {
    if (!goes_on) return;
    codec.receive(piece, now);
    write();
    goes_on = !codec.over();
    if (!goes_on) codec.fail_all(codec.error());
  }
};

}  // namespace weir::test
