// The running process; see server.h. Reloading stands in reload.cc.
#include "proxy/server/server.h"

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <latch>
#include <set>
#include <utility>

namespace weir {
namespace {

constexpr int kBacklog = 4096;
constexpr auto kResolveEvery = std::chrono::seconds(5);
constexpr auto kLookAtOcspEvery = std::chrono::seconds(1);

unsigned worker_count(const Config& config) {
  if (config.workers > 0) return config.workers;
  return std::max(1u, std::thread::hardware_concurrency());
}

// As many descriptors as the system lets us have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set, signal);
  return set;
}

}  // namespace

NameRefresher::~NameRefresher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void NameRefresher::watch(std::vector<std::shared_ptr<Upstream>> upstreams) {
  const std::lock_guard lock(mutex_);
  upstreams_ = std::move(upstreams);
}

void NameRefresher::run() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kResolveEvery, [this] { return stopping_; })) {
    const auto upstreams = upstreams_;
    lock.unlock();
    for (const auto& upstream : upstreams) upstream->resolve();
    lock.lock();
  }
}

Server::Server(std::shared_ptr<const Config> config, Reread reread)
    : config_(std::move(config)), reread_(std::move(reread)), node_(config_->cache.memory, worker_count(*config_)) {}

Server::~Server() {
  admin_.reset();
  for (auto& worker : workers_) worker->stop();
  for (auto& worker : workers_) worker->join();
  side_.loop.post([this] {
    listener_.reset();
    if (shared_log_ != nullptr) shared_log_->stop();
  });
  side_.stop();
  node_.background.stop();
  node_.names.stop();
  if (signals_ >= 0) {
    signal_watch_.reset();
    ::close(signals_);
  }
}

Result<std::unique_ptr<Server>> Server::start(const Prepared& prepared, Reread reread) {
  // Before there is any other thread: a signal must find none that would die of it.
  const sigset_t handled = handled_signals();
  ::pthread_sigmask(SIG_BLOCK, &handled, nullptr);
  std::unique_ptr<Server> server(new Server(prepared.config, std::move(reread)));
  if (auto opened = server->open(prepared); !opened) return std::move(opened).error();
  return server;
}

Result<void> Server::open(const Prepared& prepared) {
  raise_descriptor_limit();
  ::signal(SIGPIPE, SIG_IGN);
  const sigset_t handled = handled_signals();
  signals_ = ::signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC);
  const auto ready = [](void* self) noexcept { static_cast<Server*>(self)->on_signal(); };
  signal_watch_ = std::make_unique<Watch>(loop_, signals_, this, ready, ready);
  signal_watch_->want_read(true);

  auto snapshot = make_snapshot(prepared);
  if (!snapshot) return std::move(snapshot).error();
  auto listeners = open_listeners();
  if (!listeners) return std::move(listeners).error();
  auto admin_address = parse_address(config_->admin.address.text());
  if (!admin_address) return std::move(admin_address).error();
  auto admin_fd = open_listener(*admin_address, 64, false);
  if (!admin_fd) return std::move(admin_fd).error();
  if (auto bound = local_address(*admin_fd)) report("admin on " + bound->text());

  side_.start();
  if (config_->cache.redis) share();
  if (!config_->invalidation.postgres.url.text.empty()) listen_to_database();
  snapshot_ = *snapshot;
  names_.watch(snapshot_->upstreams);
  for (unsigned i = 0; i < worker_count(*config_); ++i) {
    workers_.push_back(std::make_unique<Worker>(node_, i));
    if (config_->cache.redis) workers_.back()->share(redis_settings(*config_), tier_settings(*config_));
    workers_.back()->run((*listeners)[i], snapshot_);
  }
  admin_ = std::make_unique<AdminServer>(loop_, *admin_fd, services());
  ready_ = true;
  return {};
}

// The log that other nodes append to as well takes the place of the one in memory, before there is a request.
void Server::share() {
  share_value_digests(config_->cache.redis->secret.text);
  const std::string about = public_addresses_.empty() ? std::string("?") : public_addresses_.front().text();
  auto log = std::make_unique<RedisLog>(side_.loop, node_.names, redis_settings(*config_), log_options(*config_, about),
                                        node_.rules);
  shared_log_ = log.get();
  node_.log = std::move(log);
  side_.loop.post([this] { shared_log_->start(); });
}

// What changes in the database is in the log before anybody asks this node.
void Server::listen_to_database() {
  const std::string node = shared_log_ == nullptr ? std::string() : shared_log_->look().self;
  std::latch begun(1);
  side_.loop.post([&] {
    listener_ =
        std::make_unique<PostgresListener>(side_.loop, node_.names, *node_.log, postgres_settings(*config_, node));
    begun.count_down();
  });
  begun.wait();
}

// Each worker has a socket of its own for each address; the kernel spreads connections over them. Somebody else's
// socket on the same port would share it silently: a first one without SO_REUSEPORT finds out.
Result<std::vector<std::vector<int>>> Server::open_listeners() {
  std::vector<std::vector<int>> all(worker_count(*config_));
  for (const ListenConfig& listen : config_->listen) {
    auto address = parse_address(listen.address.text());
    if (!address) return std::move(address).error();
    if (address->port() != 0) {
      auto probe = open_listener(*address, 1, false);
      if (!probe) return std::move(probe).error();
      ::close(*probe);
    }
    for (auto& descriptors : all) {
      auto fd = open_listener(*address, kBacklog, true);
      if (!fd) return std::move(fd).error();
      descriptors.push_back(*fd);
      auto bound = local_address(*fd);
      if (!bound) return std::move(bound).error();
      *address = *bound;  // port 0: the others take the same
    }
    public_addresses_.push_back(*address);
    report("listening on " + address->text());
  }
  return all;
}

int Server::run() {
  ocsp_.set(kLookAtOcspEvery);
  report("ready");
  loop_.run();
  return 0;
}

// Whoever keeps the files fresh needn't tell us.
void Server::look_at_ocsp() {
  for (const ListenerRules& listener : snapshot_->listeners) {
    if (!listener.tls) continue;
    for (const std::string& words : listener.tls->look_at_ocsp(wall_now())) report(words);
  }
  ocsp_.set(kLookAtOcspEvery);
}

void Server::on_signal() {
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    switch (info.ssi_signo) {
      case SIGHUP: {
        const auto done = reload();
        report(done ? "reloaded: " + *done : "not reloaded: " + done.error().detail);
        break;
      }
      case SIGUSR1:
        if (snapshot_->access_log) snapshot_->access_log->reopen();
        break;
      default:
        if (draining_) return loop_.stop();  // asked twice: at once
        drain();
    }
  }
}

void Server::drain() {
  report("draining");
  draining_ = true;
  node_.draining.store(true);
  drain_deadline_ = std::make_unique<Timer>(loop_, [this] {
    report("stopped with requests under way");
    loop_.stop();
  });
  drain_deadline_->set(snapshot_->config->drain);
  for (auto& worker : workers_) {
    worker->drain([this] {
      loop_.post([this] {
        if (++workers_drained_ == workers_.size()) loop_.stop();
      });
    });
  }
}

AdminServices Server::services() {
  return AdminServices{
      .node = node_,
      .snapshot = [this] { return snapshot_; },
      .reload = [this] { return reload(); },
      .ready = [this] { return ready_ && !draining_; },
      .warm_one = [this](std::string url,
                         Callback<void(WarmResult)> done) { return warm_one(std::move(url), std::move(done)); },
      .sharing = shared_log_ == nullptr ? std::function<SharingLook()>() : [this] { return look_at_sharing(); },
      .database = config_->invalidation.postgres.url.text.empty() ? std::function<DatabaseLook()>()
                                                                  : [this] { return DatabaseLook::at(*listener_); },
      .public_authority =
          [this] {
            const Address& address = public_addresses_.front();
            return (address.loopback() || address.host() == "0.0.0.0" || address.host() == "::" ? "localhost"
                                                                                                : address.host()) +
                   ":" + std::to_string(address.port());
          },
  };
}

SharingLook Server::look_at_sharing() const {
  SharingLook look;
  look.log = shared_log_->look();
  for (const auto& worker : workers_) look.counts.add(*worker->context().redis, *worker->context().tier);
  return look;
}

// Runs on the first worker; both ends of the wire may go away before the other.
Operation Server::warm_one(std::string url, Callback<void(WarmResult)> done) {
  struct Job {
    Callback<void(WarmResult)> done;       // control loop
    std::unique_ptr<WarmRequest> request;  // worker's loop
    bool cancelled = false;                // worker's loop
  };
  auto job = std::make_shared<Job>();
  job->done = std::move(done);
  WorkerContext& worker = workers_.front()->context();
  worker.loop.post([this, job, &worker, url = std::move(url)]() mutable {
    if (job->cancelled) return;
    job->request = WarmRequest::start(worker, std::move(url), [this, job, &worker](WarmResult result) {
      worker.loop.dispose(std::move(job->request));
      loop_.post([job, result = std::move(result)]() mutable {
        if (job->done) std::exchange(job->done, {})(std::move(result));
      });
    });
  });
  return Operation([job, &worker] {
    job->done.reset();
    worker.loop.post([job, &worker] {
      job->cancelled = true;
      worker.loop.dispose(std::move(job->request));
    });
  });
}

}  // namespace weir
