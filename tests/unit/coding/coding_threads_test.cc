// Threads encode at once, by one dictionary and through one list of free contexts, and hand encoders to each other.
#include <atomic>
#include <thread>
#include <vector>

#include "proxy/coding/decoder.h"
#include "proxy/coding/encoder.h"
#include "tests/support/catch.h"
#include "tests/unit/coding/bodies.h"

using namespace weir;
using namespace weir::test;

TEST_CASE("threads share dictionaries and contexts", "[encoder][threads]") {
  Mutator seed(41);
  const auto dictionary = std::move(Dictionary::make(json_body(seed, 10000))).value();
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Mutator random(100 + t);
      for (int run = 0; run < 100; ++run) {
        const std::string body = json_body(random, random.below(5000));
        for (const auto coding : {ContentCoding::gzip, ContentCoding::br, ContentCoding::zstd, ContentCoding::dcz}) {
          const auto out = encode(coding, 1 + static_cast<int>(random.below(5)), body, dictionary);
          const auto back = decode(coding, out ? *out : "", {}, dictionary);
          if (!back || *back != body) ++wrong;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("an encoder goes on where another thread left it", "[encoder][threads]") {
  Mutator random(42);
  const std::string body = json_body(random, 40000);
  for (const auto coding : kCodings) {
    auto encoder = Encoder::make(coding, 3, body.size());
    std::string wire;
    for (std::size_t at = 0; at < body.size(); at += 10000) {
      std::thread([&] { CHECK(encoder->add(std::string_view(body).substr(at, 10000), wire).ok()); }).join();
    }
    std::thread([&] { CHECK(encoder->finish(wire).ok()); }).join();
    std::thread([&] { encoder.reset(); }).join();
    CHECK(*decode(coding, wire) == body);
  }
}
