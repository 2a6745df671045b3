// Server: the whole running process. The main thread runs the control loop: signals, admin endpoint, reloads; the
// workers serve; a background thread resolves names. Made once by `weir run`.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "proxy/admin/admin_server.h"
#include "proxy/route/compile.h"
#include "proxy/server/sharing.h"
#include "proxy/server/side_loop.h"
#include "proxy/server/warm.h"
#include "proxy/server/worker.h"

namespace weir {

// Names of upstreams, looked up again every few seconds, off the loops.
class NameRefresher {
 public:
  NameRefresher() : thread_([this] { run(); }) {}
  ~NameRefresher();
  void watch(std::vector<std::shared_ptr<Upstream>> upstreams);

 private:
  void run();
  std::mutex mutex_;  // guards all below
  std::vector<std::shared_ptr<Upstream>> upstreams_;
  bool stopping_ = false;
  std::condition_variable changed_;
  std::thread thread_;
};

class Server {
 public:
  // `reread`: reads and checks the config file again; empty where there is none.
  using Reread = std::function<Prepared()>;

  // Opens all listeners and starts the workers. Errors name what can't be had.
  static Result<std::unique_ptr<Server>> start(const Prepared& prepared, Reread reread);
  ~Server();

  // Until SIGTERM or SIGINT and the end of draining. SIGHUP reloads, SIGUSR1 opens the log anew. Returns the exit
  // status.
  int run();

  // Where it listens for clients; a port that was given as 0 is the one it got.
  const std::vector<Address>& addresses() const { return public_addresses_; }

 private:
  Server(std::shared_ptr<const Config> config, Reread reread);

  Result<void> open(const Prepared& prepared);
  void share();
  void listen_to_database();
  Result<std::vector<std::vector<int>>> open_listeners();
  Result<std::shared_ptr<const Snapshot>> make_snapshot(const Prepared& prepared);
  void swap(std::shared_ptr<const Snapshot> snapshot);
  Result<std::string> reload();
  void look_at_ocsp();
  void on_signal();
  void drain();
  AdminServices services();
  SharingLook look_at_sharing() const;
  Operation warm_one(std::string url, Callback<void(WarmResult)> done);

  const std::shared_ptr<const Config> config_;  // as started: only for what a reload doesn't change
  Reread reread_;
  SideLoop side_;  // the log's
  Node node_;
  std::vector<Address> public_addresses_;
  std::shared_ptr<const Snapshot> snapshot_;  // control thread
  std::uint64_t generation_ = 0;
  NameRefresher names_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Loop loop_;  // control
  int signals_ = -1;
  std::unique_ptr<Watch> signal_watch_;
  Timer ocsp_{loop_, [this] { look_at_ocsp(); }};
  std::unique_ptr<Timer> drain_deadline_;
  std::unique_ptr<AdminServer> admin_;
  std::size_t workers_drained_ = 0;
  RedisLog* shared_log_ = nullptr;              // node_.log, where nodes share one
  std::unique_ptr<PostgresListener> listener_;  // lives on side_'s thread
  bool draining_ = false, ready_ = false;
};

}  // namespace weir
