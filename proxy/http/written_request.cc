// What weir writes to origins; see written_request.h.
#include "proxy/http/written_request.h"

#include "proxy/base/text.h"
#include "proxy/http/grammar.h"

namespace weir {
namespace {

constexpr CharSet kAuthorityChars = CharSet(kAlphaDigit).add("-._:[]");

bool is_target(std::string_view target) noexcept {
  return (target.starts_with('/') || target == "*") && kTargetChars.covers(target);
}

}  // namespace

Error unwritable(std::string_view what) {
  return Error{Side::internal, Code::malformed, "refused to write " + printable(what)};
}

Result<void> may_write(const H1RequestLine& line, Framing framing) {
  if (!is_token(line.method)) return unwritable("the method");
  if (!is_target(line.target)) return unwritable("the target");
  if (line.authority.empty() || !kAuthorityChars.covers(line.authority)) return unwritable("the authority");
  if (framing == Framing::close) return unwritable("a request that ends with its connection");
  return {};
}

bool says_length(std::string_view method, Framing framing) noexcept {
  if (framing != Framing::none) return framing == Framing::length;
  return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace weir
