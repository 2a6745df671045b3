// Dictionary: the bytes that a client holds already and that dcz refers to (RFC 9842), under the name that both sides
// give them: their SHA-256. Immutable, shared between threads. Which response is whose dictionary is not decided here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/result.h"

struct ZSTD_CDict_s;

namespace weir {

using Sha256 = std::array<unsigned char, 32>;

Sha256 sha256(std::string_view bytes) noexcept;

// As Available-Dictionary says it: a byte sequence of RFC 8941, ":base64=:".
std::string available_dictionary_text(const Sha256& hash);
// Nothing for anything but one canonical byte sequence of 32 bytes without parameters.
std::optional<Sha256> parse_available_dictionary(std::string_view value) noexcept;

class Dictionary {
 public:
  // The 40 bytes that a dcz body begins with.
  static constexpr std::size_t kDczHeader = 40;

  // 1 byte to 1 MiB: at level 3 zstd looks at no more of it than that.
  static Result<std::shared_ptr<const Dictionary>> make(std::string bytes);
  explicit Dictionary(std::string bytes);
  ~Dictionary();
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  std::string_view bytes() const noexcept { return bytes_; }
  const Sha256& hash() const noexcept { return hash_; }
  std::string_view available_text() const noexcept { return available_text_; }
  std::string_view dcz_header() const noexcept { return dcz_header_; }

  // zstd's look-up tables for a level, made at the first need of each; valid as long as this is. Null without memory.
  const ZSTD_CDict_s* tables(int level) const;
  // What it takes of memory now, tables included.
  std::size_t footprint() const;

 private:
  struct FreeTables {
    void operator()(ZSTD_CDict_s* tables) const noexcept;
  };

  const std::string bytes_;
  const Sha256 hash_;
  const std::string available_text_;
  const std::string dcz_header_;

  mutable std::mutex mutex_;
  mutable std::map<int, std::unique_ptr<ZSTD_CDict_s, FreeTables>> tables_;
};

// The bytes, `capacity` at most, that most of the samples have in common, to be served as a dictionary. Wants some
// dozens of samples, together many times the capacity; too few are an error. 4 to 16 KiB serve small JSON best: in more
// the fast levels find no more. Takes 0.1 s for 2,000 small samples: never on an event loop. The same samples give the
// same bytes.
Result<std::string> train_dictionary(std::span<const std::string_view> samples, std::size_t capacity);

}  // namespace weir
