// Seal: 16 bytes that say whether what came out of Redis is what a weir put in. Without a secret an XXH3-128 checksum,
// against faults; with one an HMAC-SHA-256, cut to 16 bytes, against anybody who can write to Redis. Names are made
// here as well, so that neither keys nor tags stand there in clear. The same on every node with the same secret. Const
// after construction; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "proxy/coding/dictionary.h"

struct evp_mac_ctx_st;

namespace weir {

class Seal {
 public:
  static constexpr std::size_t kSize = 16;
  using Tag = std::array<char, kSize>;

  // What a tag is for goes into it: one that was made for a body is no good for an entry.
  enum class Purpose : std::uint8_t { entry = 'e', body = 'b', note = 'n' };

  explicit Seal(std::string_view secret = {});  // empty: a checksum
  ~Seal();
  Seal(const Seal&) = delete;
  Seal& operator=(const Seal&) = delete;

  // Of the parts put together, wherever they are split.
  Tag of(Purpose purpose, std::span<const std::string_view> parts) const;
  Tag of(Purpose purpose, std::string_view bytes) const { return of(purpose, {&bytes, 1}); }
  // In a time that doesn't depend on where they differ.
  bool holds(std::string_view tag, Purpose purpose, std::span<const std::string_view> parts) const;
  bool holds(std::string_view tag, Purpose purpose, std::string_view bytes) const {
    return holds(tag, purpose, {&bytes, 1});
  }

  // 32 lower-case digits of the SHA-256 (or HMAC) of length-prefixed parts: no two lists of parts are the same bytes.
  std::string name_of(char kind, std::span<const std::string_view> parts) const;

 private:
  struct FreeMac {
    void operator()(evp_mac_ctx_st* mac) const noexcept;
  };
  using Mac = std::unique_ptr<evp_mac_ctx_st, FreeMac>;

  Sha256 mac_of(char kind, std::span<const std::string_view> parts) const;

  Mac keyed_;  // holds the secret; each use works on a copy. Null: no secret
};

// 128 random bits from the kernel, as 32 lower-case digits. Never the same twice.
std::string random_id();

}  // namespace weir
