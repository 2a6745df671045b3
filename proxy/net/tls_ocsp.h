// OcspFile: what a CA says of one certificate of ours (OCSP, RFC 6960), from a file that somebody else keeps fresh. It
// is stapled to the handshakes of clients that ask for it, so that none of them has to ask the CA.
//
// Only what says "good" of this very certificate is ever stapled, and only between its thisUpdate and nextUpdate, by
// the clock at that handshake. A client refuses what is too old as it refuses a forgery; without any it goes on.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/net/tls_certificate.h"

namespace weir {

struct OcspResponse {
  std::string der;
  WallTime begins = 0, ends = 0;

  bool holds(WallTime now) const;
};

class OcspFile {
 public:
  // Reads the file; `findings` gets what keeps it from being of use, now or soon, under that `number`.
  OcspFile(std::string file, const TlsCertificate& certificate, WallTime now, std::size_t number,
           TlsFindings& findings);

  const std::string& file() const { return file_; }
  const X509* leaf() const { return leaf_.get(); }

  // Any thread. Null where there is none, whether or not it holds.
  std::shared_ptr<const OcspResponse> response() const;

  // One thread: reads the file again if it has changed. What came is used where it can be, else what was there goes on
  // until its end; only one that says "revoked" ends it. Gives what is to be said of that, once.
  std::optional<std::string> look(WallTime now);

 private:
  struct Stamp {  // of the file
    std::int64_t device = 0, inode = 0, size = -1, changed = 0, changed_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  Stamp stamp() const;
  std::shared_ptr<const OcspResponse> read(WallTime now, std::size_t number, TlsFindings& findings,
                                           bool& revoked) const;

  const std::string file_;
  const X509Ptr leaf_, issuer_;  // the issuer may be null: not in the chain
  Stamp seen_;                   // of what was read last and understood; the one thread only
  std::string said_;
  mutable std::mutex mutex_;
  std::shared_ptr<const OcspResponse> response_;  // guarded by it
};

}  // namespace weir
