// Clients that read slowly: all ask for one path, then each takes RATE bytes a second, until SIGUSR1 says that they may
// read as fast as they can. The kernel keeps little for them (SO_RCVBUF), or it would do the server's waiting.
// slow PORT CLIENTS PATH RATE BYTES
// Prints one line of JSON at the end: {answered, failed, wrong, slow_bytes}. `wrong`: bodies that are not BYTES long or
// not of the pattern: byte i is (i * 131 + i / 256) mod 256. Like generator.cc it knows no chunked bodies.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int kReceiveBuffer = 32 * 1024;
constexpr auto kTurn = std::chrono::milliseconds(50);
constexpr auto kLimit = std::chrono::seconds(600);

volatile std::sig_atomic_t may_hurry = 0;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

struct Client {
  int fd = -1;
  std::string head;      // until it is whole
  std::size_t body = 0;  // bytes of it that came
  bool in_body = false, over = false, wrong = false;
};

class Readers {
 public:
  Readers(std::uint16_t port, std::size_t clients, std::size_t bytes) : expected_(bytes), clients_(clients) {
    for (std::size_t i = 0; i < bytes; ++i) expected_[i] = static_cast<char>(i * 131 + i / 256);
    for (Client& client : clients_) open(client, port);
  }

  void ask(const std::string& request) {
    for (Client& client : clients_) {
      if (write(client.fd, request.data(), request.size()) != static_cast<ssize_t>(request.size())) fail(client);
    }
  }

  void read_slowly(std::size_t rate) {
    const auto each = static_cast<std::size_t>(rate * kTurn.count() / 1000);
    const auto limit = std::chrono::steady_clock::now() + kLimit;
    while (may_hurry == 0 && std::chrono::steady_clock::now() < limit) {
      for (Client& client : clients_) slow_bytes_ += read_some(client, each);
      std::this_thread::sleep_for(kTurn);
    }
  }

  void read_to_the_end() {
    const auto limit = std::chrono::steady_clock::now() + kLimit;
    while (over_ < clients_.size() && std::chrono::steady_clock::now() < limit) {
      std::size_t got = 0;
      for (Client& client : clients_) got += read_some(client, buffer_.size());
      if (got == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  void report() const {
    const auto count = [&](auto holds) { return std::count_if(clients_.begin(), clients_.end(), holds); };
    const auto whole = count([&](const Client& c) { return c.over && !c.wrong && c.body == expected_.size(); });
    const auto wrong = count([](const Client& c) { return c.wrong; });
    std::printf(R"({"answered":%td,"failed":%td,"wrong":%td,"slow_bytes":%zu})", whole,
                static_cast<std::ptrdiff_t>(clients_.size()) - whole, wrong, slow_bytes_);
    std::puts("");
  }

 private:
  static void open(Client& client, std::uint16_t port) {
    client.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client.fd < 0) die("socket");
    setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(client.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
    fcntl(client.fd, F_SETFL, fcntl(client.fd, F_GETFL) | O_NONBLOCK);
  }

  std::size_t read_some(Client& client, std::size_t most) {
    if (client.over) return 0;
    const ssize_t got = read(client.fd, buffer_.data(), std::min(most, buffer_.size()));
    if (got < 0 && errno == EAGAIN) return 0;
    if (got <= 0) {
      fail(client);
      return 0;
    }
    take(client, buffer_.data(), static_cast<std::size_t>(got));
    return static_cast<std::size_t>(got);
  }

  void take(Client& client, const char* bytes, std::size_t size) {
    if (!client.in_body) {
      const std::size_t before = client.head.size();
      client.head.append(bytes, size);
      const std::size_t end = client.head.find("\r\n\r\n");
      if (end == std::string::npos) return;
      client.in_body = true;
      if (client.head.compare(9, 3, "200") != 0) return fail(client);
      const std::size_t of_head = end + 4 - before;
      bytes += of_head;
      size -= of_head;
    }
    if (client.body + size > expected_.size() || std::memcmp(bytes, expected_.data() + client.body, size) != 0) {
      client.wrong = true;
      return fail(client);
    }
    client.body += size;
    if (client.body < expected_.size()) return;
    client.over = true;
    ++over_;
  }

  void fail(Client& client) {
    if (client.over) return;
    client.over = true;
    client.body = 0;
    ++over_;
  }

  std::vector<char> expected_;
  std::vector<Client> clients_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
  std::size_t over_ = 0, slow_bytes_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("usage: slow PORT CLIENTS PATH RATE BYTES\n", stderr);
    return 2;
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  std::signal(SIGUSR1, [](int) { may_hurry = 1; });
  Readers readers(static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)), std::stoul(argv[2]),
                  std::stoul(argv[5]));
  readers.ask("GET " + std::string(argv[3]) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  readers.read_slowly(std::stoul(argv[4]));
  readers.read_to_the_end();
  readers.report();
  return 0;
}
