// fuzz_TARGET CORPUS_DIR [MUTATIONS]: a fuzz target without libFuzzer.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "proxy/base/text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/mutate.h"

namespace {

std::vector<std::string> read_corpus(const char* folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

void run(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: %s CORPUS_DIR [MUTATIONS]\n", argv[0]), 2;
  const auto corpus = read_corpus(argv[1]);
  if (corpus.empty()) return std::fprintf(stderr, "%s: no corpus\n", argv[1]), 2;
  const auto count = argc > 2 ? weir::parse_number(argv[2]).value_or(0) : 5000;
  for (const auto& text : corpus) run(text);
  weir::test::Mutator mutator(7);
  for (std::uint64_t i = 0; i < count; ++i) run(mutator.next(corpus, weir::test::fuzz_words()));
  std::printf("%zu corpus files, %llu mutations\n", corpus.size(), static_cast<unsigned long long>(count));
  return 0;
}
