// The words of WebSocket's handshake.
#include "proxy/net/websocket.h"
#include "tests/support/catch.h"

namespace weir {
namespace {

TEST_CASE("the proof that a server read the key, by the example of RFC 6455 §1.3") {
  CHECK(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("a key is 16 bytes in base64") {
  CHECK(is_websocket_key("dGhlIHNhbXBsZSBub25jZQ=="));
  for (const auto* text : {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZ===",
                           "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j Q=="}) {
    CAPTURE(text);
    CHECK_FALSE(is_websocket_key(text));
  }
  const std::string made = make_websocket_key();
  CHECK(is_websocket_key(made));
  CHECK(made != make_websocket_key());
}

}  // namespace
}  // namespace weir
