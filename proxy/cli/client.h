// AdminClient: a call of the command line asks a running weir. Blocking, one connection a call, a deadline on each;
// finds the endpoint by --admin, else WEIR_ADMIN, else http://127.0.0.1:9090, and the token by WEIR_ADMIN_TOKEN.
#pragma once

#include <string>
#include <string_view>

#include "proxy/base/result.h"
#include "proxy/cli/options.h"
#include "proxy/http/uri.h"

namespace weir {

inline constexpr OptionType kAdminOption{"admin", 0, "URL",
                                         "the admin endpoint; else $WEIR_ADMIN, else http://127.0.0.1:9090"};

class AdminClient {
 public:
  static Result<AdminClient> from(const Arguments& arguments);

  // The body of a 2xx answer. Errors name the endpoint, or say what it answered.
  Result<std::string> ask(std::string_view method, std::string_view target, std::string_view json_body = {}) const;

 private:
  AdminClient(std::string url, OriginUrl place, std::string token)
      : url_(std::move(url)), place_(std::move(place)), token_(std::move(token)) {}

  std::string url_;  // as given, for people
  OriginUrl place_;
  std::string token_;
};

// Says on standard error that the call failed; the exit status for it.
int failed(std::string_view call, std::string_view why);
// The same for wrong usage.
int wrong_usage(std::string_view call, std::string_view why);

}  // namespace weir
