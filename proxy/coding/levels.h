// How hard to try: which level of which coding serves which purpose. On JSON `fast` is where each curve bends; `best`
// saves another tenth to quarter and takes up to a hundred times as long.
#pragma once

#include <cstdint>
#include <optional>

#include "proxy/http/content_coding.h"

namespace weir {

enum class Effort : std::uint8_t {
  stream,  // as it flows, for one client, kept by nobody
  fast,    // somebody waits, and the result is kept
  best,    // in the background, for what proved hot and is small
};

// The level to hand to Encoder. `size` is a guess; without one it is taken for large.
int level_of(ContentCoding coding, Effort effort, std::optional<std::uint64_t> size = {}) noexcept;

}  // namespace weir
