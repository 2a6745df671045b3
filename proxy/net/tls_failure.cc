// OpenSSL's reasons, sorted; see tls_failure.h.
#include "proxy/net/tls_failure.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace weir {

TlsFailure tls_failure(bool ended) {
  const unsigned long error = ERR_peek_error();
  if (error == 0 || ERR_GET_LIB(error) != ERR_LIB_SSL) return ended ? TlsFailure::closed : TlsFailure::other;
  const int reason = ERR_GET_REASON(error);
  if (reason >= SSL_AD_REASON_OFFSET) return TlsFailure::refused;  // an alert of the client's
  switch (reason) {
    case SSL_R_UNEXPECTED_EOF_WHILE_READING: return TlsFailure::closed;
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_BAD_RECORD_TYPE:
    case SSL_R_UNEXPECTED_RECORD:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_LENGTH_MISMATCH: return TlsFailure::not_tls;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_INAPPROPRIATE_FALLBACK: return TlsFailure::version;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS: return TlsFailure::nothing_in_common;
    case SSL_R_NO_APPLICATION_PROTOCOL: return TlsFailure::protocol;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_CERTIFICATE_VERIFY_FAILED: return TlsFailure::certificate;
    default: return ended ? TlsFailure::closed : TlsFailure::other;
  }
}

}  // namespace weir
