// WEIR_CHECK: a bug of ours ends the process with the place and the condition. Never for input.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace weir {

[[noreturn]] inline void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "weir: bug: %s does not hold (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace weir

#define WEIR_CHECK(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::weir::check_failed(#condition, __FILE__, __LINE__))
