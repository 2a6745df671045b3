// OriginPool: one worker's connections to one upstream. Hands out an idle one or a new one within the server's limit of
// requests under way; waits in the server's queue where that is reached. One loop.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "proxy/base/operation.h"
#include "proxy/upstream/connection.h"

namespace weir {

class OriginPool : public std::enable_shared_from_this<OriginPool> {
 public:
  OriginPool(Loop& loop, BufferPool& buffers, std::shared_ptr<Upstream> upstream);
  ~OriginPool();

  using Acquired = Callback<void(Result<std::unique_ptr<OriginConnection>>, const OriginServer&)>;

  // A connection for one request; it may still be connecting. `fresh`: not one that idled (after such a one failed).
  // The answer never comes from inside this call. `waited` in the queue counts against the upstream's queue_timeout.
  Operation acquire(std::uint64_t key_hash, const OriginServer* tried, bool fresh, Acquired acquired);

  // Takes a connection back, with its slot.
  void give_back(std::unique_ptr<OriginConnection> connection);

  Upstream& upstream() { return *upstream_; }
  const std::shared_ptr<Upstream>& shared_upstream() const { return upstream_; }
  std::size_t idle() const;

 private:
  struct Request;
  Result<std::unique_ptr<OriginConnection>> connect(OriginServer& server, bool fresh);
  void forget_idle(OriginConnection* connection);
  void hand_over(const std::shared_ptr<Request>& request);

  Loop& loop_;
  BufferPool& buffers_;
  std::shared_ptr<Upstream> upstream_;
  std::unordered_map<const OriginServer*, std::vector<std::unique_ptr<OriginConnection>>> idle_;
  std::size_t turn_ = 0;
};

}  // namespace weir
