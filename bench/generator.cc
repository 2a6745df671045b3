// A load generator that costs less than the server it measures: one thread, one epoll loop, a `write` and a `read` a
// request. wrk spends so much on each answer that it is what limits above some 130,000 requests a second.
// generator PORT CONNECTIONS SECONDS STATUS same PATH [HEADER…]        the same request again and again
// generator PORT CONNECTIONS SECONDS STATUS each PREFIX COUNT          PREFIX1, PREFIX2 …; begins again after COUNT, if
// not 0 generator PORT CONNECTIONS SECONDS STATUS zipf PREFIX COUNT SEED     PREFIX1 to PREFIXCOUNT by Zipf's law,
// exponent 1 Prints one line of JSON as bench/wrk/common.lua does. It knows no chunked bodies: no row of ours has any.
// PORT as tls:PORT: inside TLS 1.3. SIGUSR1 ends it before its time, with the figures so far.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <strings.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kMaxHead = 64 * 1024;
constexpr std::size_t kSlowest = 2'000'000;  // microseconds that the histogram tells apart
constexpr std::size_t kDrawn = 200'000;      // requests drawn before the run, for `zipf`

volatile std::sig_atomic_t ended = 0;  // by SIGUSR1

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

struct Connection {
  int fd = -1;
  SSL* tls = nullptr;
  Clock::time_point sent;
  std::string head;           // of an answer whose head came in pieces
  std::size_t body_left = 0;  // bytes
  bool in_body = false;
};

struct Totals {
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;
  std::uint64_t failed = 0;
  std::vector<std::uint32_t> latencies = std::vector<std::uint32_t>(kSlowest);  // by microsecond

  void add(Clock::duration took) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    ++latencies[std::min(static_cast<std::size_t>(us), kSlowest - 1)];
    ++requests;
  }
  std::size_t percentile(double part) const {
    std::uint64_t wanted = static_cast<std::uint64_t>(static_cast<double>(requests) * part);
    for (std::size_t us = 0; us < kSlowest; ++us) {
      if (latencies[us] > wanted) return us;
      wanted -= latencies[us];
    }
    return 0;
  }
};

// What a head says of its body, or nothing for one that is not understood.
struct Answer {
  int status = 0;
  std::size_t body = 0;
};

Answer read_head(std::string_view head) {
  Answer answer;
  if (head.size() < 12) return answer;
  std::from_chars(head.data() + 9, head.data() + 12, answer.status);
  constexpr std::string_view kName = "\ncontent-length:";
  for (std::size_t at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1)) {
    if (head.size() - at <= kName.size() || strncasecmp(head.data() + at, kName.data(), kName.size()) != 0) continue;
    std::size_t digits = at + kName.size();
    while (digits < head.size() && head[digits] == ' ') ++digits;
    std::from_chars(head.data() + digits, head.data() + head.size(), answer.body);
  }
  if (answer.status == 304 || answer.status == 204) answer.body = 0;
  return answer;
}

class Generator {
 public:
  Generator(std::uint16_t port, bool tls, std::size_t connections, int status, std::function<const std::string&()> next)
      : port_(port), status_(status), next_(std::move(next)), connections_(connections) {
    if (tls) {
      context_ = SSL_CTX_new(TLS_client_method());
      SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION);
      SSL_CTX_set_read_ahead(context_, 1);
    }
    poll_ = epoll_create1(EPOLL_CLOEXEC);
    if (poll_ < 0) die("epoll");
    for (Connection& connection : connections_) open(connection);
  }

  // Requests of the connections until `end`, or SIGUSR1.
  void run(Clock::time_point end) {
    std::array<epoll_event, 256> events;
    for (Connection& connection : connections_) send(connection);
    while (Clock::now() < end && ended == 0) {
      const int ready = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 100);
      for (int i = 0; i < ready; ++i) receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
  }

  const Totals& totals() const { return totals_; }

 private:
  void open(Connection& connection) {
    connection =
        Connection{.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .tls = nullptr, .sent = {}, .head = {}};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
    if (context_ != nullptr) {
      connection.tls = SSL_new(context_);
      SSL_set_fd(connection.tls, connection.fd);
      if (SSL_connect(connection.tls) != 1) die("TLS");
      fcntl(connection.fd, F_SETFL, O_NONBLOCK);
    }
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
    epoll_ctl(poll_, EPOLL_CTL_ADD, connection.fd, &event);
  }

  void send(Connection& connection) {
    const std::string& request = next_();
    connection.sent = Clock::now();
    const auto sent = connection.tls != nullptr
                          ? SSL_write(connection.tls, request.data(), static_cast<int>(request.size()))
                          : write(connection.fd, request.data(), request.size());
    if (sent != static_cast<ssize_t>(request.size())) start_again(connection);
  }

  void start_again(Connection& connection) {
    ++totals_.failed;
    SSL_free(connection.tls);
    close(connection.fd);
    open(connection);
    send(connection);
  }

  void receive(Connection& connection) {
    if (connection.tls == nullptr) return take(connection, read(connection.fd, buffer_.data(), buffer_.size()));
    do {
      const int got = SSL_read(connection.tls, buffer_.data(), static_cast<int>(buffer_.size()));
      if (got <= 0 && SSL_get_error(connection.tls, got) == SSL_ERROR_WANT_READ) return;
      take(connection, got);
    } while (SSL_pending(connection.tls) > 0);
  }

  // `got` bytes in buffer_; not above 0: the connection is over.
  void take(Connection& connection, ssize_t got) {
    if (got <= 0) return start_again(connection);
    totals_.bytes += static_cast<std::uint64_t>(got);
    std::string_view data(buffer_.data(), static_cast<std::size_t>(got));
    if (!connection.in_body) {
      if (!connection.head.empty()) data = connection.head.append(data);
      const std::size_t end = data.find("\r\n\r\n");
      if (end == std::string_view::npos) {
        if (data.size() > kMaxHead) return start_again(connection);
        if (connection.head.empty()) connection.head = data;
        return;
      }
      const Answer answer = read_head(data.substr(0, end + 2));
      if (answer.status != status_) ++totals_.failed;
      connection.in_body = true;
      connection.body_left = answer.body;
      data.remove_prefix(end + 4);
    }
    if (data.size() > connection.body_left) return start_again(connection);  // more than was announced
    connection.body_left -= data.size();
    if (connection.body_left > 0) {
      connection.head.clear();
      return;
    }
    totals_.add(Clock::now() - connection.sent);
    connection.in_body = false;
    connection.head.clear();
    send(connection);
  }

  const std::uint16_t port_;
  const int status_;
  const std::function<const std::string&()> next_;
  SSL_CTX* context_ = nullptr;  // null: without TLS
  int poll_ = -1;
  std::vector<Connection> connections_;
  std::vector<char> buffer_ = std::vector<char>(kReadBytes);
  Totals totals_;
};

std::string request(std::string_view path, const std::vector<std::string>& fields = {}) {
  std::string text = "GET " + std::string(path) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  for (const std::string& field : fields) text += field + "\r\n";
  return text + "\r\n";
}

// `count` requests by Zipf's law, drawn beforehand: the same each time for the same seed.
std::vector<std::string> draw(const std::string& prefix, std::size_t count, unsigned seed) {
  std::vector<double> weights;
  for (std::size_t n = 1; n <= count; ++n) weights.push_back(1.0 / static_cast<double>(n));
  std::discrete_distribution<std::size_t> chance(weights.begin(), weights.end());
  std::mt19937 source(seed);
  std::vector<std::string> drawn;
  for (std::size_t i = 0; i < kDrawn; ++i) drawn.push_back(request(prefix + std::to_string(chance(source) + 1)));
  return drawn;
}

std::function<const std::string&()> requests(const std::vector<std::string>& words) {
  const std::string& kind = words[0];
  if (kind == "same") {
    return [text = request(words[1], {words.begin() + 2, words.end()})]() -> const std::string& { return text; };
  }
  if (kind == "each" && words.size() == 3) {
    return [prefix = words[1], count = std::stoull(words[2]), n = 0ull,
            text = std::string()]() mutable -> const std::string& {
      n = n == count && count > 0 ? 1 : n + 1;
      return text = request(prefix + std::to_string(n));
    };
  }
  if (kind == "zipf" && words.size() == 4) {
    return [drawn = draw(words[1], std::stoull(words[2]), static_cast<unsigned>(std::stoul(words[3]))),
            at = std::size_t{0}]() mutable -> const std::string& { return drawn[at = (at + 1) % drawn.size()]; };
  }
  std::fputs("generator: same PATH, each PREFIX COUNT, or zipf PREFIX COUNT SEED\n", stderr);
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 6) {
    std::fputs("usage: generator PORT CONNECTIONS SECONDS STATUS same|each|zipf PATH …\n", stderr);
    return 2;
  }
  const bool tls = words[0].starts_with("tls:");
  Generator generator(static_cast<std::uint16_t>(std::stoul(words[0].substr(tls ? 4 : 0))), tls, std::stoul(words[1]),
                      std::stoi(words[3]), requests({words.begin() + 4, words.end()}));
  std::signal(SIGUSR1, [](int) { ended = 1; });
  const auto began = Clock::now();
  generator.run(began + std::chrono::seconds(std::stol(words[2])));
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began).count();
  const Totals& totals = generator.totals();
  std::printf("{\"requests\":%llu,\"duration_us\":%lld,\"bytes\":%llu,\"p50_us\":%zu,\"p99_us\":%zu,\"failed\":%llu}\n",
              static_cast<unsigned long long>(totals.requests), static_cast<long long>(took),
              static_cast<unsigned long long>(totals.bytes), totals.percentile(0.50), totals.percentile(0.99),
              static_cast<unsigned long long>(totals.failed));
  return 0;
}
