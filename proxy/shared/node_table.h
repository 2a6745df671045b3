// NodeTable: what the nodes that follow the log last reported, as far as this node has seen. Decides whether a record
// is known to all of them. One thread.
//
// A node trusts its memory for one lease from when it sent a report. So of a node whose last report was first seen at
// time t it is certain that it trusts nothing any more one lease after t: it needs no waiting for.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/shared/log_record.h"

namespace weir {

struct NodeState {
  std::string name;
  std::string about;      // for people: address, when it started
  Position position = 0;  // has applied all up to here
  std::uint64_t beat = 0;
  Time seen;           // when this report was first seen here
  std::string report;  // as it stands in Redis
};

class NodeTable {
 public:
  explicit NodeTable(Duration lease) : lease_(lease) {}

  // The fields of the nodes' hash: name, "position beat about", … as they were read at `now`.
  void update(const std::vector<RedisReply>& fields, Time now);

  struct Reach {
    std::vector<std::string> applied;  // have reported that they have applied the position
    std::vector<std::string> waiting;  // live, and have not
  };
  Reach reach(Position position, Time now) const;

  bool live(const NodeState& node, Time now) const { return now < node.seen + lease_ + lease_ / 20; }
  // Silent for so long that nobody needs to hear of them.
  struct Forgotten {
    std::string name, report;
  };
  std::vector<Forgotten> forgotten(Time now) const;

  const std::map<std::string, NodeState, std::less<>>& nodes() const { return nodes_; }

 private:
  const Duration lease_;
  std::map<std::string, NodeState, std::less<>> nodes_;
};

}  // namespace weir
