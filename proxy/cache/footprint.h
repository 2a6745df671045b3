// What an allocation really takes: the byte budget of the store counts this, not the bytes asked for. By the size
// classes of jemalloc (four to each doubling), which is what weir runs on; glibc wastes less on large pieces.
#pragma once

#include <bit>
#include <string>
#include <vector>

#include "proxy/base/units.h"

namespace weir {

constexpr Size allocated(Size bytes) {
  if (bytes == 0) return 0;
  if (bytes <= 128) return (bytes + 15) / 16 * 16;
  const Size step = Size{1} << (std::bit_width(bytes - 1) - 3);
  return (bytes + step - 1) / step * step;
}

inline constexpr Size kControlBlock = 16;  // of make_shared, in the same allocation as the object

// Heap memory of a string; short ones have none.
inline Size heap_of(const std::string& text) {
  const bool inside = text.capacity() <= std::string().capacity();
  return inside ? 0 : allocated(text.capacity() + 1);
}

inline Size heap_of(const std::vector<std::string>& list) {
  Size total = allocated(list.capacity() * sizeof(std::string));
  for (const auto& text : list) total += heap_of(text);
  return total;
}

}  // namespace weir
