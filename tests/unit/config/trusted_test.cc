// Who may say who the client is: networks so large that strangers are in them are warned of.
#include "proxy/config/load.h"
#include "tests/support/catch.h"

namespace weir {
namespace {

std::string said_of(const std::string& ranges) {
  const std::string text =
      "client: { trusted_proxies: [ " + ranges + " ] }\nupstreams: { api: { servers: http://a } }\n";
  return text_of(load_text("f", text, [](const std::string&) { return std::nullopt; }).diagnostics);
}

TEST_CASE("everybody in two halves is everybody") {
  CHECK(said_of("0.0.0.0/1, 128.0.0.0/1") ==
        "f:1:30: warning: anybody in 0.0.0.0/1 may say here who he is (the addresses of your balancers)\n"
        "f:1:41: warning: anybody in 128.0.0.0/1 may say here who he is (the addresses of your balancers)\n");
  CHECK(said_of("0.0.0.0/0") == "f:1:30: warning: anybody may say here who he is (the addresses of your balancers)\n");
}

TEST_CASE("what strangers come from is warned of, an operator's own network isn't") {
  for (const char* wide : {"10.0.0.0/7", "64.0.0.0/2", "\"::ffff:0:0/97\"", "\"::/1\"", "\"2000::/3\"", "\"2001::/15\"",
                           "\"::/80\"", "\"f000::/4\"", "\"fe00::/9\"", "\"::/0\""}) {
    CAPTURE(wide);
    CHECK(said_of(wide).find("may say here who he is") != std::string::npos);
  }
  for (const char* own : {"10.0.0.0/8", "172.16.0.0/12", "192.0.2.1", "\"fc00::/7\"", "\"fd00::/8\"", "\"fe80::/10\"",
                          "\"2001:db8::/32\"", "\"2001::/16\"", "\"::1\"", "\"::ffff:10.0.0.0/104\"", "\"::/97\""}) {
    CAPTURE(own);
    CHECK(said_of(own).empty());
  }
}

}  // namespace
}  // namespace weir
