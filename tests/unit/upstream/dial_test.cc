// A connection on its way to a server: which of a name's addresses, how long, and what is known of the server
// afterwards.
#include "proxy/upstream/dial.h"

#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "proxy/net/stream.h"
#include "tests/support/catch.h"
#include "tests/support/running_loop.h"
#include "tests/support/temporary_folder.h"

namespace weir {
namespace {

using namespace test;

Address loopback(std::uint16_t port = 0) {
  return *parse_ip("127.0.0.1", port);
}

// Listens, and takes nobody.
class Deaf {
 public:
  explicit Deaf(const Address& address, int backlog = 16) : fd_(*open_listener(address, backlog, false)) {}
  ~Deaf() { ::close(fd_); }
  Address address() const { return *local_address(fd_); }
  void take_one() const { ::close(::accept(fd_, nullptr, nullptr)); }
  int fd() const { return fd_; }

 private:
  const int fd_;
};

// An address that nobody listens on.
Address closed_address() {
  return Deaf(loopback()).address();
}

struct Server {
  explicit Server(std::vector<Address> addresses, Duration patience = std::chrono::seconds(20)) {
    UpstreamOptions options;
    options.servers.push_back({.text = "http://api", .host = "api", .port = 80, .path = {}, .tls = false});
    options.connect_timeout = patience;
    upstream = std::make_shared<Upstream>(options);
    server().set_addresses(std::move(addresses));
  }
  OriginServer& server() const { return *upstream->servers().front(); }

  // Whom a dial ends at; or why at nobody.
  std::string dial(std::size_t turn = 0) {
    std::promise<std::string> told;
    std::unique_ptr<OriginDial> dial;
    running.call([&] {
      dial = std::make_unique<OriginDial>(
          running.loop(), upstream, server(), turn, nullptr, false, [&](Result<OriginDial::Standing> standing) {
            if (!standing) return told.set_value(standing.error().detail);
            sockaddr_storage peer{};
            socklen_t length = sizeof peer;
            ::getpeername(standing->stream->fd(), reinterpret_cast<sockaddr*>(&peer), &length);
            Address address;
            address.storage = peer;
            address.length = length;
            told.set_value(address.text());
          });
    });
    std::string text = told.get_future().get();
    running.call([&] { dial.reset(); });
    return text;
  }

  RunningLoop running;
  std::shared_ptr<Upstream> upstream;
};

TEST_CASE("an address that refuses: the next one is tried, and begun with from then on", "[upstream]") {
  const Deaf there(loopback());
  const Address bad = closed_address(), good = there.address();
  Server server({bad, good});
  CHECK(server.dial(0) == good.text());
  for (std::size_t turn = 0; turn < 4; ++turn) {
    const auto order = server.server().addresses(turn, MonotonicClock::now());
    CHECK(order->front() == good);
    CHECK(order->back() == bad);
  }
  server.server().set_addresses({bad, good});  // looked up again
  CHECK(server.server().addresses(0, MonotonicClock::now())->front() == good);
  CHECK(server.server().addresses(0, MonotonicClock::now() + std::chrono::hours(1))->front() == bad);
}

TEST_CASE("addresses that let one connect are taken in turn", "[upstream]") {
  const Deaf one(loopback()), other(loopback());
  Server server({one.address(), other.address()});
  CHECK(server.dial(0) == one.address().text());
  CHECK(server.dial(1) == other.address().text());
  CHECK(server.dial(2) == one.address().text());
}

TEST_CASE("all addresses refuse: it says so", "[upstream]") {
  Server server({closed_address(), closed_address()});
  CHECK(server.dial().find("refused") != std::string::npos);
  Server nowhere({});
  CHECK(nowhere.dial().find("not resolved") != std::string::npos);
}

// A socket whose queue is full gives no sign when it has room.
TEST_CASE("a unix socket with a full queue is tried until there is room, or the time is over", "[upstream]") {
  const TemporaryFolder folder;
  const Address address = *unix_address(folder.path("s"));
  const Deaf deaf(address, 0);
  std::vector<int> queue;
  for (auto fd = begin_connect(address); fd; fd = begin_connect(address)) queue.push_back(*fd);
  REQUIRE(begin_connect(address).error().code == Code::unavailable);
  Server hasty({address}, std::chrono::milliseconds(50));
  CHECK(hasty.dial().find("unavailable") != std::string::npos);
  Server patient({address});
  auto told = std::async(std::launch::async, [&] { return patient.dial(); });
  while (patient.server().connects.load() == 0) std::this_thread::yield();
  deaf.take_one();
  CHECK(told.get() == address.text());
  for (const int fd : queue) ::close(fd);
}

}  // namespace
}  // namespace weir
