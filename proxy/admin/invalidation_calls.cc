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

void write_names(JsonWriter& json, std::string_view name, std::initializer_list<std::string_view> nodes) {
  json.key(name).begin_array();
  for (const auto node : nodes) json.value(node);
  json.end_array();
}

// With one node, who appended has applied it.
AdminReply appended(const Result<Position>& position, bool waited) {
  if (!position) return error_reply(status_for(position.error()), position.error().detail);
  JsonWriter json;
  json.begin_object().field("position", *position);
  if (waited) {
    write_names(json, "applied", {"self"});
    write_names(json, "missing", {});
  }
  json.end_object();
  return json_reply(json);
}

}  // namespace

void cache_invalidate(const AdminRequest& request, AdminContext& context, AdminAnswer answer) {
  auto wanted = parse_invalidation(request.body, *context.services.snapshot()->routes);
  if (!wanted) return answer(error_reply(400, wanted.error().detail));
  const bool waited = wanted->wait.has_value();
  context.services.node.log->append(
      std::move(wanted->records),
      [answer = std::move(answer), waited](Result<Position> position) mutable { answer(appended(position, waited)); });
}

// Without a pattern the memory is given back as well; what is still being fetched is covered by the record.
void cache_clear(const AdminRequest& request, AdminContext& context, AdminAnswer answer) {
  auto record = parse_clearing(request.body);
  if (!record) return answer(error_reply(400, record.error().detail));
  Node& node = context.services.node;
  const bool all = record->kind == InvalidationRecord::Kind::all;
  node.log->append({*record}, [answer = std::move(answer), &node, all](Result<Position> position) mutable {
    if (position && all) node.store.clear();
    answer(appended(position, false));
  });
}

}  // namespace weir
