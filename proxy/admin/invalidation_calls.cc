// What no longer is valid: POST /admin/cache/invalidate and /clear. Each appends records to the invalidation log and
// answers with the log's position once every later look-up sees them.
#include <array>

#include "proxy/admin/calls.h"
#include "proxy/admin/invalidate.h"

namespace weir {
namespace {

int status_for(const Error& error) {
  return error.side == Side::client ? 400 : 503;
}

void write_names(JsonWriter& json, std::string_view name, const std::vector<std::string>& nodes) {
  json.key(name).begin_array();
  for (const auto& node : nodes) json.value(node);
  json.end_array();
}

// 202: in the log, but a failover now could lose it; who knew it would then make everything older invalid.
AdminReply reply_to(const Result<Appended>& appended, bool waited) {
  if (!appended) return error_reply(status_for(appended.error()), appended.error().detail);
  JsonWriter json;
  json.begin_object().field("position", appended->position);
  if (!appended->replicated) json.field("replicated", false);
  if (waited) {
    write_names(json, "applied", appended->applied);
    write_names(json, "missing", appended->missing);
  }
  json.end_object();
  AdminReply reply = json_reply(json);
  if (!appended->replicated) reply.status = 202;
  return reply;
}

}  // namespace

void cache_invalidate(const AdminRequest& request, AdminContext& context, AdminAnswer answer) {
  auto wanted = parse_invalidation(request.body, *context.services.snapshot()->routes);
  if (!wanted) return answer(error_reply(400, wanted.error().detail));
  const bool waited = wanted->wait.has_value();
  context.services.node.log->append(
      std::move(wanted->records), {.everywhere = waited, .patience = wanted->wait.value_or(Duration{})},
      [answer = std::move(answer), waited](Result<Appended> appended) mutable { answer(reply_to(appended, waited)); });
}

// Without a pattern the memory is given back as well; what is still being fetched is covered by the record.
void cache_clear(const AdminRequest& request, AdminContext& context, AdminAnswer answer) {
  auto record = parse_clearing(request.body);
  if (!record) return answer(error_reply(400, record.error().detail));
  Node& node = context.services.node;
  const bool all = record->kind == InvalidationRecord::Kind::all;
  node.log->append({*record}, {}, [answer = std::move(answer), &node, all](Result<Appended> appended) mutable {
    if (appended && all && !node.rules.shared()) node.store.clear();
    if (appended && all && node.rules.shared())  // this is the log's loop, which must not stand still
      node.background.urgent([&node] { node.store.clear(); });
    answer(reply_to(appended, false));
  });
}

}  // namespace weir
