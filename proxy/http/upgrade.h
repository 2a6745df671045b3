// Upgrade (RFC 9110 §7.8): which other protocol a connection may go over to. Words only; the tunnel itself is
// fetch/relay.cc and exchange/tunnel.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir {

// A protocol that Upgrade may name: a token, with a version or without: "websocket", "foo/2".
bool is_upgrade_protocol(std::string_view text) noexcept;

// Of what a client offers (a list, its favourite first), the first that is allowed; `allowed` is in lower case. Empty:
// none is, or the list is none.
std::string_view choose_upgrade(std::string_view offered, const std::vector<std::string>& allowed) noexcept;

}  // namespace weir
