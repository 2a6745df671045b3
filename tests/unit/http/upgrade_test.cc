// Which protocol a connection may go over to.
#include "proxy/http/upgrade.h"
#include "tests/support/catch.h"

namespace weir {
namespace {

TEST_CASE("the first protocol of the client that is allowed is chosen") {
  const std::vector<std::string> allowed{"websocket", "chat/2"};
  CHECK(choose_upgrade("websocket", allowed) == "websocket");
  CHECK(choose_upgrade("WebSocket", allowed) == "WebSocket");
  CHECK(choose_upgrade("other, chat/2, websocket", allowed) == "chat/2");
  CHECK(choose_upgrade("other", allowed).empty());
  CHECK(choose_upgrade("chat", allowed).empty());
  CHECK(choose_upgrade("chat/1", allowed).empty());
  CHECK(choose_upgrade("", allowed).empty());
  CHECK(choose_upgrade("websocket", {}).empty());
}

TEST_CASE("what is no list of protocols chooses nothing, whatever else it names") {
  const std::vector<std::string> allowed{"websocket"};
  for (const auto* list :
       {"websocket, a b", "websocket;q=1", "\"websocket\"", "websocket, /1", "websocket, a/", "a/b/c, websocket"}) {
    CAPTURE(list);
    CHECK(choose_upgrade(list, allowed).empty());
  }
  CHECK(choose_upgrade(",, websocket ,", allowed) == "websocket");
}

}  // namespace
}  // namespace weir
