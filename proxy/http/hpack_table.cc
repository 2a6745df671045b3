// Heads that are ready, and what clients know of them; see hpack_table.h.
#include "proxy/http/hpack_table.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "proxy/http/hpack.h"

namespace weir {
namespace {

constexpr unsigned kOftenFrom = 4;           // uses: what goes out seldom would only push out what doesn't
constexpr std::size_t kMostEntering = 1536;  // of the table, by one head
constexpr std::string_view kTimingOfHit = "cache;desc=hit";

void make(HpackHead& head, std::string_view lines) {
  head.lines = lines;
  head.plain.clear();
  head.entering.clear();
  head.rest.clear();
  head.entries.clear();
  head.uses = 0;
  append_hpack_lines(head.plain, lines);
  std::size_t all = 0;
  HpackLine line;
  while (next_hpack_line(lines, line)) {
    if (is_hpack_secret(line.id)) {
      append_hpack_field(head.rest, line.id, line.name, line.value);
      continue;
    }
    append_hpack_field(head.entering, line.id, line.name, line.value, true);
    const std::size_t size = line.name.size() + line.value.size() + kHpackEntryOverhead;
    all += size;
    if (all > kMostEntering) break;
    head.entries.push_back(static_cast<std::uint16_t>(size));
  }
  if (all > kMostEntering) head.entries.clear();
  head.entering += head.rest;
}

// Heads that go out often are stored objects', which lie still: where one lies says enough to look for it.
std::size_t place_of(std::string_view lines, std::size_t places) {
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;
  return (reinterpret_cast<std::uintptr_t>(lines.data()) * kGolden >> 32) % places;
}

}  // namespace

const HpackHead& HpackHeads::find(std::string_view lines) {
  HpackHead& head = lines.size() > kLongest ? long_ : heads_[place_of(lines, kKept)];
  if (head.lines != lines) {
    make(head, lines);
    head.id = ++last_id_;
  }
  if (head.uses < kOftenFrom) ++head.uses;
  return head;
}

void HpackTable::resize(std::uint32_t bytes) {
  if (bytes >= kRoom || off_) return;  // never more than it has at first
  off_ = off_due_ = true;
  gone_ = entered_;
}

void HpackTable::begin(std::string& block) {
  if (std::exchange(off_due_, false)) block.push_back(kHpackNoTable);
}

// The oldest go, until the new one has room (§4.4).
void HpackTable::enter(std::size_t size) {
  used_ += size;
  for (; used_ > kRoom; ++gone_) used_ -= sizes_[gone_ % kMostEntries];
  sizes_[entered_++ % kMostEntries] = static_cast<std::uint16_t>(size);
}

std::size_t HpackTable::index_of(std::uint64_t entry) const {
  return kHpackLatest + static_cast<std::size_t>(entered_ - 1 - entry);
}

void HpackTable::add(std::string& block, const HpackHead& head) {
  if (off_ || head.entries.empty() || head.uses < kOftenFrom) {
    block += head.plain;
    return;
  }
  Known& known = known_[head.id % kKnown];
  if (known.head == head.id && holds(known.first)) {
    append_hpack_run(block, index_of(known.first), head.entries.size());
    block += head.rest;
    return;
  }
  known = {head.id, entered_};
  block += head.entering;
  for (const std::uint16_t size : head.entries) enter(size);
}

void HpackTable::add_own(std::string& block, Name id, std::string_view value) {
  const auto* const own = std::find(kOwn.begin(), kOwn.end(), id);
  const bool timing = id == Name::server_timing;
  if (off_ || own == kOwn.end() || (timing && value != kTimingOfHit)) {
    append_hpack_field(block, id, text_of(id), value);
    return;
  }
  std::uint64_t& entry = own_[static_cast<std::size_t>(own - kOwn.begin())];
  if (holds(entry)) {
    timing ? append_hpack_indexed(block, index_of(entry)) : append_hpack_named(block, index_of(entry), value);
    return;
  }
  entry = entered_;
  append_hpack_field(block, id, text_of(id), value, true);
  enter(text_of(id).size() + value.size() + kHpackEntryOverhead);
}

}  // namespace weir
