// The keyed form of a query; see query.h. Names are compared decoded (%61 is a), values are never decoded but to lower
// them. Allocates from the arena only; at most n log n in the number of pairs.
#include "proxy/cache/query.h"

#include <algorithm>
#include <memory>
#include <span>

#include "proxy/base/text.h"
#include "proxy/http/grammar.h"
#include "proxy/http/uri.h"

namespace weir {
namespace {

struct Pair {
  std::string_view name;  // decoded
  std::string_view text;  // as it is forwarded
  std::size_t place = 0;  // repeated names keep their order
};

// The byte that "%41" at `at` stands for, or nothing.
int escaped_byte(std::string_view text, std::size_t at) {
  if (text[at] != '%' || at + 2 >= text.size()) return -1;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::string_view decoded(std::string_view name, Arena& arena) {
  if (name.find_first_of("%+") == std::string_view::npos) return name;
  char* const out = arena.take(name.size());
  std::size_t n = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const int byte = escaped_byte(name, i);
    if (byte >= 0) i += 2;
    out[n++] = byte >= 0 ? static_cast<char>(byte) : name[i] == '+' ? ' ' : name[i];
  }
  return {out, n};
}

std::string_view trimmed(std::string_view value) {
  for (;;) {
    if (value.starts_with('+'))
      value.remove_prefix(1);
    else if (value.starts_with("%20"))
      value.remove_prefix(3);
    else
      break;
  }
  for (;;) {
    if (value.ends_with('+'))
      value.remove_suffix(1);
    else if (value.ends_with("%20"))
      value.remove_suffix(3);
    else
      return value;
  }
}

// ASCII letters only, escaped ones too; other escapes stay as they are.
std::string_view lowered(std::string_view value, Arena& arena) {
  char* const out = arena.take(value.size());
  std::size_t n = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const int byte = escaped_byte(value, i);
    if (byte >= 'A' && byte <= 'Z') {
      out[n++] = to_lower(static_cast<char>(byte));
      i += 2;
    } else if (byte >= 0) {
      for (std::size_t end = i + 3; i < end; ++i) out[n++] = value[i];
      --i;
    } else {
      out[n++] = to_lower(value[i]);
    }
  }
  return {out, n};
}

bool counts(const KeySpec& spec, std::string_view name) {
  if (spec.query_mode == KeySpec::Query::all) return true;
  const bool listed = std::find(spec.query.begin(), spec.query.end(), name) != spec.query.end();
  return listed == (spec.query_mode == KeySpec::Query::only);
}

const KeySpec::Normalise* rule_for(const KeySpec& spec, std::string_view name) {
  for (const auto& [rule_name, rule] : spec.normalise) {
    if (rule_name == name) return &rule;
  }
  return nullptr;
}

std::string_view normalised(const KeySpec& spec, const Pair& pair, Arena& arena) {
  const auto* rule = rule_for(spec, pair.name);
  const auto equals = pair.text.find('=');
  if (rule == nullptr || equals == std::string_view::npos) return pair.text;
  const auto name = pair.text.substr(0, equals + 1);
  auto value = pair.text.substr(equals + 1);
  if (rule->trim) value = trimmed(value);
  if (rule->lower) value = lowered(value, arena);
  return value == pair.text.substr(equals + 1) ? pair.text : arena.join(name, value);
}

std::span<Pair> room_for(std::size_t count, Arena& arena) {
  std::size_t bytes = count * sizeof(Pair) + alignof(Pair);
  void* at = arena.take(bytes);
  at = std::align(alignof(Pair), count * sizeof(Pair), at, bytes);
  auto* const first = static_cast<Pair*>(at);
  std::uninitialized_default_construct_n(first, count);
  return {first, count};
}

std::span<Pair> sorted_pairs(const KeySpec& spec, std::string_view query, Arena& arena) {
  const auto most = static_cast<std::size_t>(std::count(query.begin(), query.end(), '&')) + 1;
  const auto pairs = room_for(most, arena);
  std::size_t count = 0;
  for_each_query_pair(query, [&](std::string_view name, std::string_view text) {
    Pair pair{decoded(name, arena), text, count};
    if (!counts(spec, pair.name)) return;
    pair.text = normalised(spec, pair, arena);
    pairs[count++] = pair;
  });
  const auto kept = pairs.first(count);
  std::sort(kept.begin(), kept.end(),
            [](const Pair& a, const Pair& b) { return a.name != b.name ? a.name < b.name : a.place < b.place; });
  return kept;
}

// Nothing to do, as with most queries: no empty pair, and names, none of them escaped, that come in order.
bool is_in_form(const KeySpec& spec, std::string_view query) {
  if (spec.query_mode != KeySpec::Query::all || !spec.normalise.empty()) return false;
  if (query.starts_with('&') || query.ends_with('&')) return false;
  std::string_view last;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    const auto name = pair.substr(0, pair.find('='));
    if (end == 0 || name < last || name.find_first_of("%+") != std::string_view::npos) return false;
    last = name;
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return true;
}

std::string_view joined(std::span<const Pair> pairs, std::size_t most, Arena& arena) {
  char* const out = arena.take(most);
  char* at = out;
  for (const Pair& pair : pairs) {
    if (at != out) *at++ = '&';
    at = std::copy(pair.text.begin(), pair.text.end(), at);
  }
  return {out, static_cast<std::size_t>(at - out)};
}

}  // namespace

QueryForm query_form(const KeySpec& spec, std::string_view query, bool has_query, Arena& arena) {
  const bool whole = spec.query_mode == KeySpec::Query::all;
  if (query.empty()) return {{}, has_query && whole};
  if (is_in_form(spec, query)) return {query, true};
  const auto pairs = sorted_pairs(spec, query, arena);
  if (pairs.empty()) return {{}, whole};
  return {joined(pairs, query.size(), arena), true};
}

}  // namespace weir
