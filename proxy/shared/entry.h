// Entry: one stored response as bytes in Redis, and back. Pure functions: any bytes in, an object or a reason out; no
// clock, no I/O. docs/formats/entry.md draws the layout.
//
// Writing: pack_body() (slow, any thread) ─► write_entry() (fast: head, times, seal). Reading: read_entry() (checks
// everything but the body) ─► unpack_body() (slow, any thread). A body of more than kPart bytes, as written, doesn't
// stand in the entry but beside it, in parts.
//
// Times are told without any clock that two machines would have to agree on: an entry says how old the response was
// when it was written and for how long Redis was to keep it; what Redis says is left of that says how long ago that
// was.
//
// Not stored: other forms, whether it is a dictionary, statistics. All that is made anew where it is read.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/base/hash.h"
#include "proxy/base/units.h"
#include "proxy/cache/object.h"
#include "proxy/shared/seal.h"

namespace weir {

inline constexpr std::uint16_t kEntryVersion = 1;
inline constexpr Size kPart = 1_MiB;
inline constexpr Size kEntryHead = 140;   // bytes with fixed places, which name the parts too
inline constexpr Size kMostMeta = 1_MiB;  // of key, head, tags, …
inline constexpr Size kLargestEntry = kEntryHead + kMostMeta + kPart + Seal::kSize;  // no reply need be larger
inline constexpr std::uint32_t kMostParts = 4096;
inline constexpr std::chrono::milliseconds kLongestKept = std::chrono::hours(30 * 24);

// Why bytes are no entry, or not the one that was asked for.
enum class Unfit : std::uint8_t {
  foreign,      // not written by weir
  version,      // by another version of weir
  cut,          // shorter than it says
  corrupt,      // doesn't verify, or says what no entry says
  another_key,  // a whole entry, for another request
  too_large,    // its body is past what the caller allows
  unknown_age,  // Redis doesn't say how long it has been there
};
inline constexpr std::size_t kUnfits = 7;

// The body as it is written: compressed where that pays.
struct PackedBody {
  std::string bytes;
  bool compressed = false;
  Size size = 0;  // of the body itself
  Seal::Tag tag{};
};
// Zstd, level 3, above `compress_above`, unless the origin has coded it. Takes milliseconds for 1 MiB: large bodies are
// none of an event loop's business.
PackedBody pack_body(const Object& object, Size compress_above, const Seal& seal);

// How long Redis is to keep it: what is left of its life and of its stale windows, at least a minute where it can be
// revalidated, 30 days at most. 0: there is no use in keeping it.
std::chrono::milliseconds time_to_keep(const Object& object, Time now);

// What is said of an object when it is written.
struct Written {
  Time now;                          // when its time in Redis begins
  std::chrono::milliseconds kept{};  // for how long, from then on: of time_to_keep()
  std::uint64_t mark = 0;            // of the log's record at Object::position: both mean the same history
  std::string parts;                 // 32 hex digits, what the parts are named by; used where the body has parts
};
// False where an object can't be told in an entry (no body, a length that isn't its body's, more than the bounds
// allow).
[[nodiscard]] bool may_be_written(const Object& object);
// The entry; for an object that may be written. The bytes of the body are in it up to kPart, else beside it.
std::string write_entry(const Object& object, const PackedBody& body, const Written& written, const Seal& seal);

std::uint32_t parts_of(Size written);  // 0: it stands in the entry
// The piece of what is written that part `n` holds.
std::string_view part_of(std::string_view written, std::uint32_t n);

// What was seen in Redis, and who asks.
struct Sighting {
  std::string_view key;
  Digest digest;          // of `key`, as this process makes it
  Time now;               // not later than when Redis was asked for `left`
  std::int64_t left = 0;  // PTTL, ms
  Size most = 8_MiB;      // of the body, and of what is written of it
};

// Where the body of a verified entry is and what it must be.
struct BodyPlace {
  bool compressed = false;
  Size written = 0;
  Size size = 0;
  std::uint32_t parts = 0;  // 0: in the entry
  std::string parts_name;
  Seal::Tag tag{};
};

// An entry whose head verifies. `object` lacks its body.
struct ReadEntry {
  std::shared_ptr<Object> object;
  std::uint64_t mark = 0;
  BodyPlace place;
  std::string_view body;  // into the bytes that were read; empty where it is in parts
};

// That the answers to a key vary, and by which request fields.
struct VaryNote {
  std::vector<std::string> names;  // lower case, sorted, without repeats
};
std::string write_note(std::string_view key, const std::vector<std::string>& names, const Seal& seal);

std::variant<ReadEntry, VaryNote, Unfit> read_entry(std::string_view bytes, const Sighting& seen, const Seal& seal);

// Puts the body into the object. `written` is what place.written bytes stand in, in order. On a reason the object is of
// no use. Allocates no more than place.size, which read_entry() held against Sighting::most.
std::optional<Unfit> unpack_body(Object& object, const BodyPlace& place, std::span<const std::string_view> written,
                                 const Seal& seal);

// Which parts belong to what begins with these kEntryHead bytes, without any check of it: for getting rid of them.
struct PartsName {
  std::uint32_t count = 0;
  std::string name;
};
PartsName parts_named_in(std::string_view head);

}  // namespace weir
