// What OpenSSL makes, freed by its own functions, and its errors as words. Only for the .cc files of this folder and
// headers that they alone read.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace weir {

template <auto kFree>
struct OpenSslFree {
  template <class T>
  void operator()(T* made) const {
    kFree(made);
  }
};

using X509Ptr = std::unique_ptr<X509, OpenSslFree<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, OpenSslFree<BIO_free_all>>;
using ContextPtr = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>>;

// Before a call whose failure is to be told by openssl_reason().
inline void forget_openssl_errors() {
  ERR_clear_error();
  errno = 0;
}

inline std::string openssl_reason() {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  return text == nullptr ? "unknown error" : text;
}

}  // namespace weir
