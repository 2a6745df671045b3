// `weir stats`: one look at a running weir.
#include <cstdio>

#include "proxy/cli/calls.h"
#include "proxy/cli/client.h"
#include "proxy/cli/figures.h"

namespace weir {
namespace {

void print(const std::vector<std::string>& lines) {
  for (const auto& line : lines) std::printf("%s\n", line.c_str());
}

}  // namespace

int stats_call(const Arguments& arguments) {
  const auto client = AdminClient::from(arguments);
  if (!client) return wrong_usage("stats", client.error().detail);
  const auto answer = client->ask("GET", "/admin/cache/stats");
  if (!answer) return failed("stats", answer.error().detail);
  if (arguments.has("json")) {
    std::fputs(answer->c_str(), stdout);
    return 0;
  }
  const auto json = JsonValue::parse(*answer);
  if (!json) return failed("stats", json.error().detail);
  print(summary_lines(*json));
  std::printf("\n");
  print(route_lines(*json, false));
  return 0;
}

}  // namespace weir
