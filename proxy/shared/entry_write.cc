// Objects into bytes; see entry.h. What is written here is read in entry_read.cc, in the same order.
#include <algorithm>

#include "proxy/base/check.h"
#include "proxy/cache/vary.h"
#include "proxy/coding/encoder.h"
#include "proxy/shared/entry.h"
#include "proxy/shared/entry_format.h"
#include "proxy/shared/little_endian.h"

namespace weir {
namespace {

using namespace entry_format;

// What saves less than a sixteenth isn't worth decompressing.
bool is_a_gain(Size compressed, Size plain) {
  return compressed <= plain - plain / 16;
}

std::vector<std::string_view> views_of(const Body& body) {
  std::vector<std::string_view> views;
  views.reserve(body.blocks().size());
  for (const Block& block : body.blocks()) views.push_back(block.view());
  return views;
}

std::uint64_t nanoseconds(Duration duration) {
  return static_cast<std::uint64_t>(std::clamp(duration, Duration::zero(), kLongest).count());
}

Size meta_size(const Object& object) {
  Size total = 64 + object.key.size() + object.head.size() + object.etag.size() + object.last_modified.size();
  for (const auto& tag : object.tags) total += 4 + tag.size();
  for (const auto& name : object.vary_names) total += 4 + name.size();
  for (const auto& value : object.vary_values) total += 4 + value.size();
  return total;
}

void write_meta(LittleEndianWriter& out, const Object& object) {
  out.text(object.key);
  out.text(object.head);
  out.text(object.etag);
  out.text(object.last_modified);
  out.number(static_cast<std::uint32_t>(object.tags.size()));
  for (const auto& tag : object.tags) out.text(tag);
  out.number(static_cast<std::uint32_t>(object.vary_names.size()));
  for (std::size_t i = 0; i < object.vary_names.size(); ++i) {
    out.text(object.vary_names[i]);
    out.text(object.vary_values[i]);
  }
}

std::uint8_t flags_of(const Object& object, const PackedBody& body) {
  unsigned flags = 0;
  if (object.recodable) flags |= kRecodable;
  if (object.life.always_validate) flags |= kAlwaysValidate;
  if (object.life.for_credentials) flags |= kForCredentials;
  if (object.life.must_revalidate) flags |= kMustRevalidate;
  if (object.length) flags |= kHasLength;
  if (body.compressed) flags |= kCompressed;
  return static_cast<std::uint8_t>(flags);
}

void write_tag(LittleEndianWriter& out, const Seal::Tag& tag) {
  out.bytes({tag.data(), tag.size()});
}

}  // namespace

PackedBody pack_body(const Object& object, Size compress_above, const Seal& seal) {
  PackedBody packed;
  packed.size = object.body->size();
  if (object.coding == ContentCoding::identity && packed.size > compress_above) {
    auto coded = encode(ContentCoding::zstd, kLevel, views_of(*object.body));
    if (coded && is_a_gain(coded->size(), packed.size) && may_grow_to(packed.size, coded->size())) {
      packed.bytes = std::move(*coded);
      packed.compressed = true;
    }
  }
  if (!packed.compressed) packed.bytes = object.body->copy();
  packed.tag = seal.of(Seal::Purpose::body, packed.bytes);
  return packed;
}

std::chrono::milliseconds time_to_keep(const Object& object, Time now) {
  constexpr std::chrono::milliseconds kToRevalidate = std::chrono::minutes(1);
  const auto bounded = [](Duration duration) { return std::clamp(duration, -kLongest, kLongest); };
  const Life& life = object.life;
  const Duration stale = std::max(bounded(life.stale_while_revalidate), bounded(life.stale_if_error));
  const Duration age = std::clamp(life.age(now), Duration::zero(), kLongest);
  const Duration left = bounded(life.fresh_for) - age + std::max(stale, Duration::zero());
  auto kept = std::chrono::duration_cast<std::chrono::milliseconds>(left);
  if (!object.etag.empty() || !object.last_modified.empty()) kept = std::max(kept, kToRevalidate);
  return std::clamp(kept, std::chrono::milliseconds::zero(), kLongestKept);
}

bool may_be_written(const Object& object) {
  return object.body && (!object.length || *object.length == object.body->size()) &&
         object.body->size() <= kPart * kMostParts && object.vary_names.size() == object.vary_values.size() &&
         object.vary_names.size() <= kMaxVaryNames && object.tags.size() <= kMostTags &&
         is_ready_head(object.head, object.status) && meta_size(object) <= kMostMeta;
}

std::uint32_t parts_of(Size written) {
  return written <= kPart ? 0 : static_cast<std::uint32_t>((written + kPart - 1) / kPart);
}

std::string_view part_of(std::string_view written, std::uint32_t n) {
  return written.substr(static_cast<std::size_t>(n * kPart), static_cast<std::size_t>(kPart));
}

std::string write_entry(const Object& object, const PackedBody& body, const Written& written, const Seal& seal) {
  std::string meta;
  LittleEndianWriter to_meta(meta);
  write_meta(to_meta, object);
  const std::uint32_t parts = parts_of(body.bytes.size());
  const std::string_view inside = parts == 0 ? std::string_view(body.bytes) : std::string_view();
  const std::uint64_t total = kEntryHead + meta.size() + inside.size() + Seal::kSize;

  std::string entry;
  entry.reserve(total);
  LittleEndianWriter out(entry);
  out.bytes(kMagic);
  out.number(kEntryVersion);
  out.number(kEntryKind);
  out.number(flags_of(object, body));
  out.number(total);
  out.number(static_cast<std::uint32_t>(meta.size()));
  out.number(parts);
  out.bytes(parts == 0 ? kNoParts : bytes_of_hex(written.parts));
  out.number(static_cast<std::uint16_t>(object.status));
  out.number(static_cast<std::uint8_t>(object.coding));
  out.number(std::uint8_t{0});
  out.number(std::uint64_t{body.bytes.size()});
  out.number(body.size);
  out.number(static_cast<std::uint64_t>(object.date));
  out.number(nanoseconds(object.life.age(written.now)));
  out.number(nanoseconds(object.life.fresh_for));
  out.number(nanoseconds(object.life.stale_while_revalidate));
  out.number(nanoseconds(object.life.stale_if_error));
  out.number(static_cast<std::uint64_t>(written.kept.count()));
  out.number(object.position);
  out.number(written.mark);
  write_tag(out, body.tag);
  WEIR_CHECK(entry.size() == kEntryHead);
  out.bytes(meta);
  const Seal::Tag tag = seal.of(Seal::Purpose::entry, entry);  // with the body's tag in it: that is the body, too
  out.bytes(inside);
  write_tag(out, tag);
  return entry;
}

std::string write_note(std::string_view key, const std::vector<std::string>& names, const Seal& seal) {
  std::string note;
  LittleEndianWriter out(note);
  out.bytes(kMagic);
  out.number(kEntryVersion);
  out.number(kNoteKind);
  out.number(std::uint8_t{0});
  out.text(key);
  out.number(static_cast<std::uint32_t>(names.size()));
  for (const auto& name : names) out.text(name);
  write_tag(out, seal.of(Seal::Purpose::note, note));
  return note;
}

}  // namespace weir
