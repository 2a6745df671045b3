// `weir purge`: tells a running weir what is no longer valid.
#include "proxy/base/json.h"
#include "proxy/base/units.h"
#include "proxy/cli/calls.h"
#include "proxy/cli/client.h"
#include "proxy/cli/json.h"

namespace weir {
namespace {

constexpr std::string_view kName = "purge";

void write_list(JsonWriter& json, std::string_view name, const std::vector<std::string>& list) {
  if (list.empty()) return;
  json.key(name).begin_array();
  for (const auto& one : list) json.value(one);
  json.end_array();
}

std::string body_of(const Arguments& arguments) {
  JsonWriter json;
  json.begin_object();
  write_list(json, "tags", arguments.values("tag"));
  write_list(json, "urls", arguments.values("url"));
  for (const std::string_view name : {"prefix", "pattern", "wait"}) {
    if (const auto value = arguments.value(name)) json.field(name, *value);
  }
  if (arguments.has("all")) json.field("all", true);
  if (arguments.has("soft")) json.field("soft", true);
  json.end_object();
  return json.take();
}

// What is wrong with the words of the call, or nothing.
std::string wrong_with(const Arguments& arguments) {
  std::size_t kinds = 0;
  for (const std::string_view name : {"tag", "url", "prefix", "pattern", "all"}) kinds += arguments.has(name) ? 1U : 0U;
  if (kinds == 0) return "purge what? --tag, --url, --prefix, --pattern or --all";
  for (const std::string_view name : {"prefix", "pattern"}) {
    if (arguments.values(name).size() > 1) return "--" + std::string(name) + " can be given once";
  }
  if (const auto wait = arguments.value("wait")) {
    if (const auto duration = parse_duration(*wait); !duration) return "--wait: " + duration.error().detail;
  }
  return {};
}

}  // namespace

int purge_call(const Arguments& arguments) {
  if (const auto wrong = wrong_with(arguments); !wrong.empty()) return wrong_usage(kName, wrong);
  const auto client = AdminClient::from(arguments);
  if (!client) return wrong_usage(kName, client.error().detail);
  const auto answer = client->ask("POST", "/admin/cache/invalidate", body_of(arguments));
  if (!answer) return failed(kName, answer.error().detail);
  const auto json = JsonValue::parse(*answer);
  if (!json) return failed(kName, json.error().detail);
  std::printf("%s at position %llu\n", arguments.has("soft") ? "marked stale" : "invalidated",
              static_cast<unsigned long long>(json->count("position")));
  std::string missing;
  for (const auto& node : (*json)["missing"].items()) missing += " " + node.text();
  return missing.empty() ? 0 : failed(kName, "not applied in time by" + missing);
}

}  // namespace weir
