// Sessions to go on from; see tls_resumption.h.
#include "proxy/net/tls_resumption.h"

#include <openssl/ssl.h>

#include <ctime>
#include <utility>

namespace weir {
namespace {

bool holds(const SSL_SESSION* session) {
  return SSL_SESSION_is_resumable(session) == 1 &&
         SSL_SESSION_get_time(session) + SSL_SESSION_get_timeout(session) > std::time(nullptr);
}

}  // namespace

void TlsResumption::Free::operator()(SSL_SESSION* session) const {
  SSL_SESSION_free(session);
}

void TlsResumption::keep(Session session) {
  if (kept_.size() >= kKept) kept_.pop_front();
  kept_.push_back(std::move(session));
}

TlsResumption::Session TlsResumption::take() {
  while (!kept_.empty()) {
    Session newest = std::move(kept_.back());
    kept_.pop_back();
    if (!holds(newest.get())) continue;
    Session given(SSL_SESSION_dup(newest.get()));  // OpenSSL spoils the one that it resumes, so that it is used once
    kept_.push_front(std::move(newest));
    return given;
  }
  return nullptr;
}

}  // namespace weir
