// The last gate before an origin, whatever the protocol: what every request that weir writes must be. What would break
// the grammar is refused here whoever made it.
#pragma once

#include <string_view>

#include "proxy/base/result.h"
#include "proxy/http/h1_codec.h"

namespace weir {

Error unwritable(std::string_view what);
// Its method, target and authority (RFC 9112 §3, RFC 9113 §8.3.1), and that it ends before its connection does.
Result<void> may_write(const H1RequestLine& line, Framing framing);
// Also a length of none is said aloud where content is expected (RFC 9110 §8.6).
bool says_length(std::string_view method, Framing framing) noexcept;

}  // namespace weir
