// Seeded mutations of byte strings: the same seed gives the same bytes on every machine. For tests that look beyond
// their corpus, and for running fuzz targets without libFuzzer.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir::test {

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15U + 1) {}

  // One of `corpus`, changed in one to four places. `words` are worth inserting.
  std::string next(std::span<const std::string> corpus, std::span<const std::string_view> words) {
    std::string text = corpus[below(corpus.size())];
    for (std::size_t n = 1 + below(4); n > 0; --n) change(text, corpus, words);
    return text;
  }

  std::size_t below(std::size_t n) {  // splitmix64
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return n == 0 ? 0 : static_cast<std::size_t>((z ^ (z >> 31)) % n);
  }

 private:
  void change(std::string& text, std::span<const std::string> corpus, std::span<const std::string_view> words) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = 1 + below(8);
    switch (below(8)) {
      case 0: text.insert(at, 1, static_cast<char>(below(256))); break;
      case 1: text.erase(at, length); break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        break;
      case 3:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
      case 4: text.insert(at, text.substr(below(text.size() + 1), below(40))); break;  // a piece of itself
      case 5: {                                                                        // the rest of another
        const std::string& other = corpus[below(corpus.size())];
        text = text.substr(0, at) + other.substr(below(other.size() + 1));
        break;
      }
      default:
        if (!words.empty()) text.insert(at, words[below(words.size())]);
    }
  }

  std::uint64_t state_;
};

}  // namespace weir::test
