// Worker: one thread, one loop, its listeners and its clients.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "proxy/fetch/context.h"
#include "proxy/net/listener.h"
#include "proxy/net/ration.h"
#include "proxy/server/client_connection.h"
#include "proxy/server/h2_session.h"

namespace weir {

class Worker {
 public:
  Worker(Node& node, unsigned number);
  ~Worker();

  // Before run(): what it keeps is for other nodes, too.
  void share(std::shared_ptr<const RedisSettings> redis, const RedisTierSettings& tier);
  // With the listening descriptors, taken over, and the first snapshot.
  void run(const std::vector<int>& listeners, std::shared_ptr<const Snapshot> snapshot);  // starts the thread
  void stop();  // any thread: at once, whatever goes on
  void join();

  // Any thread. The new config holds for requests that begin after it arrived; `done` runs on this worker's loop.
  void use(std::shared_ptr<const Snapshot> snapshot, Callback<void()> done);
  // Any thread. No new connections; idle ones close now, the others after their answer. `done`: none is left.
  void drain(Callback<void()> done);

  WorkerContext& context() { return context_; }
  bool draining() const { return draining_; }

  // -- for its connections --
  std::unique_ptr<ClientSession> borrow_session(ClientProtocol protocol);
  void give_session_back(std::unique_ptr<ClientSession> session);
  void forget(ClientConnection& connection);
  // Of TLS: a full one takes a fraction of a millisecond.
  Ration& handshakes() { return handshakes_; }

 private:
  void accept(int fd, const Address& peer, std::size_t listener);
  void adopt(std::shared_ptr<const Snapshot> snapshot);
  void drain_strangers(const Snapshot& before);
  void sweep();
  void check_drained();

  // The loop's thread only, once it runs.
  WorkerContext context_;
  Ration handshakes_;
  H1Limits limits_;
  ClientPatience patience_;
  unsigned most_connections_ = 0;
  H2Shared h2_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<ClientConnection>> clients_;
  std::array<std::vector<std::unique_ptr<ClientSession>>, kClientProtocols> sessions_;  // free ones, by protocol
  Timer sweep_;
  bool draining_ = false;
  Callback<void()> drained_;
  std::thread thread_;
};

}  // namespace weir
