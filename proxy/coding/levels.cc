// The levels of each coding; see levels.h.
#include "proxy/coding/levels.h"

#include "proxy/base/units.h"

namespace weir {
namespace {

// stream, fast, best
int pick(Effort effort, int stream, int fast, int best) noexcept {
  if (effort == Effort::best) return best;
  return effort == Effort::fast ? fast : stream;
}

}  // namespace

int level_of(ContentCoding coding, Effort effort, std::optional<std::uint64_t> size) noexcept {
  constexpr std::uint64_t kLarge = 64_KiB;  // past this brotli's 5 takes twice the time of its 4 for a few percent
  switch (coding) {
    case ContentCoding::gzip: return pick(effort, 1, 6, 9);
    case ContentCoding::br: return pick(effort, 4, size.value_or(UINT64_MAX) > kLarge ? 4 : 5, 11);
    case ContentCoding::zstd: return pick(effort, 1, 3, 19);
    // By a dictionary of 4 KiB 9 saves a tenth more than 3, at 30 µs for 1 KiB; each level more is a table more for it.
    case ContentCoding::dcz: return pick(effort, 9, 9, 19);
    case ContentCoding::identity: break;
  }
  return 0;
}

}  // namespace weir
