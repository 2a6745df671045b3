// Whatever bytes lie in Redis: they are an entry that says the same again when it is written again, or a miss. The
// first byte says how they are looked at: as they are, or with their seals made right, as only weir could have; then
// what stands behind the seals is on its own. What is read takes no more memory than the bounds say.
#include <array>
#include <string>

#include "proxy/shared/entry.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/shared/objects.h"

using namespace weir;

namespace {

constexpr std::string_view kKey = "example.com/a";
constexpr Size kMost = 1_MiB;

const Seal& seal_of(unsigned mode) {
  static const Seal plain;
  static const Seal keyed("a secret");
  return (mode & 2) != 0 ? keyed : plain;
}

void check_object(const Object& object, std::uint64_t mark, const Sighting& seen, const Seal& seal) {
  WEIR_CHECK(object.key == kKey && object.body && object.body->size() <= kMost);
  WEIR_CHECK(object.vary_names.size() == object.vary_values.size());
  WEIR_CHECK(object.life.age(seen.now) >= Duration::zero() && object.life.fresh_for >= Duration::zero());
  WEIR_CHECK(may_be_written(object));
  const Written written{seen.now, std::chrono::hours(1), mark, std::string(32, 'a')};
  const std::string again = write_entry(object, pack_body(object, 100, seal), written, seal);
  Sighting at_once = seen;
  at_once.left = written.kept.count();
  const auto read = test::read_whole(again, at_once, seal);
  WEIR_CHECK(read.object && read.mark == mark && test::same(object, *read.object, seen.now));
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  static constexpr std::array<std::string_view, 9> kWords{std::string_view("weir\1\0\1", 7),
                                                          std::string_view("weir\1\0\2", 7),
                                                          std::string_view("\0\0\0\0", 4),
                                                          std::string_view("\0\0\0\0\0\0\0\0", 8),
                                                          "\xff\xff\xff\xff",
                                                          "HTTP/1.1 200 OK\r\n",
                                                          "\r\n",
                                                          "\x28\xb5\x2f\xfd",
                                                          "\x01"};
  return kWords;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned mode = data[0];
  std::string bytes(weir::test::text_of(data, size).substr(1));
  const Seal& seal = seal_of(mode);
  if ((mode & 1) != 0) weir::test::seal_again(bytes, seal);
  const Sighting seen{kKey, hash128(kKey), Time{std::chrono::hours(1)}, 1000, kMost};
  auto entry = read_entry(bytes, seen, seal);
  if (auto* const read = std::get_if<ReadEntry>(&entry)) {
    WEIR_CHECK(read->place.size <= kMost && read->place.written <= kMost && read->place.parts == 0);
    if (!unpack_body(*read->object, read->place, {&read->body, 1}, seal)) {
      std::string sealed = bytes;
      weir::test::seal_again(sealed, seal);
      WEIR_CHECK(sealed == bytes);  // both seals were right
      check_object(*read->object, read->mark, seen, seal);
    }
  } else if (const auto* const note = std::get_if<VaryNote>(&entry)) {
    WEIR_CHECK(write_note(kKey, note->names, seal) == bytes);
  }
  (void)parts_named_in(bytes);
  return 0;
}
