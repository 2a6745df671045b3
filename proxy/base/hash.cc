// Seeded hashing; see hash.h.
#include "proxy/base/hash.h"

#define XXH_INLINE_ALL
#include <sys/random.h>
#include <xxhash.h>

#include "proxy/base/check.h"

namespace weir {
namespace {

std::uint64_t seed() noexcept {
  static const std::uint64_t value = [] {
    std::uint64_t drawn = 0;
    WEIR_CHECK(::getrandom(&drawn, sizeof drawn, 0) == static_cast<ssize_t>(sizeof drawn));
    return drawn;
  }();
  return value;
}

}  // namespace

Digest hash128(std::string_view bytes) noexcept {
  const XXH128_hash_t h = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed());
  return Digest{h.low64, h.high64};
}

std::uint64_t hash64(std::string_view bytes) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed());
}

}  // namespace weir
