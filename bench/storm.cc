// Many clients that ask for one URL at the same moment: opens all connections, sends all requests, and stamps each
// answer as its last byte is read. One thread, one epoll loop, a `read` an answer: reading a thousand answers must cost
// less than the time between them that is measured.
// storm PORT[,PORT…] CLIENTS PATH: so many clients at each of the ports
// Prints one line of JSON: {answered, failed, first_ms, last_ms, spread_ms, statuses, by_port, bodies}; times are from
// just before the first request was sent, `statuses` says how often each came (0: none), `by_port` how many were
// answered at each, `bodies` has each different body of a 200 once. Like generator.cc it knows no chunked bodies.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <strings.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kSettle = std::chrono::milliseconds(300);  // for the server to accept what is connected
constexpr auto kLimit = std::chrono::seconds(30);         // for the last answer
constexpr std::size_t kReadBytes = 64 * 1024;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

struct Client {
  int fd = -1;
  std::uint16_t port = 0;
  std::string answer;     // as far as it has come
  std::size_t head = 0;   // bytes of its head, once that is whole
  std::size_t whole = 0;  // bytes of head and body
  int status = 0;
  double at_ms = 0;
  bool answered = false;
  bool failed = false;
};

void allow_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Length of the body that a head announces.
std::size_t announced(std::string_view head) {
  constexpr std::string_view kName = "\ncontent-length:";
  std::size_t length = 0;
  for (std::size_t at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1)) {
    if (head.size() - at <= kName.size() || strncasecmp(head.data() + at, kName.data(), kName.size()) != 0) continue;
    std::size_t digits = at + kName.size();
    while (digits < head.size() && head[digits] == ' ') ++digits;
    std::from_chars(head.data() + digits, head.data() + head.size(), length);
  }
  return length;
}

class Storm {
 public:
  Storm(const std::vector<std::uint16_t>& ports, std::size_t clients) : clients_(ports.size() * clients) {
    poll_ = epoll_create1(EPOLL_CLOEXEC);
    if (poll_ < 0) die("epoll");
    for (std::size_t i = 0; i < clients_.size(); ++i) open(clients_[i], ports[i % ports.size()]);
    std::this_thread::sleep_for(kSettle);
  }

  void run(const std::string& request) {
    std::array<epoll_event, 256> events;
    began_ = Clock::now();
    for (Client& client : clients_) {
      const ssize_t sent = write(client.fd, request.data(), request.size());
      if (sent != static_cast<ssize_t>(request.size())) fail(client);
    }
    while (over_ < clients_.size() && Clock::now() - began_ < kLimit) {
      const int ready = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 100);
      for (int i = 0; i < ready; ++i) receive(*static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
  }

  void report() const {
    std::size_t answered = 0;
    double first = 0;
    double last = 0;
    std::set<std::string_view> bodies;
    std::map<int, std::size_t> statuses;
    std::map<int, std::size_t> by_port;
    for (const Client& client : clients_) {
      ++statuses[client.status];
      by_port[client.port] += client.answered ? 1 : 0;
      if (!client.answered) continue;
      first = answered == 0 ? client.at_ms : std::min(first, client.at_ms);
      last = std::max(last, client.at_ms);
      bodies.insert(std::string_view(client.answer).substr(client.head));
      ++answered;
    }
    std::printf(R"({"answered":%zu,"failed":%zu,"first_ms":%.3f,"last_ms":%.3f,"spread_ms":%.3f,"statuses":{)",
                answered, clients_.size() - answered, first, last, last - first);
    print(statuses);
    std::fputs(R"(},"by_port":{)", stdout);
    print(by_port);
    std::fputs(R"(},"bodies":[)", stdout);
    const char* before = "";
    for (const std::string_view body : bodies) {
      std::printf("%s\"", before);
      // Our origins send plain text; anything else only has to differ from it.
      for (const char c : body) std::putchar(c < ' ' || c > '~' || c == '"' || c == '\\' ? '?' : c);
      std::putchar('"');
      before = ",";
    }
    std::puts("]}");
  }

 private:
  static void print(const std::map<int, std::size_t>& counts) {
    const char* before = "";
    for (const auto& [number, count] : counts) {
      std::printf("%s\"%d\":%zu", before, number, count);
      before = ",";
    }
  }

  void open(Client& client, std::uint16_t port) {
    client.port = port;
    client.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client.fd < 0) die("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(client.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
    fcntl(client.fd, F_SETFL, fcntl(client.fd, F_GETFL) | O_NONBLOCK);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &client}};
    if (epoll_ctl(poll_, EPOLL_CTL_ADD, client.fd, &event) != 0) die("epoll_ctl");
  }

  void receive(Client& client) {
    const ssize_t got = read(client.fd, buffer_.data(), buffer_.size());
    const auto now = Clock::now();
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return fail(client);
    client.answer.append(buffer_.data(), static_cast<std::size_t>(got));
    if (client.head == 0) {
      const std::size_t end = client.answer.find("\r\n\r\n");
      if (end == std::string::npos) return;
      client.head = end + 4;
      client.whole = client.head + announced(std::string_view(client.answer).substr(0, end + 2));
      std::from_chars(client.answer.data() + 9, client.answer.data() + 12, client.status);
    }
    if (client.answered || client.answer.size() > client.whole || client.status != 200) return fail(client);
    if (client.answer.size() < client.whole) return;
    client.answered = true;
    client.at_ms = std::chrono::duration<double, std::milli>(now - began_).count();
    ++over_;
  }

  // Also one that was answered and then sent or closed something more.
  void fail(Client& client) {
    if (client.failed) return;
    epoll_ctl(poll_, EPOLL_CTL_DEL, client.fd, nullptr);
    if (!client.answered) ++over_;
    client.answered = false;
    client.failed = true;
  }

  int poll_ = -1;
  std::vector<Client> clients_;
  std::vector<char> buffer_ = std::vector<char>(kReadBytes);
  std::size_t over_ = 0;  // answered or failed
  Clock::time_point began_;
};

std::vector<std::uint16_t> ports_in(const char* words) {
  std::vector<std::uint16_t> ports;
  for (const char* at = words; *at != '\0'; at += *at == ',' ? 1 : 0) {
    char* end = nullptr;
    ports.push_back(static_cast<std::uint16_t>(std::strtoul(at, &end, 10)));
    if (end == at || (*end != ',' && *end != '\0')) return {};
    at = end;
  }
  return ports;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::uint16_t> ports = argc == 4 ? ports_in(argv[1]) : std::vector<std::uint16_t>{};
  if (ports.empty()) {
    std::fputs("usage: storm PORT[,PORT…] CLIENTS PATH\n", stderr);
    return 2;
  }
  allow_descriptors();
  Storm storm(ports, std::stoul(argv[2]));
  storm.run("GET " + std::string(argv[3]) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  storm.report();
  return 0;
}
