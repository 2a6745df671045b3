// Bytes into objects; see entry.h. Nothing in them is believed: the order is what it is (magic, version, kind), how
// long, the seal, and only then what it says; whatever it says is held against a bound before memory is taken for it.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/base/text.h"
#include "proxy/cache/vary.h"
#include "proxy/coding/decoder.h"
#include "proxy/shared/entry.h"
#include "proxy/shared/entry_format.h"
#include "proxy/shared/little_endian.h"

namespace weir {

namespace entry_format {

bool is_ready_head(std::string_view head, int status) {
  const std::string start = "HTTP/1.1 " + std::to_string(status) + " ";
  return status >= 200 && status <= 599 && head.starts_with(start) && head.ends_with("\r\n") &&
         head.find("\r\n\r\n") == std::string_view::npos && head.find('\0') == std::string_view::npos;
}

std::string bytes_of_hex(std::string_view digits) {
  const auto value = [](char c) { return is_digit(c) ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<char>(value(digits[i]) * 16 + value(digits[i + 1])));
  }
  return bytes;
}

std::string hex_of_bytes(std::string_view bytes) {
  std::string digits;
  for (const char c : bytes) {
    digits.push_back("0123456789abcdef"[static_cast<unsigned char>(c) >> 4]);
    digits.push_back("0123456789abcdef"[static_cast<unsigned char>(c) & 15]);
  }
  return digits;
}

}  // namespace entry_format

namespace {

using namespace entry_format;

// Magic, version, kind, flags: what entries and notes begin with.
constexpr std::size_t kStart = 8;
constexpr std::size_t kMostDecodedAtOnce = 64_KiB;

// The fixed places of an entry, as numbers.
struct Head {
  unsigned flags = 0;
  std::uint64_t total = 0;
  std::uint32_t meta = 0;
  std::uint32_t parts = 0;
  std::string_view parts_name;
  std::uint16_t status = 0;
  std::uint8_t coding = 0;
  std::uint8_t zero = 0;
  std::uint64_t written = 0;
  std::uint64_t size = 0;
  std::uint64_t date = 0;
  std::uint64_t age = 0, fresh_for = 0, while_revalidate = 0, if_error = 0;  // ns
  std::uint64_t kept = 0;                                                    // ms
  std::uint64_t position = 0;
  std::uint64_t mark = 0;
  std::string_view body_tag;
};

// Of kEntryHead bytes.
Head head_of(std::string_view bytes) {
  LittleEndianReader in(bytes);
  Head head;
  in.bytes(kStart - 1);
  head.flags = in.number<std::uint8_t>();
  head.total = in.number<std::uint64_t>();
  head.meta = in.number<std::uint32_t>();
  head.parts = in.number<std::uint32_t>();
  head.parts_name = in.bytes(kPartsName);
  head.status = in.number<std::uint16_t>();
  head.coding = in.number<std::uint8_t>();
  head.zero = in.number<std::uint8_t>();
  head.written = in.number<std::uint64_t>();
  head.size = in.number<std::uint64_t>();
  head.date = in.number<std::uint64_t>();
  head.age = in.number<std::uint64_t>();
  head.fresh_for = in.number<std::uint64_t>();
  head.while_revalidate = in.number<std::uint64_t>();
  head.if_error = in.number<std::uint64_t>();
  head.kept = in.number<std::uint64_t>();
  head.position = in.number<std::uint64_t>();
  head.mark = in.number<std::uint64_t>();
  head.body_tag = in.bytes(Seal::kSize);
  return head;
}

bool is_duration(std::uint64_t nanoseconds) {
  return nanoseconds <= static_cast<std::uint64_t>(kLongest.count());
}

// That each number is one which write_entry() may write, and that they fit together.
bool is_sound(const Head& head) {
  const bool compressed = (head.flags & kCompressed) != 0;
  const auto coding = static_cast<ContentCoding>(head.coding);
  return head.flags <= kAllFlags && head.zero == 0 && head.coding < kContentCodings &&
         (!compressed || (coding == ContentCoding::identity && may_grow_to(head.size, head.written))) &&
         (compressed || head.written == head.size) && head.parts == parts_of(head.written) &&
         (head.parts > 0) == (head.parts_name != kNoParts) && is_duration(head.age) && is_duration(head.fresh_for) &&
         is_duration(head.while_revalidate) && is_duration(head.if_error) && head.kept > 0 &&
         head.kept <= static_cast<std::uint64_t>(kLongestKept.count());
}

Life life_of(const Head& head, const Sighting& seen) {
  const auto duration = [](std::uint64_t ns) { return Duration(static_cast<std::int64_t>(ns)); };
  const std::chrono::milliseconds since(static_cast<std::int64_t>(head.kept) - seen.left);
  Life life;
  life.received = seen.now;
  life.initial_age = duration(head.age) + since;  // 2³¹ s and 30 days: far from the end of the range
  life.fresh_for = duration(head.fresh_for);
  life.stale_while_revalidate = duration(head.while_revalidate);
  life.stale_if_error = duration(head.if_error);
  life.always_validate = (head.flags & kAlwaysValidate) != 0;
  life.for_credentials = (head.flags & kForCredentials) != 0;
  life.must_revalidate = (head.flags & kMustRevalidate) != 0;
  return life;
}

// Each string is copied only once it is known to lie within the bytes, so all of them together take what came.
bool read_meta(std::string_view meta, Object& object) {
  LittleEndianReader in(meta);
  object.key = in.text(kMostMeta);
  object.head = in.text(kMostMeta);
  object.etag = in.text(kMostMeta);
  object.last_modified = in.text(kMostMeta);
  const auto tags = in.number<std::uint32_t>();
  if (tags > kMostTags) return false;
  for (std::uint32_t i = 0; i < tags && in.ok(); ++i) object.tags.emplace_back(in.text(kMostMeta));
  const auto names = in.number<std::uint32_t>();
  if (names > kMaxVaryNames) return false;
  for (std::uint32_t i = 0; i < names && in.ok(); ++i) {
    object.vary_names.emplace_back(in.text(kMostMeta));
    object.vary_values.emplace_back(in.text(kMostMeta));
  }
  return in.done() && is_ready_head(object.head, object.status);
}

BodyPlace place_of(const Head& head) {
  BodyPlace place;
  place.compressed = (head.flags & kCompressed) != 0;
  place.written = head.written;
  place.size = head.size;
  place.parts = head.parts;
  if (head.parts > 0) place.parts_name = hex_of_bytes(head.parts_name);
  std::copy(head.body_tag.begin(), head.body_tag.end(), place.tag.begin());
  return place;
}

std::variant<ReadEntry, VaryNote, Unfit> read_object(std::string_view bytes, const Sighting& seen, const Seal& seal) {
  if (bytes.size() < kEntryHead + Seal::kSize) return Unfit::cut;
  const Head head = head_of(bytes);
  if (bytes.size() < head.total) return Unfit::cut;
  if (bytes.size() > head.total || head.meta > kMostMeta || head.parts > kMostParts) return Unfit::corrupt;
  const Size room = bytes.size() - kEntryHead - Seal::kSize;  // of meta and body
  const Size inside = head.parts == 0 ? head.written : 0;
  if (head.meta > room || room - head.meta != inside) return Unfit::corrupt;
  const auto sealed = bytes.substr(0, kEntryHead + head.meta);
  const auto tag = bytes.substr(bytes.size() - Seal::kSize);
  if (!seal.holds(tag, Seal::Purpose::entry, sealed) || !is_sound(head)) return Unfit::corrupt;

  auto object = std::make_shared<Object>();
  object->status = head.status;
  if (!read_meta(sealed.substr(kEntryHead), *object)) return Unfit::corrupt;
  if (object->key != seen.key) return Unfit::another_key;
  if (head.size > seen.most || head.written > seen.most) return Unfit::too_large;
  // One that never goes, or that has longer to live than it was given: somebody else's hand, or a clock of Redis that
  // was turned. How old it is nobody knows.
  if (seen.left < 0 || seen.left > static_cast<std::int64_t>(head.kept)) return Unfit::unknown_age;

  object->digest = seen.digest;
  if ((head.flags & kHasLength) != 0) object->length = head.size;
  object->date = static_cast<WallTime>(head.date);
  object->coding = static_cast<ContentCoding>(head.coding);
  object->recodable = (head.flags & kRecodable) != 0;
  object->life = life_of(head, seen);
  object->position = head.position;
  object->head304 = head_of_304(*object);
  return ReadEntry{std::move(object), head.mark, place_of(head), bytes.substr(sealed.size(), inside)};
}

std::variant<ReadEntry, VaryNote, Unfit> read_note(std::string_view bytes, const Sighting& seen, const Seal& seal) {
  if (bytes.size() < kStart + Seal::kSize) return Unfit::cut;
  const auto sealed = bytes.substr(0, bytes.size() - Seal::kSize);
  if (!seal.holds(bytes.substr(sealed.size()), Seal::Purpose::note, sealed)) return Unfit::corrupt;
  LittleEndianReader in(sealed);
  in.bytes(kStart - 1);
  if (in.number<std::uint8_t>() != 0) return Unfit::corrupt;
  const auto key = in.text(kMostMeta);
  const auto count = in.number<std::uint32_t>();
  if (count == 0 || count > kMaxVaryNames) return Unfit::corrupt;
  VaryNote note;
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) note.names.emplace_back(in.text(kMostMeta));
  if (!in.done()) return Unfit::corrupt;
  return key == seen.key ? std::variant<ReadEntry, VaryNote, Unfit>(std::move(note)) : Unfit::another_key;
}

Block block_of(Size size) {
  return {std::make_shared_for_overwrite<char[]>(size), static_cast<std::size_t>(size), 0};
}

bool append(Block& block, std::string_view bytes) {
  if (bytes.size() > block.capacity - block.used) return false;
  std::memcpy(block.bytes.get() + block.used, bytes.data(), bytes.size());
  block.used += bytes.size();
  return true;
}

// Exactly as many bytes as were announced, or nothing.
bool decompress(std::span<const std::string_view> written, Block& block) {
  const auto decoder =
      Decoder::make(ContentCoding::zstd, {.max_output = block.capacity, .free_output = block.capacity});
  if (!decoder) return false;
  std::string some;
  for (auto piece : written) {
    for (bool more = true; more;) {
      some.clear();
      const auto result = decoder->advance(piece, some, kMostDecodedAtOnce);
      if (!result || !append(block, some)) return false;
      more = *result;
    }
  }
  return decoder->finish().ok() && block.used == block.capacity;
}

}  // namespace

std::variant<ReadEntry, VaryNote, Unfit> read_entry(std::string_view bytes, const Sighting& seen, const Seal& seal) {
  if (!bytes.starts_with(kMagic.substr(0, bytes.size())) || bytes.empty()) return Unfit::foreign;
  if (bytes.size() < kStart) return Unfit::cut;
  LittleEndianReader in(bytes.substr(kMagic.size()));
  if (in.number<std::uint16_t>() != kEntryVersion) return Unfit::version;
  switch (in.number<std::uint8_t>()) {
    case kEntryKind: return read_object(bytes, seen, seal);
    case kNoteKind: return read_note(bytes, seen, seal);
    default: return Unfit::corrupt;
  }
}

std::optional<Unfit> unpack_body(Object& object, const BodyPlace& place, std::span<const std::string_view> written,
                                 const Seal& seal) {
  Size total = 0;
  for (const auto piece : written) total += piece.size();
  if (total != place.written) return total < place.written ? Unfit::cut : Unfit::corrupt;
  if (!seal.holds({place.tag.data(), place.tag.size()}, Seal::Purpose::body, written)) return Unfit::corrupt;
  std::vector<Block> blocks;
  if (place.size > 0) {
    Block block = block_of(place.size);
    if (place.compressed) {
      if (!decompress(written, block)) return Unfit::corrupt;
    } else {
      for (const auto piece : written) WEIR_CHECK(append(block, piece));
    }
    blocks.push_back(std::move(block));
  } else if (place.compressed) {
    return Unfit::corrupt;  // nothing is never compressed
  }
  object.body = std::make_shared<const Body>(std::move(blocks));
  return std::nullopt;
}

PartsName parts_named_in(std::string_view bytes) {
  if (bytes.size() < kEntryHead || !bytes.starts_with(kMagic)) return {};
  LittleEndianReader in(bytes.substr(kMagic.size()));
  if (in.number<std::uint16_t>() != kEntryVersion || in.number<std::uint8_t>() != kEntryKind) return {};
  const Head head = head_of(bytes);
  if (head.parts == 0 || head.parts > kMostParts) return {};
  return {head.parts, hex_of_bytes(head.parts_name)};
}

}  // namespace weir
