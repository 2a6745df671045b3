// What an answer may be at most, whatever the origin speaks (hostile.md 15).
#pragma once

#include "proxy/http/h1_lines.h"

namespace weir {

constexpr H1Limits origin_limits() {
  H1Limits limits;
  limits.head = 64 * 1024 - 1;
  limits.line = 32 * 1024;
  return limits;
}

}  // namespace weir
