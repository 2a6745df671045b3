// TlsFailure: why a client's handshake came to nothing, as few words as a metric may have.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

enum class TlsFailure : std::uint8_t {
  not_tls,            // what came is no TLS
  version,            // older than what is spoken here
  nothing_in_common,  // no cipher, group or signature that both know
  protocol,           // it wants another protocol than HTTP (ALPN)
  certificate,        // its certificate is missing, or not trusted
  refused,            // it said no to us, as where it doesn't trust our certificate
  closed,             // it went away in the middle
  timeout,
  other,
};

inline constexpr std::array<std::string_view, 9> kTlsFailureWords{
    "not_tls", "version", "nothing_in_common", "protocol", "certificate", "refused", "closed", "timeout", "other"};

constexpr std::string_view word_of(TlsFailure failure) {
  return kTlsFailureWords[static_cast<std::size_t>(failure)];
}

// From what OpenSSL says of the last call on this thread. `ended`: the connection is over.
TlsFailure tls_failure(bool ended);

}  // namespace weir
