// A flight that isn't kept: how much of it there is at a time, whatever its readers do.
#include "proxy/cache/flight.h"

#include <array>
#include <utility>

#include "tests/support/catch.h"

namespace weir {
namespace {

class Later final : public Executor {
 public:
  void execute(Callback<void()> work) override { works_.push_back(std::move(work)); }
  void run() {
    for (auto& work : std::exchange(works_, {})) work();
  }

 private:
  std::vector<Callback<void()>> works_;
};

constexpr std::size_t kRead = 64 * 1024;  // what an origin's connection hands over at most
constexpr std::size_t kPromised = 256 * 1024;

struct Passing {
  Passing() {
    flight->set_writer(executor, [] {});
    reader = *flight->join(
        executor, [] {}, true);
    flight->publish_head(nullptr, 200, true, false, std::nullopt);
  }

  // Takes up to so many bytes; gives what they were.
  std::string take(std::size_t most) {
    std::array<iovec, 16> pieces;
    const std::size_t count = reader.peek(pieces);
    std::string bytes;
    for (std::size_t i = 0; i < count && bytes.size() < most; ++i) {
      bytes.append(static_cast<const char*>(pieces[i].iov_base), std::min(pieces[i].iov_len, most - bytes.size()));
    }
    reader.advance(bytes.size());
    return bytes;
  }

  Later executor;
  FlightTable table{64_MiB};
  FlightPtr flight = table.alone({});
  FlightReader reader;
};

std::string bytes_from(std::uint64_t offset, std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>((offset + i) * 131 >> 3);
  return bytes;
}

TEST_CASE("what passes holds a bounded part of it, whatever the sizes of what is written and read") {
  const std::size_t written = GENERATE(1u, 100u, 5000u, 16u * 1024, 33u * 1024, 64u * 1024);
  const std::size_t read = GENERATE(1u, 700u, 4096u, 40u * 1024, 1024u * 1024);
  Passing passing;
  std::uint64_t in = 0, out = 0;
  for (int turn = 0; turn < 300; ++turn) {
    while (passing.flight->room() > 0 && in - out < 2 * kPromised) {
      passing.flight->append(bytes_from(in, written));
      in += written;
      if (written < 5000 && in % 4096 < written) break;
    }
    REQUIRE(passing.table.bytes() <= kPromised);
    const std::string got = passing.take(read);
    REQUIRE(got == bytes_from(out, got.size()));
    out += got.size();
    passing.executor.run();
  }
  CHECK(in - out <= Flight::kWindow + kRead);
}

TEST_CASE("when all is read nothing is held, and more may come") {
  Passing passing;
  std::uint64_t in = 0;
  for (const std::size_t size : {10u, 5000u, 64u * 1024, 1u}) {
    passing.flight->append(bytes_from(in, size));
    CHECK(passing.take(1024 * 1024) == bytes_from(in, size));
    CHECK(passing.table.bytes() == 0);
    in += size;
  }
}

TEST_CASE("a reader is woken when something changes beside the flight") {
  Later executor;
  FlightTable table(64_MiB);
  const FlightPtr flight = table.alone({});
  int woken = 0;
  const auto reader = flight->join(
      executor, [&] { ++woken; }, true);
  REQUIRE(reader);
  flight->stir();
  flight->stir();
  executor.run();
  CHECK(woken == 1);
  flight->stir();
  executor.run();
  CHECK(woken == 2);
}

}  // namespace
}  // namespace weir
