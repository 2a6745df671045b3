// `weir reload`: has a running weir read its config file anew; a bad one changes nothing.
#include <cstdio>

#include "proxy/cli/calls.h"
#include "proxy/cli/client.h"
#include "proxy/cli/json.h"

namespace weir {

int reload_call(const Arguments& arguments) {
  const auto client = AdminClient::from(arguments);
  if (!client) return wrong_usage("reload", client.error().detail);
  const auto answer = client->ask("POST", "/admin/reload");
  if (!answer) return failed("reload", answer.error().detail);
  const auto json = JsonValue::parse(*answer);
  if (!json) return failed("reload", json.error().detail);
  std::printf("reloaded: %s\n", json->text("summary").c_str());
  return 0;
}

}  // namespace weir
