// Seeded hashing; see hash.h.
#include "proxy/base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>

#include "proxy/base/check.h"
#include "proxy/base/random.h"
#include "proxy/base/text.h"

namespace weir {
namespace {

std::uint64_t seed() noexcept {
  static const std::uint64_t value = random64();
  return value;
}

}  // namespace

std::array<char, 32> hex_of(const Digest& digest) {
  const auto high = hex_of(digest.high), low = hex_of(digest.low);
  std::array<char, 32> digits;
  std::copy(low.begin(), low.end(), std::copy(high.begin(), high.end(), digits.begin()));
  return digits;
}

Digest hash128(std::string_view bytes) noexcept {
  const XXH128_hash_t h = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed());
  return Digest{h.low64, h.high64};
}

// Short ones are cheaper put together than fed to a state of half a kilobyte. The state is not kept on the stack: it
// has to stand on 64 bytes, and the stack that AddressSanitizer makes up for g++ 12 doesn't keep to that.
Digest hash128(std::span<const std::string_view> parts) noexcept {
  std::array<char, 256> together;
  std::size_t size = 0;
  for (const auto part : parts) size += part.size();
  if (size <= together.size()) {
    auto* at = together.data();
    for (const auto part : parts) at = std::copy(part.begin(), part.end(), at);
    return hash128(std::string_view(together.data(), size));
  }
  thread_local XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_128bits_reset_withSeed(&state, seed());
  for (const auto part : parts) XXH3_128bits_update(&state, part.data(), part.size());
  const XXH128_hash_t h = XXH3_128bits_digest(&state);
  return Digest{h.low64, h.high64};
}

std::uint64_t hash64(std::string_view bytes) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed());
}

Fingerprint::Fingerprint() : state_(XXH3_createState()) {
  WEIR_CHECK(state_ != nullptr);
  XXH3_128bits_reset(static_cast<XXH3_state_t*>(state_));
}

Fingerprint::~Fingerprint() {
  XXH3_freeState(static_cast<XXH3_state_t*>(state_));
}

void Fingerprint::add(std::string_view bytes) noexcept {
  XXH3_128bits_update(static_cast<XXH3_state_t*>(state_), bytes.data(), bytes.size());
}

Digest Fingerprint::digest() const noexcept {
  const XXH128_hash_t h = XXH3_128bits_digest(static_cast<const XXH3_state_t*>(state_));
  return Digest{h.low64, h.high64};
}

}  // namespace weir
