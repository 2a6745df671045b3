// The handshake's words; see websocket.h.
#include "proxy/net/websocket.h"

#include <openssl/evp.h>

#include <array>
#include <cstring>
#include <span>

#include "proxy/base/check.h"
#include "proxy/base/random.h"
#include "proxy/http/grammar.h"

namespace weir {
namespace {

constexpr std::string_view kSalt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 §1.3
constexpr CharSet kBase64Chars = CharSet(kAlphaDigit).add("+/");
constexpr std::size_t kKeyDigits = 22;  // of 16 bytes, before the two '='

std::string base64(std::span<const unsigned char> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL adds a NUL
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace

bool is_websocket_key(std::string_view text) noexcept {
  return text.size() == kKeyDigits + 2 && text.ends_with("==") && kBase64Chars.covers(text.substr(0, kKeyDigits));
}

std::string make_websocket_key() {
  const std::array<std::uint64_t, 2> numbers{random64(), random64()};
  std::array<unsigned char, sizeof numbers> bytes{};
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return base64(bytes);
}

std::string websocket_accept(std::string_view key) {
  const std::string salted = std::string(key).append(kSalt);
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  WEIR_CHECK(EVP_Digest(salted.data(), salted.size(), hash.data(), &size, EVP_sha1(), nullptr) == 1);
  return base64({hash.data(), size});
}

}  // namespace weir
