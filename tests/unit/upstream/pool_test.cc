// Which connections of HTTP/2 a pool keeps, and for how long.
#include "proxy/upstream/pool.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

#include "proxy/net/address.h"
#include "tests/support/catch.h"
#include "tests/support/h2_answers.h"
#include "tests/support/running_loop.h"

namespace weir {
namespace {

using namespace test;

constexpr unsigned kMaxConcurrentStreams = 3;  // of SETTINGS

// Says that it takes one request at a time, and then no more.
class Terse {
 public:
  Terse() { ::fcntl(fd_, F_SETFL, 0); }  // accept() waits
  ~Terse() {
    for (const int fd : clients_) ::close(fd);
    ::close(fd_);
  }
  Address address() const { return *local_address(fd_); }

  // Takes the next client in.
  int greet() {
    const int fd = clients_.emplace_back(::accept(fd_, nullptr, nullptr));
    const std::string greeting = settings({{kMaxConcurrentStreams, 1}});
    REQUIRE(::send(fd, greeting.data(), greeting.size(), 0) == static_cast<ssize_t>(greeting.size()));
    return fd;
  }

  // Returns once the client at `fd` has closed.
  static void await_end(int fd) {
    char bytes[4096];
    while (::recv(fd, bytes, sizeof bytes, 0) > 0) {}
  }

 private:
  const int fd_ = *open_listener(*parse_ip("127.0.0.1", 0), 128, false);
  std::vector<int> clients_;
};

struct Nobody final : OriginConnection::User {
  void on_origin_head(ResponseHead&) override {}
  void on_origin_body(std::string_view) override {}
  void on_origin_end(const Fields&) override {}
  void on_origin_error(Error, OriginLoss) override {}
  void on_origin_writable() override {}
};

// A pool on a loop of its own, and requests by number.
class Requests {
 public:
  explicit Requests(Duration spare_kept) {
    UpstreamOptions options;
    options.servers.push_back({.text = "http://api", .host = "api", .port = 80, .path = {}, .tls = false});
    options.protocol = UpstreamOptions::Protocol::h2;
    options.max_connections = 1000;
    upstream_ = std::make_shared<Upstream>(options);
    server().set_addresses({origin.address()});
    running_.call([&] { pool_ = std::make_shared<OriginPool>(running_.loop(), buffers_, upstream_, spare_kept); });
  }
  ~Requests() {
    running_.call([&] {
      for (auto& connection : connections_) {
        if (connection) pool_->give_back(std::move(connection));
      }
      pool_.reset();
    });
    running_.call([] {});  // what was disposed of is gone
  }

  // So many more are under way once this returns, each on a connection of its own; these are the origin's ends of them.
  std::vector<int> ask(std::size_t count) {
    std::promise<void> all_stand;
    std::size_t standing = 0;
    std::vector<Operation> asked;
    running_.call([&] {
      for (std::size_t i = 0; i < count; ++i) {
        asked.push_back(pool_->acquire({}, [&](Result<std::unique_ptr<OriginConnection>> got, const OriginServer&) {
          begin(std::move(got).value());
          if (++standing == count) all_stand.set_value();
        }));
      }
    });
    std::vector<int> ends;
    while (ends.size() < count) ends.push_back(origin.greet());
    all_stand.get_future().wait();
    running_.call([&] {
      for (auto& one : asked) one.done();
    });
    return ends;
  }

  // One more, on a connection that stands.
  void ask_again() {
    std::promise<void> stands;
    Operation asked;
    running_.call([&] {
      asked = pool_->acquire({}, [&](Result<std::unique_ptr<OriginConnection>> got, const OriginServer&) {
        begin(std::move(got).value());
        stands.set_value();
      });
    });
    stands.get_future().wait();
    running_.call([&] { asked.done(); });
  }

  void give_back(std::size_t number) {
    running_.call([&] { pool_->give_back(std::move(connections_[number])); });
    running_.call([] {});
  }

  OriginServer& server() const { return *upstream_->servers().front(); }

  Terse origin;

 private:
  void begin(std::unique_ptr<OriginConnection> connection) {
    connection->begin(nobody_, Method::get);
    WEIR_CHECK(connection->send_head({"GET", "/", "a.test"}, {}, Framing::none, 0).ok());
    connection->flush();
    connections_.push_back(std::move(connection));
  }

  RunningLoop running_;
  BufferPool buffers_;
  std::shared_ptr<Upstream> upstream_;
  std::shared_ptr<OriginPool> pool_;
  Nobody nobody_;
  std::vector<std::unique_ptr<OriginConnection>> connections_;
};

TEST_CASE("connections that carry nothing go after their time, all but one", "[upstream]") {
  Requests requests(std::chrono::milliseconds(50));
  const auto ends = requests.ask(3);
  for (const std::size_t number : {2U, 0U}) requests.give_back(number);
  // The first request has the first connection; of the others' it isn't known which is whose.
  Terse::await_end(ends[0]);
  while (requests.server().open.load() > 1) std::this_thread::yield();
  requests.give_back(1);
  requests.ask_again();
  CHECK(requests.server().open.load() == 1);
  CHECK(requests.server().connects.load() == 3);
}

TEST_CASE("however long they are kept, no more than 64 carry nothing", "[upstream]") {
  Requests requests(std::chrono::hours(1));
  requests.ask(66);
  for (std::size_t number = 0; number < 66; ++number) requests.give_back(number);
  CHECK(requests.server().open.load() == 64);
  for (int i = 0; i < 64; ++i) requests.ask_again();
  CHECK(requests.server().connects.load() == 66);
}

}  // namespace
}  // namespace weir
