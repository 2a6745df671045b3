// Certificates of CAs, as PEM files name them whom weir trusts: what is to be said of them beside what reading them
// says. Of those who sign the clients' certificates and of those who sign the origins' alike.
#pragma once

#include <string>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/net/tls_certificate.h"

namespace weir {

// Those that are over, or soon will be: TlsFinding::Option::client_ca.
void look_at_authorities(const std::vector<X509Ptr>& authorities, const std::string& file, WallTime now,
                         TlsFindings& findings);

// "CN=a,O=b" (RFC 2253).
std::string subject_of(X509* certificate);

}  // namespace weir
