// Seeded bodies of every character: JSON, text, noise, zeros, repetition; and how a test cuts them.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "proxy/http/content_coding.h"
#include "tests/support/mutate.h"

namespace weir::test {

inline constexpr std::array kCodings{ContentCoding::gzip, ContentCoding::br, ContentCoding::zstd};

inline std::string json_body(Mutator& random, std::size_t size) {
  constexpr std::array<std::string_view, 8> kWords{"river",  "stone",  "light", "cloud",
                                                   "winter", "harbor", "été",   "meadow"};
  std::string text = "[";
  while (text.size() < size) {
    text += R"({"id":)" + std::to_string(random.below(100000)) + R"(,"title":")";
    for (int i = 0; i < 4; ++i) text.append(kWords[random.below(kWords.size())]).append(" ");
    text += R"(","views":)" + std::to_string(random.below(1000000000)) + "},";
  }
  text.resize(size);
  return text;
}

inline std::string any_body(Mutator& random, std::size_t size) {
  const auto kind = random.below(5);
  if (kind == 0) return std::string(size, '\0');
  if (kind <= 2) return json_body(random, size);
  std::string text;
  while (text.size() < size) {
    const bool repeat = kind == 4 && !text.empty() && random.below(3) > 0;
    if (repeat) {
      text += text.substr(random.below(text.size()), 1 + random.below(300));
    } else {
      text += static_cast<char>(random.below(256));
    }
  }
  text.resize(size);
  return text;
}

// Mostly small, now and then past the windows and the pieces.
inline std::size_t any_size(Mutator& random) {
  const auto kind = random.below(20);
  if (kind == 0) return random.below(3);
  if (kind == 1) return 60000 + random.below(20000);
  if (kind == 2) return random.below(300000);
  return random.below(6000);
}

}  // namespace weir::test
