// What things are called in Redis. All that belongs to one key carries the key's digest as its hash tag, so that a
// cluster keeps it in one slot and a script may touch it together:
//
//   prefix:{32 hex}:e           the entry, or where the answers vary a note that says by what
//   prefix:{32 hex}:v:32 hex    the entry of one variant
//   prefix:{32 hex}:p:id:n      part n of a large body; the id is drawn anew for each writing
//   prefix:{32 hex}:l           the lease of whoever fetches it; :l:32 hex for one variant
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/shared/seal.h"

namespace weir {

class EntryNames {
 public:
  // `prefix` without braces: those of the digest are to be the only ones.
  EntryNames(std::string prefix, std::shared_ptr<const Seal> seal)
      : prefix_(std::move(prefix)), seal_(std::move(seal)) {}

  // What all names of a key begin with.
  std::string stem(std::string_view key) const { return prefix_ + ":{" + seal_->name_of('k', {&key, 1}) + '}'; }
  static std::string entry(std::string_view stem) { return std::string(stem) + ":e"; }
  static std::string lease(std::string_view stem) { return std::string(stem) + ":l"; }
  static std::string variant(std::string_view stem, std::string_view id) { return joined(stem, ":v:", id); }
  static std::string variant_lease(std::string_view stem, std::string_view id) { return joined(stem, ":l:", id); }
  static std::string part(std::string_view stem, std::string_view id, std::uint32_t n) {
    return joined(stem, ":p:", id) + ':' + std::to_string(n);
  }

  // Which variant: by the request fields that count and their values (vary.h).
  std::string variant_id(std::string_view key, const std::vector<std::string>& names,
                         const std::vector<std::string>& values) const {
    std::vector<std::string_view> parts{key};
    parts.insert(parts.end(), names.begin(), names.end());
    parts.insert(parts.end(), values.begin(), values.end());
    return seal_->name_of('v', parts);
  }

 private:
  static std::string joined(std::string_view stem, std::string_view between, std::string_view id) {
    return std::string(stem).append(between).append(id);
  }

  std::string prefix_;
  std::shared_ptr<const Seal> seal_;
};

}  // namespace weir
