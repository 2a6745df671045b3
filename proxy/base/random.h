// Random numbers that nobody can guess. A system call each: not for the hot path.
#pragma once

#include <cstdint>

namespace weir {

std::uint64_t random64();

}  // namespace weir
