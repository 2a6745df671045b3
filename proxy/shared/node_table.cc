// What the other nodes have applied; see node_table.h.
#include "proxy/shared/node_table.h"

#include <charconv>

namespace weir {
namespace {

constexpr auto kForgotten = std::chrono::minutes(1);

// Takes a number and the space behind it off the front.
std::uint64_t take_number(std::string_view& text) {
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  return error == std::errc{} ? n : 0;
}

}  // namespace

void NodeTable::update(const std::vector<RedisReply>& fields, Time now) {
  std::map<std::string, NodeState, std::less<>> next;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    NodeState node;
    node.name = fields[i].text;
    node.report = fields[i + 1].text;
    std::string_view report = fields[i + 1].text;
    node.position = take_number(report);
    node.beat = take_number(report);
    node.about = report;
    node.seen = now;
    const auto known = nodes_.find(node.name);
    if (known != nodes_.end() && known->second.beat == node.beat && known->second.about == node.about)
      node.seen = known->second.seen;
    next.emplace(node.name, std::move(node));
  }
  nodes_ = std::move(next);
}

NodeTable::Reach NodeTable::reach(Position position, Time now) const {
  Reach reach;
  for (const auto& [name, node] : nodes_) {
    if (node.position >= position) {
      reach.applied.push_back(name);
    } else if (live(node, now)) {
      reach.waiting.push_back(name);
    }
  }
  return reach;
}

std::vector<NodeTable::Forgotten> NodeTable::forgotten(Time now) const {
  std::vector<Forgotten> names;
  for (const auto& [name, node] : nodes_) {
    if (now > node.seen + kForgotten) names.push_back({name, node.report});
  }
  return names;
}

}  // namespace weir
