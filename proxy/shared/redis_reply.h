// RedisReply: one answer of Redis, as a value (RESP2).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

struct RedisReply {
  enum class Kind : std::uint8_t { nil, status, error, integer, string, array };
  Kind kind = Kind::nil;
  std::int64_t integer = 0;
  std::string text;  // of a status, an error or a string: any bytes
  std::vector<RedisReply> elements;

  bool is_nil() const { return kind == Kind::nil; }
  bool is_string() const { return kind == Kind::string; }
  bool is_error() const { return kind == Kind::error; }
};

}  // namespace weir
