// No heap allocation on a hit: the whole server in this process, a client and an origin on threads whose allocations
// don't count. Each round's hits are counted apart and the best round is looked at, since what happens by the clock
// (names, connections that have waited long) may fall into one of them.
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <thread>

#include "filters/all.h"
#include "proxy/net/stream.h"
#include "proxy/server/server.h"
#include "tests/support/catch.h"
#include "tests/support/h2_client.h"

namespace {

std::atomic<std::size_t> allocations{0};
thread_local bool counts = true;

void* allocate(std::size_t bytes) {
  if (counts) allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(bytes);
}

void* allocate_or_throw(std::size_t bytes) {
  void* const at = allocate(bytes);
  if (at == nullptr) throw std::bad_alloc();
  return at;
}

void* reallocate(void* at, std::size_t bytes) {
  if (counts) allocations.fetch_add(1, std::memory_order_relaxed);
  return std::realloc(at, bytes);
}

}  // namespace

void* operator new(std::size_t bytes) {
  return allocate_or_throw(bytes);
}
void* operator new[](std::size_t bytes) {
  return allocate_or_throw(bytes);
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate(bytes);
}
void operator delete(void* at) noexcept {
  std::free(at);
}
void operator delete[](void* at) noexcept {
  std::free(at);
}
void operator delete(void* at, std::size_t) noexcept {
  std::free(at);
}
void operator delete[](void* at, std::size_t) noexcept {
  std::free(at);
}

namespace weir {
namespace {

constexpr int kRounds = 5;
constexpr int kHits = 100;

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    REQUIRE(sent > 0);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// One head, and the content that its Content-Length announces.
std::string receive_answer(int fd, bool content) {
  std::string got;
  std::size_t whole = std::string::npos;
  char buffer[4096];
  while (got.size() < whole) {
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    REQUIRE(n > 0);
    got.append(buffer, static_cast<std::size_t>(n));
    const auto end = got.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    const auto length = got.find("Content-Length: ");
    whole = end + 4 + (content && length < end ? std::strtoul(got.c_str() + length + 16, nullptr, 10) : 0);
  }
  return got;
}

int connect_to(const Address& address) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 60, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  REQUIRE(::connect(fd, address.get(), address.length) == 0);
  const int on = 1;  // a client that waits for acknowledgements before it sends on takes 40 ms a request
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

// Answers one request on one connection, and keeps it.
class Origin {
 public:
  Origin() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    Address any = *parse_address("127.0.0.1:0");
    REQUIRE(::bind(listener_, any.get(), any.length) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
    address_ = *local_address(listener_);
    thread_ = std::thread([this] { run(); });
  }
  ~Origin() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  const Address& address() const { return address_; }

 private:
  void run() {
    counts = false;
    for (int fd; (fd = ::accept(listener_, nullptr, nullptr)) >= 0; ::close(fd)) {
      std::string request;
      char buffer[4096];
      for (ssize_t n; request.find("\r\n\r\n") == std::string::npos && (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
        request.append(buffer, static_cast<std::size_t>(n));
      const std::string answer =
          "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nConnection: close\r\nETag: \"v1\"\r\n"
          "Content-Type: text/plain\r\nContent-Length: 1024\r\n\r\n" +
          std::string(1024, 'x');
      (void)::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }

  const int listener_;
  Address address_;
  std::thread thread_;
};

std::size_t best_round(const Address& weir, const std::string& request, bool content, std::string_view status) {
  const int fd = connect_to(weir);
  for (int i = 0; i < kHits; ++i) {  // the first one fetches, the others fill what is kept for reuse
    send_all(fd, request);
    receive_answer(fd, content);
  }
  std::size_t best = std::string::npos;
  for (int round = 0; round < kRounds; ++round) {
    const std::size_t before = allocations.load();
    for (int i = 0; i < kHits; ++i) {
      send_all(fd, request);
      const std::string answer = receive_answer(fd, content);
      REQUIRE(answer.substr(9, 3) == status);
      REQUIRE(answer.find("weir; hit") != std::string::npos);
    }
    best = std::min(best, allocations.load() - before);
  }
  ::close(fd);
  return best;
}

std::size_t best_round_h2(const Address& weir, const test::H2Fields& request, std::size_t content,
                          std::string_view status) {
  const int fd = connect_to(weir);
  test::H2Client client(fd);
  for (int i = 0; i < kHits; ++i) client.ask(request);
  std::size_t best = std::string::npos;
  for (int round = 0; round < kRounds; ++round) {
    const std::size_t before = allocations.load();
    for (int i = 0; i < kHits; ++i) {
      const test::H2Answer answer = client.ask(request);
      REQUIRE(answer.value(":status") == status);
      REQUIRE(answer.value("cache-status").starts_with("weir; hit"));
      REQUIRE(answer.body.size() == content);
    }
    best = std::min(best, allocations.load() - before);
  }
  ::close(fd);
  return best;
}

TEST_CASE("a hit allocates nothing, whichever way it is answered") {
  counts = false;
  event_set_mem_functions(allocate, reallocate, std::free);
  Origin origin;
  const Prepared prepared = prepare_text("test.yaml",
                                         R"(
listen: [{ address: "127.0.0.1:0" }]
admin: { address: "127.0.0.1:0" }
workers: 1
access_log: /dev/null
upstreams: { api: { servers: "http://)" + origin.address().text() +
                                             R"(" } }
routes:
  - { name: edited, match: /edited, cache: { ttl: 10m }, response: { headers: { set: { x-one: two }, remove: [etag] } } }
  - { name: all, match: /, cache: { ttl: 10m } }
)",
                                         all_filters());
  INFO(text_of(prepared.diagnostics));
  REQUIRE(prepared.ok());
  auto server = Server::start(prepared, {});
  REQUIRE(server);
  const Address weir = (*server)->addresses().front();

  const std::string fields = "Host: api.test\r\nAccept-Encoding: gzip, br\r\nUser-Agent: test\r\n";
  CHECK(best_round(weir, "GET /page?b=2&a=1 HTTP/1.1\r\n" + fields + "\r\n", true, "200") == 0);
  CHECK(best_round(weir, "GET /page?b=2&a=1 HTTP/1.1\r\n" + fields + "If-None-Match: \"v1\"\r\n\r\n", false, "304") ==
        0);
  CHECK(best_round(weir, "HEAD /page?b=2&a=1 HTTP/1.1\r\n" + fields + "\r\n", false, "200") == 0);
  CHECK(best_round(weir, "GET /edited HTTP/1.1\r\n" + fields + "\r\n", true, "200") == 0);

  const auto over_h2 = [](std::string_view method, std::string_view path, const test::H2Fields& more = {}) {
    test::H2Fields all{{":method", std::string(method)}, {":scheme", "http"},
                       {":path", std::string(path)},     {":authority", "api.test"},
                       {"accept-encoding", "gzip, br"},  {"priority", "u=1"}};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  CHECK(best_round_h2(weir, over_h2("GET", "/page?b=2&a=1"), 1024, "200") == 0);
  CHECK(best_round_h2(weir, over_h2("GET", "/page?b=2&a=1", {{"if-none-match", "\"v1\""}}), 0, "304") == 0);
  CHECK(best_round_h2(weir, over_h2("HEAD", "/page?b=2&a=1"), 0, "200") == 0);
  CHECK(best_round_h2(weir, over_h2("GET", "/edited"), 1024, "200") == 0);
}

}  // namespace
}  // namespace weir
