// The default types, and the matching of patterns; see type_list.h. Allocates only where a configuration is read.
#include "proxy/http/type_list.h"

#include <algorithm>
#include <array>

#include "proxy/base/text.h"
#include "proxy/http/grammar.h"

namespace weir {
namespace {

constexpr std::size_t kLongest = 127;  // RFC 6838 §4.2 allows 127 for each half; real ones are shorter together

// The type without parameters, in lower case. Empty for what is no type.
class LowerType {
 public:
  explicit LowerType(std::string_view content_type) noexcept {
    const auto type = trim(content_type.substr(0, content_type.find(';')));
    const auto slash = type.find('/');
    if (type.size() > kLongest || slash == std::string_view::npos) return;
    if (!is_token(type.substr(0, slash)) || !is_token(type.substr(slash + 1))) return;
    std::transform(type.begin(), type.end(), bytes_.begin(), to_lower);
    size_ = type.size();
  }
  std::string_view view() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::array<char, kLongest> bytes_{};
  std::size_t size_ = 0;
};

// In order, for the search. What text/* and the endings below cover isn't here.
constexpr std::array<std::string_view, 31> kTypes{
    "application/cbor",
    "application/dns-json",
    "application/ecmascript",
    "application/graphql",
    "application/javascript",
    "application/json",
    "application/json-seq",
    "application/jsonl",
    "application/jsonlines",
    "application/ndjson",
    "application/rtf",
    "application/sql",
    "application/toml",
    "application/vnd.apple.mpegurl",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-font-otf",
    "application/x-font-ttf",
    "application/x-javascript",
    "application/x-json",
    "application/x-mpegurl",
    "application/x-ndjson",
    "application/x-sh",
    "application/x-yaml",
    "application/xml",
    "application/yaml",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/vnd.microsoft.icon",
    "image/x-icon",
};
constexpr std::array<std::string_view, 5> kEndings{"+json", "+json-seq", "+text", "+xml", "+yaml"};

constexpr bool in_order() {
  for (std::size_t i = 1; i < kTypes.size(); ++i) {
    if (kTypes[i - 1] >= kTypes[i]) return false;
  }
  return true;
}
static_assert(in_order(), "the search needs kTypes in order");

// Whether some type can match: each half, stars aside, is of the characters of a type.
bool can_match(std::string_view pattern) {
  const auto slash = pattern.find('/');
  if (slash == std::string_view::npos) return pattern.starts_with('*') && kTokenChars.covers(pattern);
  return is_token(pattern.substr(0, slash)) && is_token(pattern.substr(slash + 1));
}

}  // namespace

bool compresses_well(std::string_view content_type) noexcept {
  const LowerType lower_type(content_type);
  const auto type = lower_type.view();
  if (type.starts_with("text/")) return true;
  if (std::binary_search(kTypes.begin(), kTypes.end(), type)) return true;
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) { return type.ends_with(ending); });
}

Result<TypeList> TypeList::parse(std::span<const std::string> patterns) {
  TypeList list;
  for (const std::string& pattern : patterns) {
    if (!can_match(pattern)) {
      return Error{Side::config, Code::malformed,
                   "'" + printable(pattern) + "' is no media type; like application/json, text/*, *+json"};
    }
    list.patterns_.push_back(lower(pattern));
  }
  return list;
}

bool TypeList::has(std::string_view content_type) const noexcept {
  const LowerType type(content_type);
  if (type.view().empty()) return false;
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [&](const std::string& pattern) { return glob_match(pattern, type.view()); });
}

}  // namespace weir
