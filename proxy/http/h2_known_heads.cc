// Heads that came before; see h2_known_heads.h.
#include "proxy/http/h2_known_heads.h"

#include "proxy/base/hash.h"

namespace weir {
namespace {

// Takes a number whose prefix has so many bits off `text` (RFC 7541 §5.1); false where there is no whole one.
bool take_number(std::string_view& text, unsigned bits, std::size_t& number) noexcept {
  if (text.empty()) return false;
  const std::size_t most = (std::size_t{1} << bits) - 1;
  number = static_cast<unsigned char>(text.front()) & most;
  text.remove_prefix(1);
  if (number < most) return true;
  for (unsigned shift = 0; !text.empty() && shift < 28; shift += 7) {
    const auto byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    number += std::size_t{byte & 0x7fU} << shift;
    if ((byte & 0x80U) == 0) return true;
  }
  return false;
}

bool skip_string(std::string_view& text) noexcept {
  std::size_t length = 0;
  if (!take_number(text, 7, length) || length > text.size()) return false;
  text.remove_prefix(length);
  return true;
}

// Each text of a head but for its fields'.
template <class Each>
void for_each_text(RequestHead& head, Each each) {
  for (std::string_view* text :
       {&head.method_text, &head.target, &head.path, &head.query, &head.authority, &head.upgrade}) {
    if (!text->empty()) *text = each(*text);
  }
}

}  // namespace

bool changes_hpack_table(std::string_view block) noexcept {
  while (!block.empty()) {
    const auto first = static_cast<unsigned char>(block.front());
    std::size_t index = 0;
    if ((first & 0x80U) != 0) {
      if (!take_number(block, 7, index)) return true;
      continue;
    }
    if ((first & 0x60U) != 0) return true;  // enters (01), or a new size (001)
    if (!take_number(block, 4, index)) return true;
    if (index == 0 && !skip_string(block)) return true;
    if (!skip_string(block)) return true;
  }
  return false;
}

void H2KnownHeads::clear() {
  std::vector<Known>().swap(heads_);
  table_ = 1;
}

bool H2KnownHeads::find(std::string_view block, bool ends, const H1Limits& limits, RequestHead& head,
                        Arena& arena) const {
  if (heads_.empty() || block.size() > kLongestBlock) return false;
  const Known& known = heads_[hash64(block) % kMost];
  if (!known.whole || known.table != table_ || known.ends != ends || known.block != block || known.limits != limits) {
    return false;
  }
  arena.reset();
  const char* const text = arena.copy(known.text).data();
  const auto ours = [&](std::string_view theirs) {
    if (theirs.empty()) return theirs;
    return std::string_view(text + (theirs.data() - known.text.data()), theirs.size());
  };
  Fields fields = std::move(head.fields);  // for its memory
  fields.clear();
  for (const Field& field : known.fields) {
    fields.add(Field{field.id == Name::other ? ours(field.name) : field.name, ours(field.value), field.id});
  }
  head = known.head;
  head.fields = std::move(fields);
  for_each_text(head, ours);
  return true;
}

void H2KnownHeads::has_read(std::string_view block) {
  if (changes_hpack_table(block)) ++table_;
}

void H2KnownHeads::keep(std::string_view block, bool ends, const H1Limits& limits, const RequestHead& head) {
  if (block.size() > kLongestBlock) return;
  if (heads_.empty()) heads_.resize(kMost);
  Known& known = heads_[hash64(block) % kMost];
  const bool again = known.table == table_ && known.ends == ends && known.block == block && known.limits == limits;
  if (again) {
    known.whole = pack(known, head);
    return;
  }
  known.block = block;
  known.table = table_;
  known.ends = ends;
  known.limits = limits;
  known.whole = false;
}

bool H2KnownHeads::pack(Known& known, const RequestHead& head) {
  if (head.fields.size() > kMostFields) return false;
  known.text.clear();
  known.text.reserve(kMostText);  // it never moves
  bool fits = true;
  const auto put = [&](std::string_view text) {
    const std::size_t begin = known.text.size();
    fits = fits && text.size() <= kMostText - begin;
    if (fits) known.text.append(text);
    return fits ? std::string_view(known.text).substr(begin) : std::string_view{};
  };
  known.fields.clear();
  for (const Field& field : head.fields) {
    known.fields.push_back({field.id == Name::other ? put(field.name) : field.name, put(field.value), field.id});
  }
  known.head = head;
  known.head.fields = {};
  for_each_text(known.head, put);
  return fits;
}

}  // namespace weir
