// What every fuzz target gives: the entry point, and words that make mutations interesting. With clang and WEIR_FUZZ
// libFuzzer drives it; elsewhere driver.cc runs its corpus and seeded mutations of that, so that ctest has it always.
// A broken promise ends the process by WEIR_CHECK.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace weir::test {

std::span<const std::string_view> fuzz_words();

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace weir::test
