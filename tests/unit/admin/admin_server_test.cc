// The admin endpoint over a real socket: one loop, a blocking client beside it.
#include "proxy/admin/admin_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "proxy/net/stream.h"
#include "tests/support/catch.h"
#include "tests/unit/admin/running.h"

namespace weir {
namespace {

// The endpoint on a port of the kernel's choice, on a thread of its own.
class Served {
 public:
  explicit Served(std::string_view admin = "") : weir_(admin) {
    const int fd = *open_listener(*parse_address("127.0.0.1:0"), 64, false);
    address_ = *local_address(fd);
    thread_ = std::thread([this, fd] {
      Loop loop;
      loop_ = &loop;
      AdminServer server(loop, fd, weir_.services());
      loop.run();
    });
    while (loop_ == nullptr) std::this_thread::yield();
  }
  ~Served() {
    loop_.load()->stop();
    thread_.join();
  }

  int connect() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::connect(fd, address_.get(), address_.length) == 0);
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
  }

 private:
  test::Running weir_;
  Address address_;
  std::atomic<Loop*> loop_{nullptr};
  std::thread thread_;
};

class Client {
 public:
  explicit Client(const Served& served) : fd_(served.connect()) {}
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes) { ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  // Until `text` has come, or the connection is over.
  bool hears(std::string_view text) {
    std::array<char, 4096> bytes;
    for (;;) {
      const auto at = heard_.find(text);
      if (at != std::string::npos) {
        heard_.erase(0, at + text.size());
        return true;
      }
      const auto got = ::recv(fd_, bytes.data(), bytes.size(), 0);
      if (got <= 0) return false;
      heard_.append(bytes.data(), static_cast<std::size_t>(got));
    }
  }
  bool is_closed() { return !hears("\x01 never sent"); }

 private:
  const int fd_;
  std::string heard_;
};

TEST_CASE("requests on one connection are answered in order, in whatever pieces they come", "[admin_server]") {
  Served served;
  Client client(served);
  client.send("GET /health HTTP/1.1\r\nHo");
  client.send("st: 127.0.0.1\r\n\r\nGET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  CHECK(client.hears("HTTP/1.1 200 OK\r\n"));
  CHECK(client.hears("{\"status\":\"ok\"}\n"));
  CHECK(client.hears("HTTP/1.1 404 Not Found\r\n"));
  CHECK(client.hears("\"error\""));
  client.send(
      "POST /admin/cache/invalidate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: "
      "100-continue\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  CHECK(client.hears("HTTP/1.1 100 Continue\r\n\r\n"));
  client.send("c\r\n{\"all\":true}\r\n0\r\n\r\n");
  CHECK(client.hears("{\"position\":1}"));
  client.send("HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(client.hears("Connection: close\r\n\r\n"));
  CHECK(client.is_closed());
}

TEST_CASE("what breaks the grammar or a bound is answered and closed", "[admin_server]") {
  Served served("admin: { token: hunter2 }\n");
  const std::pair<std::string, std::string> rows[] = {
      {"nonsense\r\n\r\n", "HTTP/1.1 400 "},
      {"GET /health HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
      {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 414 "},
      {"POST /admin/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n", "HTTP/1.1 413 "},
      {"POST /admin/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200\r\n\r\n", "HTTP/1.1 401 "},
      {"POST /admin/reload HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 200\r\n\r\n", "HTTP/1.1 403 "},
  };
  for (const auto& [request, answer] : rows) {
    Client client(served);
    client.send(request);
    CAPTURE(answer);
    CHECK(client.hears(answer));
    CHECK(client.is_closed());
  }
}

TEST_CASE("a body that grows past the bound in chunks is refused", "[admin_server]") {
  Served served;
  Client client(served);
  client.send(
      "POST /admin/cache/warm HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
  for (int i = 0; i < 17; ++i) client.send(chunk);
  CHECK(client.hears("HTTP/1.1 413 "));
}

TEST_CASE("silent clients don't keep others out", "[admin_server]") {
  Served served;
  std::vector<std::unique_ptr<Client>> silent;
  for (std::size_t i = 0; i < AdminServer::kMostConnections + 10; ++i)
    silent.push_back(std::make_unique<Client>(served));
  Client client(served);
  client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(client.hears("HTTP/1.1 200 OK\r\n"));
}

}  // namespace
}  // namespace weir
