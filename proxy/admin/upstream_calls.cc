// The servers behind: how busy each is, whether it can be reached, and taking one out.
#include <array>

#include "proxy/admin/calls.h"
#include "proxy/admin/json_body.h"
#include "proxy/admin/parameters.h"
#include "proxy/base/text.h"
#include "proxy/http/uri.h"

namespace weir {
namespace {

std::string_view word(OriginServer::State state) {
  constexpr std::array<std::string_view, 4> kWords{"ok", "failing", "unresolved", "drained"};
  return kWords[static_cast<std::size_t>(state)];
}

constexpr std::array<std::string_view, 3> kSpoken{"", "h1", "h2"};

void write_server(JsonWriter& json, const OriginServer& server) {
  json.begin_object().field("server", server.options().text).field("status", word(server.state()));
  const auto address = server.address();
  json.field("address", address ? address->text() : std::string());
  if (!address) json.field("why", address.error().detail);
  json.field("drained", server.drained()).field("busy", server.busy()).field("queued", std::uint64_t{server.queued()});
  json.field("protocol", kSpoken[static_cast<std::size_t>(server.spoken.load())]);
  json.field("connections", server.open.load()).field("connects", server.connects.load());
  if (server.options().tls) {
    const std::string& name = server.tls().server_name;
    json.key("tls").begin_object().field("verified", !server.unverified());
    json.field("server_name", name.empty() ? server.options().host : name);
    json.field("handshakes", server.handshakes.load()).field("resumed", server.handshakes_resumed.load()).end_object();
  }
  json.field("requests", server.requests.load()).field("failures", server.failures()).end_object();
}

void write_upstream(JsonWriter& json, const Upstream& upstream) {
  json.begin_object().field("status", upstream_status(upstream)).key("servers").begin_array();
  for (const auto& server : upstream.servers()) write_server(json, *server);
  json.end_array().end_object();
}

// By what the config file says, or by host and port however written.
OriginServer* server_named(const Upstream& upstream, std::string_view text) {
  const auto url = parse_origin_url(text);
  for (const auto& server : upstream.servers()) {
    const auto& options = server->options();
    const bool same = url && url->host == options.host && url->port == options.port && url->path == options.path;
    if (options.text == text || same) return server.get();
  }
  return nullptr;
}

AdminReply no_such_server(const Upstream& upstream, std::string_view text) {
  std::string why = "no server \"" + printable(text.substr(0, 200)) + "\": there are";
  for (const auto& server : upstream.servers()) why += " " + server->options().text;
  return error_reply(404, why);
}

}  // namespace

std::string_view upstream_status(const Upstream& upstream) {
  std::size_t usable = 0;
  for (const auto& server : upstream.servers()) usable += server->state() == OriginServer::State::ok ? 1U : 0U;
  if (usable == upstream.servers().size()) return "ok";
  return usable == 0 ? "down" : "degraded";
}

AdminReply upstreams(const AdminRequest&, AdminContext& context, std::string_view) {
  JsonWriter json;
  json.begin_object();
  for (const auto& upstream : context.services.snapshot()->upstreams) {
    json.key(upstream->options().name);
    write_upstream(json, *upstream);
  }
  json.end_object();
  return json_reply(json);
}

// Requests under way go on; new ones go to the other servers. Holds until the weir is told otherwise, or the upstream's
// part of the config changes.
AdminReply drain_server(const AdminRequest& request, AdminContext& context, std::string_view name) {
  std::optional<std::string> text;
  std::optional<bool> drain;
  const std::array<JsonField, 2> fields{JsonField{"server", &text}, JsonField{"drain", &drain}};
  if (auto done = read_json_object(request.body, fields); !done) return error_reply(400, done.error().detail);
  const auto snapshot = context.services.snapshot();
  std::vector<std::string_view> names;
  for (const auto& upstream : snapshot->upstreams) {
    names.emplace_back(upstream->options().name);
    if (upstream->options().name != name) continue;
    if (!text) return error_reply(400, "which server? {\"server\":\"http://host:port\",\"drain\":true}");
    OriginServer* server = server_named(*upstream, *text);
    if (server == nullptr) return no_such_server(*upstream, *text);
    server->drain(drain.value_or(true));
    JsonWriter json;
    write_upstream(json, *upstream);
    return json_reply(json);
  }
  return error_reply(404, unknown_name("upstream", name, names));
}

}  // namespace weir
