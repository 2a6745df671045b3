// TlsResumption: the sessions that one server gave, for later handshakes that cost less. What resumes one is not
// verified again: they are only for connections with the same context to the same name. One loop.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>

using SSL_SESSION = struct ssl_session_st;  // as <openssl/types.h> has it

namespace weir {

class TlsResumption {
 public:
  struct Free {
    void operator()(SSL_SESSION* session) const;
  };
  using Session = std::unique_ptr<SSL_SESSION, Free>;

  void keep(Session session);
  // The newest of those that weren't used yet and still hold, else one that was, else null. That two connections are
  // one and the same proxy's is no secret (RFC 8446 appendix C.4), and not every server gives a new one each time.
  Session take();

 private:
  static constexpr std::size_t kKept = 8;
  std::deque<Session> kept_;  // the used ones first, the newest last
};

}  // namespace weir
