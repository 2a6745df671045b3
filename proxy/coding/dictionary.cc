// Hash, tables and training of dictionaries; see dictionary.h. RFC 9842 wants the bytes taken as raw content: what
// zdict puts before them (entropy tables) would be dead weight in both caches, so only the content of what it trains is
// kept.
#define ZSTD_STATIC_LINKING_ONLY  // ZSTD_createCDict_advanced
#include "proxy/coding/dictionary.h"

#include <openssl/evp.h>
#include <zdict.h>
#include <zstd.h>

#include <algorithm>
#include <vector>

#include "proxy/base/check.h"
#include "proxy/base/units.h"

namespace weir {
namespace {

constexpr std::size_t kMostBytes = 1_MiB;
constexpr std::size_t kBase64 = 44;  // of 32 bytes

using Base64 = std::array<unsigned char, kBase64 + 1>;  // OpenSSL adds a NUL

Base64 base64_of(const Sha256& hash) noexcept {
  Base64 text{};
  WEIR_CHECK(EVP_EncodeBlock(text.data(), hash.data(), static_cast<int>(hash.size())) == static_cast<int>(kBase64));
  return text;
}

std::string_view view_of(const Base64& text) noexcept {
  return {reinterpret_cast<const char*>(text.data()), kBase64};
}

std::string make_dcz_header(const Sha256& hash) {
  constexpr std::string_view kMagic("\x5e\x2a\x4d\x18\x20\0\0\0", 8);  // a skippable frame of 32 bytes
  return std::string(kMagic).append(reinterpret_cast<const char*>(hash.data()), hash.size());
}

Error cannot_train(std::string why) {
  return Error{Side::internal, Code::unavailable, "no dictionary could be trained: " + std::move(why)};
}

}  // namespace

Sha256 sha256(std::string_view bytes) noexcept {
  Sha256 hash{};
  unsigned size = 0;
  WEIR_CHECK(EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size, EVP_sha256(), nullptr) == 1);
  WEIR_CHECK(size == hash.size());
  return hash;
}

std::string available_dictionary_text(const Sha256& hash) {
  return std::string(":").append(view_of(base64_of(hash))).append(":");
}

std::optional<Sha256> parse_available_dictionary(std::string_view value) noexcept {
  if (value.size() != kBase64 + 2 || value.front() != ':' || value.back() != ':') return std::nullopt;
  const auto text = value.substr(1, kBase64);
  std::array<unsigned char, kBase64 / 4 * 3> bytes{};  // 33: OpenSSL counts the padding as a byte
  const auto* from = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_DecodeBlock(bytes.data(), from, static_cast<int>(text.size())) != static_cast<int>(bytes.size())) {
    return std::nullopt;
  }
  Sha256 hash{};
  std::copy_n(bytes.begin(), hash.size(), hash.begin());
  // OpenSSL is lenient; what does not come out again as it went in was not canonical.
  if (view_of(base64_of(hash)) != text) return std::nullopt;
  return hash;
}

Result<std::shared_ptr<const Dictionary>> Dictionary::make(std::string bytes) {
  if (bytes.empty()) return Error{Side::internal, Code::malformed, "a dictionary without bytes"};
  if (bytes.size() > kMostBytes) return Error{Side::internal, Code::too_large, "a dictionary of more than 1 MiB"};
  return std::shared_ptr<const Dictionary>(std::make_shared<Dictionary>(std::move(bytes)));
}

Dictionary::Dictionary(std::string bytes)
    : bytes_(std::move(bytes)),
      hash_(sha256(bytes_)),
      available_text_(available_dictionary_text(hash_)),
      dcz_header_(make_dcz_header(hash_)) {}

Dictionary::~Dictionary() = default;

void Dictionary::FreeTables::operator()(ZSTD_CDict_s* tables) const noexcept {
  ZSTD_freeCDict(tables);
}

// The lock is held while tables are made, so that nobody makes them twice: it takes a few milliseconds, and whoever
// else wants this dictionary needs them too.
const ZSTD_CDict_s* Dictionary::tables(int level) const {
  const std::lock_guard lock(mutex_);
  auto& tables = tables_[level];
  if (!tables) {
    const auto parameters = ZSTD_getCParams(level, 0, bytes_.size());
    tables.reset(ZSTD_createCDict_advanced(bytes_.data(), bytes_.size(), ZSTD_dlm_byRef, ZSTD_dct_rawContent,
                                           parameters, ZSTD_defaultCMem));
  }
  return tables.get();
}

std::size_t Dictionary::footprint() const {
  std::size_t bytes = sizeof *this + bytes_.capacity() + available_text_.capacity() + dcz_header_.capacity();
  const std::lock_guard lock(mutex_);
  for (const auto& [level, tables] : tables_) bytes += ZSTD_sizeof_CDict(tables.get());
  return bytes;
}

Result<std::string> train_dictionary(std::span<const std::string_view> samples, std::size_t capacity) {
  std::string joined;
  std::vector<std::size_t> sizes;
  for (const auto sample : samples) {
    joined.append(sample);
    sizes.push_back(sample.size());
  }
  capacity = std::min(capacity, kMostBytes);
  std::string trained(capacity, '\0');
  const std::size_t size = ZDICT_trainFromBuffer(trained.data(), trained.size(), joined.data(), sizes.data(),
                                                 static_cast<unsigned>(sizes.size()));
  if (ZDICT_isError(size) != 0) return cannot_train(ZDICT_getErrorName(size));
  const std::size_t header = ZDICT_getDictHeaderSize(trained.data(), size);
  if (ZDICT_isError(header) != 0 || header >= size) return cannot_train("zdict gave none");
  return trained.substr(header, size - header);
}

}  // namespace weir
