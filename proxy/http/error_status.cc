// Error → status; see error_status.h. The request parser and the body limit know their own statuses (431, 413 …).
#include "proxy/http/error_status.h"

namespace weir {
namespace {

int client_status(Code code) noexcept {
  switch (code) {
    case Code::too_large: return 413;
    case Code::timeout: return 408;
    case Code::unsupported: return 501;
    case Code::denied: return 403;
    case Code::not_found: return 404;
    case Code::unavailable: return 503;
    case Code::internal: return 500;
    case Code::malformed:
    case Code::refused:
    case Code::closed: return 400;
  }
  return 400;
}

int origin_status(Code code) noexcept {
  if (code == Code::timeout) return 504;
  return code == Code::unavailable ? 503 : 502;
}

}  // namespace

int status_of(const Error& error) noexcept {
  switch (error.side) {
    case Side::client: return client_status(error.code);
    case Side::origin: return origin_status(error.code);
    case Side::redis:  // a sick cache tier is a miss: this is never asked
    case Side::config:
    case Side::internal: return 500;
  }
  return 500;
}

}  // namespace weir
