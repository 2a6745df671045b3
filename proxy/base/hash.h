// Seeded XXH3: the seed is drawn once a process from the kernel, so that nobody outside can aim collisions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir {

struct Digest {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const Digest&, const Digest&) = default;
};

// 32 lower-case digits.
std::array<char, 32> hex_of(const Digest& digest);

Digest hash128(std::string_view bytes) noexcept;
// The digest of the parts put together, wherever they are split.
Digest hash128(std::span<const std::string_view> parts) noexcept;
std::uint64_t hash64(std::string_view bytes) noexcept;

// Without a seed: the same on every node and after every restart. For ETags and checksums, never for tables.
class Fingerprint {
 public:
  Fingerprint();
  ~Fingerprint();
  Fingerprint(const Fingerprint&) = delete;
  Fingerprint& operator=(const Fingerprint&) = delete;
  void add(std::string_view bytes) noexcept;
  Digest digest() const noexcept;

 private:
  void* state_;  // XXH3_state_t
};

struct DigestHash {
  std::size_t operator()(const Digest& d) const noexcept { return static_cast<std::size_t>(d.low); }
};
// For unordered containers that strangers feed; looks up by string_view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const noexcept { return static_cast<std::size_t>(hash64(s)); }
};

}  // namespace weir
