// OriginPool: one worker's connections to one upstream. Hands out one that stands, within the server's limit of
// requests under way: an idle one, a place on one that carries many, or a new one. Where the limit is reached a request
// waits in the server's queue. One loop.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "proxy/base/operation.h"
#include "proxy/upstream/dial.h"
#include "proxy/upstream/h1_connection.h"
#include "proxy/upstream/h2_connection.h"

namespace weir {

class OriginPool : public std::enable_shared_from_this<OriginPool> {
 public:
  static constexpr Duration kSpareKept = std::chrono::minutes(1);

  // `spare_kept`: how long a connection that carries many may go without a request where there is another one.
  OriginPool(Loop& loop, BufferPool& buffers, std::shared_ptr<Upstream> upstream, Duration spare_kept = kSpareKept);
  ~OriginPool();

  using Acquired = Callback<void(Result<std::unique_ptr<OriginConnection>>, const OriginServer&)>;

  struct Wanted {
    std::uint64_t key_hash = 0;
    const OriginServer* tried = nullptr;  // not this one again, where there is another
    OriginServer* same = nullptr;         // this one again, unless it is drained
    bool fresh = false;                   // not one that idled (after such a one failed)
    bool alone = false;                   // one of HTTP/1.1, which can become a tunnel
  };
  // A connection that stands, for one request. The answer never comes from inside this call. Waiting in the queue
  // counts against the upstream's queue_timeout. Code::refused: no connection could be made to that server.
  Operation acquire(const Wanted& wanted, Acquired acquired);

  // Takes a connection back, with its slot.
  void give_back(std::unique_ptr<OriginConnection> connection);

  Upstream& upstream() { return *upstream_; }
  const std::shared_ptr<Upstream>& shared_upstream() const { return upstream_; }
  std::size_t idle() const;

 private:
  struct Request;
  using RequestPtr = std::shared_ptr<Request>;
  // A connection on its way, and who waits for it. Where it carries one request only, the others go on to dial for
  // themselves; one of HTTP/2 is awaited until its SETTINGS say how many it takes.
  struct Dialling {
    std::unique_ptr<OriginDial> dial;
    const H2OriginConnection* greets = nullptr;  // dialled: its SETTINGS are to come
    bool alone = false;                          // nobody else may wait for it
    std::vector<std::weak_ptr<Request>> waiting;
  };
  // What this worker has of one server.
  struct Place {
    std::vector<std::unique_ptr<H1Connection>> idle;
    std::vector<std::shared_ptr<H2OriginConnection>>
        shared;   // that take requests; the oldest comes first, and gets them
    Time lost{};  // when one of these last left, or broke
    std::vector<std::unique_ptr<Dialling>> dialling;
    std::uint32_t hoped = 100;  // requests that a connection takes at once, as the last one said
    std::shared_ptr<TlsResumption> known = std::make_shared<TlsResumption>();
  };

  void hand_over(const RequestPtr& request);
  std::unique_ptr<OriginConnection> standing(const Request& request);
  void wait_for_dial(const RequestPtr& request);
  void dialled(OriginServer& server, Dialling& dialling, Result<OriginDial::Standing> standing);
  std::vector<RequestPtr> take_waiting(Place& place, const Dialling& dialling);
  H2OriginConnection* share(OriginServer& server, std::unique_ptr<Stream> stream);
  void greeted(H2OriginConnection& connection);
  void changed(H2OriginConnection& connection);
  void let_go(Place& place, std::size_t at);
  void retire_spare();
  void answer(const RequestPtr& request, Result<std::unique_ptr<OriginConnection>> connection);
  void put_by(std::unique_ptr<H1Connection> connection);
  void forget_idle(H1Connection* connection);

  Loop& loop_;
  BufferPool& buffers_;
  std::shared_ptr<Upstream> upstream_;
  std::unordered_map<const OriginServer*, Place> places_;
  std::size_t turn_ = 0;
  const Duration spare_kept_;
  Timer spare_;  // until it is looked whether a connection is one too many
};

}  // namespace weir
