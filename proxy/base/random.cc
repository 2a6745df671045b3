// Random numbers from the kernel; see random.h.
#include "proxy/base/random.h"

#include <sys/random.h>

#include "proxy/base/check.h"

namespace weir {

std::uint64_t random64() {
  std::uint64_t drawn = 0;
  WEIR_CHECK(::getrandom(&drawn, sizeof drawn, 0) == static_cast<ssize_t>(sizeof drawn));
  return drawn;
}

}  // namespace weir
