// Checksums, HMACs and names; see seal.h.
#include "proxy/shared/seal.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "proxy/base/check.h"
#include "proxy/base/hash.h"
#include "proxy/base/random.h"
#include "proxy/base/text.h"

namespace weir {
namespace {

void put_little_endian(std::uint64_t number, char* to) {
  for (unsigned shift = 0; shift < 64; shift += 8) *to++ = static_cast<char>(number >> shift);
}

}  // namespace

void Seal::FreeMac::operator()(evp_mac_ctx_st* mac) const noexcept {
  EVP_MAC_CTX_free(mac);
}

Seal::Seal(std::string_view secret) {
  if (secret.empty()) return;
  EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  WEIR_CHECK(hmac != nullptr);
  keyed_.reset(EVP_MAC_CTX_new(hmac));
  EVP_MAC_free(hmac);
  std::array<char, 7> digest{"SHA256"};
  const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                              OSSL_PARAM_construct_end()};
  WEIR_CHECK(keyed_ && EVP_MAC_init(keyed_.get(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
                                    parameters.data()) == 1);
}

Seal::~Seal() = default;

Sha256 Seal::mac_of(char kind, std::span<const std::string_view> parts) const {
  const Mac mac(EVP_MAC_CTX_dup(keyed_.get()));
  WEIR_CHECK(mac != nullptr);
  const auto add = [&](std::string_view bytes) {
    WEIR_CHECK(EVP_MAC_update(mac.get(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1);
  };
  add({&kind, 1});
  for (const auto part : parts) add(part);
  Sha256 out{};
  std::size_t size = 0;
  WEIR_CHECK(EVP_MAC_final(mac.get(), out.data(), &size, out.size()) == 1 && size == out.size());
  return out;
}

Seal::Tag Seal::of(Purpose purpose, std::span<const std::string_view> parts) const {
  Tag tag{};
  const char kind = static_cast<char>(purpose);
  if (keyed_) {
    const Sha256 mac = mac_of(kind, parts);
    for (std::size_t i = 0; i < tag.size(); ++i) tag[i] = static_cast<char>(mac[i]);
    return tag;
  }
  Fingerprint print;
  print.add({&kind, 1});
  for (const auto part : parts) print.add(part);
  const Digest digest = print.digest();
  put_little_endian(digest.low, tag.data());
  put_little_endian(digest.high, tag.data() + 8);
  return tag;
}

bool Seal::holds(std::string_view tag, Purpose purpose, std::span<const std::string_view> parts) const {
  const Tag own = of(purpose, parts);
  return equals_constant_time(tag, {own.data(), own.size()});
}

std::string Seal::name_of(char kind, std::span<const std::string_view> parts) const {
  std::string bytes;
  for (const auto part : parts) {
    std::array<char, 8> length{};
    put_little_endian(part.size(), length.data());
    bytes.append(length.data(), length.size()).append(part);
  }
  const std::string_view all = bytes;
  const Sha256 hash = keyed_ ? mac_of(kind, {&all, 1}) : sha256(kind + bytes);
  std::string name;
  for (std::size_t i = 0; i < 16; ++i) {
    name.push_back("0123456789abcdef"[hash[i] >> 4]);
    name.push_back("0123456789abcdef"[hash[i] & 15]);
  }
  return name;
}

std::string random_id() {
  const auto digits = hex_of(Digest{random64(), random64()});
  return {digits.data(), digits.size()};
}

}  // namespace weir
