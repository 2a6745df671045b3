// ClientIdentity: who a client is, by the certificate that it showed and weir verified (tls_clients.h).
#pragma once

#include <string>

namespace weir {

struct ClientIdentity {
  std::string name;         // what its certificate calls it: the first URI, else the first DNS name, else its subject
  std::string certificate;  // for origins, as Client-Cert has it (RFC 9440 §2); empty: they aren't told
};

}  // namespace weir
