// Keys of session tickets; see tls_tickets.h.
#include "proxy/net/tls_tickets.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>

#include "proxy/base/check.h"
#include "proxy/net/tls_certificate.h"

namespace weir {
namespace {

constexpr std::size_t kMostKeys = 3;

int place_in_context() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

bool set_mac_key(EVP_MAC_CTX* mac, const TlsTickets::Key& key) {
  char digest[] = "SHA256";
  std::array<unsigned char, 32> bytes = key.mac;
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, bytes.data(), bytes.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  const bool set = EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return set;
}

// For OpenSSL: 1 done, 2 done but seal it anew, 0 not one of ours (or, sealing: no ticket), -1 broken.
int seal_or_open(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                 int sealing) noexcept {
  auto* const tickets = static_cast<TlsTickets*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), place_in_context()));
  const Time now = MonotonicClock::now();
  if (sealing == 1) {
    const auto key = tickets->newest(now);
    if (!key || RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return 0;
    std::memcpy(name, key->name.data(), key->name.size());
    const bool done =
        EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) == 1 && set_mac_key(mac, *key);
    return done ? 1 : -1;
  }
  const auto found = tickets->find(std::span<const unsigned char, 16>(name, 16), now);
  if (!found) return 0;
  if (!set_mac_key(mac, found->key) ||
      EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, found->key.cipher.data(), iv) != 1)
    return -1;
  return found->newest ? 1 : 2;
}

// A session that rests on a client's certificate ends with it.
SSL_TICKET_RETURN take_session(SSL*, SSL_SESSION* session, const unsigned char*, std::size_t, SSL_TICKET_STATUS status,
                               void*) noexcept {
  const bool opened = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
  if (!opened) return SSL_TICKET_RETURN_IGNORE_RENEW;
  const X509* shown = SSL_SESSION_get0_peer(session);
  if (shown != nullptr && wall_time_of(X509_get0_notAfter(shown)) <= wall_now()) return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

}  // namespace

TlsTickets::~TlsTickets() {
  for (Key& key : keys_) OPENSSL_cleanse(&key, sizeof key);
}

TlsTickets& TlsTickets::of_process() {
  static TlsTickets tickets;
  return tickets;
}

void TlsTickets::renew(Time now) {
  while (!keys_.empty() && now - keys_.back().born >= 3 * kSeals) {
    OPENSSL_cleanse(&keys_.back(), sizeof(Key));
    keys_.pop_back();
  }
  if (!keys_.empty() && now - keys_.front().born < kSeals) return;
  Key key;
  key.born = now;
  for (const std::span<unsigned char> part :
       {std::span<unsigned char>(key.name), std::span<unsigned char>(key.cipher), std::span<unsigned char>(key.mac)}) {
    if (RAND_bytes(part.data(), static_cast<int>(part.size())) != 1) return;
  }
  if (keys_.size() == kMostKeys) {
    OPENSSL_cleanse(&keys_.back(), sizeof(Key));
    keys_.pop_back();
  }
  keys_.reserve(kMostKeys);  // keys don't move about in memory
  keys_.insert(keys_.begin(), key);
}

std::optional<TlsTickets::Key> TlsTickets::newest(Time now) {
  const std::lock_guard lock(mutex_);
  renew(now);
  if (keys_.empty()) return std::nullopt;
  return keys_.front();
}

std::optional<TlsTickets::Found> TlsTickets::find(std::span<const unsigned char, 16> name, Time now) {
  const std::lock_guard lock(mutex_);
  renew(now);
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) {
    return CRYPTO_memcmp(key.name.data(), name.data(), name.size()) == 0;
  });
  if (found == keys_.end()) return std::nullopt;
  return Found{*found, found == keys_.begin()};
}

void TlsTickets::serve(SSL_CTX* context) {
  WEIR_CHECK(SSL_CTX_set_ex_data(context, place_in_context(), this) == 1);
  WEIR_CHECK(SSL_CTX_set_tlsext_ticket_key_evp_cb(context, seal_or_open) == 1);
  WEIR_CHECK(SSL_CTX_set_session_ticket_cb(context, nullptr, take_session, nullptr) == 1);
}

}  // namespace weir
