// Redis' protocol (RESP2), without I/O: commands into bytes, bytes into replies. hiredis parses; what it may build, and
// how much of it, is decided here: what is announced is refused before memory is taken for it.
#pragma once

#include <hiredis/read.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/units.h"
#include "proxy/shared/redis_reply.h"

namespace weir {

// Appends what goes before a command's words ('*') or before one of them ('$').
void append_length(std::string& out, char type, std::size_t length);
// How many bytes that are, at most.
std::size_t command_size(std::span<const std::string> words);

// Not to be moved: hiredis points into it.
class RedisDecoder {
 public:
  enum class Event : std::uint8_t { need_more, reply, error };

  static constexpr std::size_t kDeepest = 7;           // arrays in arrays: hiredis' bound, ours too where it has more
  static constexpr std::size_t kLongestLine = 64_KiB;  // of a status, an error, a number, a length

  // `largest`: what one reply may take in memory.
  explicit RedisDecoder(Size largest);
  ~RedisDecoder();
  RedisDecoder(const RedisDecoder&) = delete;
  RedisDecoder& operator=(const RedisDecoder&) = delete;

  // The next reply; takes off `in` what it has read. After an error nothing more comes.
  Event next(std::string_view& in, RedisReply& reply);
  const std::string& error() const { return error_; }
  // The bytes of an unfinished reply are held.
  bool in_reply() const;

 private:
  struct Free {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
  };
  static redisReplyObjectFunctions functions();
  static RedisReply* place(const redisReadTask* task);
  bool take(Size bytes);
  Event refuse(std::string why);
  Event parse();
  bool look_at_pending();

  const Size largest_;
  redisReplyObjectFunctions functions_;
  std::unique_ptr<redisReader, Free> reader_;
  RedisReply root_;
  Size left_;                // of what the reply being read may take
  std::size_t missing_ = 0;  // bytes without which hiredis can't go on; 0: unknown
  std::string error_;
};

}  // namespace weir
