// The opening handshake of WebSocket (RFC 6455 §4), as far as who stands between must know it: the key that a client
// makes up, and the proof that the server read it. Stands here for the hash that it takes.
#pragma once

#include <string>
#include <string_view>

namespace weir {

bool is_websocket_key(std::string_view text) noexcept;  // base64 of 16 bytes
std::string make_websocket_key();                       // for a client that needs none (RFC 8441)
// What Sec-WebSocket-Accept must say to that key.
std::string websocket_accept(std::string_view key);

}  // namespace weir
