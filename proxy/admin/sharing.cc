// What nodes share, for people and programs; see sharing.h.
#include "proxy/admin/sharing.h"

#include "proxy/admin/calls.h"

namespace weir {
namespace {

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

void write_node(JsonWriter& json, const NodeState& node, const RedisLog::Look& log, Time now) {
  const Position behind = log.last > node.position ? log.last - node.position : 0;
  json.begin_object().field("name", node.name).field("self", node.name == log.self).field("address", node.about);
  json.field("position", node.position).field("behind", behind);
  json.field("silent_seconds", seconds(now - node.seen)).end_object();
}

}  // namespace

void SharingCounts::add(const Redis& redis, RedisTier& tier) {
  const RedisTierCounters& entries = tier.counters();
  finds += entries.finds.read();
  hits += entries.hits.read();
  puts += entries.puts.read();
  puts_dropped += entries.puts_dropped.read();
  puts_fenced += entries.puts_fenced.read();
  deletions += entries.deletions.read();
  bytes_read += entries.bytes_read.read();
  bytes_written += entries.bytes_written.read();
  for (std::size_t i = 0; i < misses.size(); ++i) misses[i] += entries.misses[i].read();
  const RedisLeaseCounters& leases = tier.leases().counters();
  leases_taken += leases.taken.read();
  leases_held += leases.held.read();
  leases_passed += leases.passed.read();
  leases_lost += leases.lost.read();
  const RedisCounters& calls = redis.counters();
  commands += calls.commands.read();
  errors += calls.errors.read();
  timeouts += calls.timeouts.read();
  refused += calls.refused.read();
  connects += calls.connects.read();
}

void write_sharing(JsonWriter& json, const SharingLook& look) {
  json.begin_object().field("status", look.status()).field("following", look.log.following);
  json.field("trusted", look.log.trusted).field("position", look.log.position).field("last", look.log.last);
  json.field("unlogged", look.log.insisting).field("lost", look.log.lost);
  if (!look.log.trouble.empty()) json.field("trouble", look.log.trouble);
  json.field("finds", look.counts.finds).field("hits", look.counts.hits).field("puts", look.counts.puts);
  json.field("errors", look.counts.errors).field("timeouts", look.counts.timeouts).end_object();
}

DatabaseLook DatabaseLook::at(const PostgresListener& listener) {
  const PostgresCounters& counters = listener.counters();
  return {listener.state(), counters.rows.read(), counters.everything.read(), counters.losses.read(),
          counters.append_failures.read()};
}

void write_database(JsonWriter& json, const DatabaseLook& look) {
  json.begin_object().field("status", look.status()).field("phase", word_of(look.state.phase));
  if (!look.state.error.empty()) json.field("trouble", look.state.error);
  json.field("lag_seconds", seconds(look.state.lag)).field("rows", look.rows).field("everything", look.everything);
  json.end_object();
}

AdminReply nodes(const AdminRequest&, AdminContext& context, std::string_view) {
  const auto& sharing = context.services.sharing;
  JsonWriter json;
  json.begin_object();
  if (!sharing) {
    json.field("shared", false).field("position", context.services.node.rules.head()).end_object();
    return json_reply(json);
  }
  const SharingLook look = sharing();
  const Time now = MonotonicClock::now();
  json.field("shared", true).field("self", look.log.self).field("following", look.log.following);
  json.field("trusted", look.log.trusted).field("position", look.log.position).field("last", look.log.last);
  json.key("nodes").begin_array();
  for (const NodeState& node : look.log.nodes) write_node(json, node, look.log, now);
  json.end_array().end_object();
  return json_reply(json);
}

}  // namespace weir
