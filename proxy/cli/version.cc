// `weir version`.
#include <cstdio>

#include "proxy/cli/calls.h"

namespace weir {

int version_call(const Arguments&) {
  std::puts("weir " WEIR_VERSION);
  return 0;
}

}  // namespace weir
