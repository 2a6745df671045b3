// How bad for the config file is what was found in a file that it names: for certificates.h and origin_tls.h.
#pragma once

#include "proxy/config/place.h"
#include "proxy/net/tls_certificate.h"

namespace weir {

constexpr Diagnostic::Severity severity_of(TlsFinding::Weight weight) {
  switch (weight) {
    case TlsFinding::Weight::warning: return Diagnostic::Severity::warning;
    case TlsFinding::Weight::expired: return Diagnostic::Severity::expired;
    case TlsFinding::Weight::error: break;
  }
  return Diagnostic::Severity::error;
}

}  // namespace weir
