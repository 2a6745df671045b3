// Full TLS handshakes, one after the other on each of a few threads: connects, makes the handshake without offering a
// session, asks once by HTTP/1.1, reads the answer and closes. Checks no certificate's chain, but the signature, as
// every client must. handshakes PORT SECONDS PATH Prints one line of JSON: {requests, failed, duration_us, p50_us,
// p99_us}; times are of a connection as a whole.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kThreads = 8;  // enough that the server never waits for one of them
constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};

struct Tally {
  std::vector<std::int64_t> times_us;
  int failed = 0;
};

int connect_to(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

// Whether a 200 came, and all of it until the server closed.
bool ask(SSL* tls, const std::string& request) {
  if (SSL_connect(tls) != 1 || SSL_session_reused(tls) != 0) return false;
  if (SSL_write(tls, request.data(), static_cast<int>(request.size())) <= 0) return false;
  std::array<char, 16384> buffer{};
  const int first = SSL_read(tls, buffer.data(), buffer.size());
  if (first <= 0 || !std::string_view(buffer.data(), static_cast<std::size_t>(first)).starts_with("HTTP/1.1 200 "))
    return false;
  while (SSL_read(tls, buffer.data(), buffer.size()) > 0) {}
  return (SSL_get_shutdown(tls) & SSL_RECEIVED_SHUTDOWN) != 0;
}

bool once(SSL_CTX* context, std::uint16_t port, const std::string& request) {
  const int fd = connect_to(port);
  if (fd < 0) return false;
  SSL* const tls = SSL_new(context);
  SSL_set_fd(tls, fd);
  const bool good = ask(tls, request);
  SSL_free(tls);
  close(fd);
  return good;
}

void run(std::uint16_t port, const std::string& request, Clock::time_point until, Tally& tally) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);  // H2O and nginx just close
  for (auto since = Clock::now(); since < until;) {
    const bool good = once(context, port, request);
    const auto now = Clock::now();
    if (good)
      tally.times_us.push_back(std::chrono::duration_cast<std::chrono::microseconds>(now - since).count());
    else
      ++tally.failed;
    since = now;
  }
  SSL_CTX_free(context);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "handshakes PORT SECONDS PATH\n");
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  const auto since = Clock::now();
  const auto until = since + std::chrono::seconds(std::atoi(argv[2]));
  const std::string request =
      std::string("GET ") + argv[3] + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  std::array<Tally, kThreads> tallies;
  {
    std::vector<std::thread> threads;
    for (Tally& tally : tallies) threads.emplace_back([&] { run(port, request, until, tally); });
    for (std::thread& thread : threads) thread.join();
  }
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - since).count();
  std::vector<std::int64_t> all;
  int failed = 0;
  for (const Tally& tally : tallies) {
    all.insert(all.end(), tally.times_us.begin(), tally.times_us.end());
    failed += tally.failed;
  }
  if (all.empty()) {
    std::fprintf(stderr, "not one handshake succeeded\n");
    return 1;
  }
  std::sort(all.begin(), all.end());
  std::printf("{\"requests\":%zu,\"failed\":%d,\"duration_us\":%lld,\"p50_us\":%lld,\"p99_us\":%lld}\n", all.size(),
              failed, static_cast<long long>(took), static_cast<long long>(all[all.size() / 2]),
              static_cast<long long>(all[all.size() * 99 / 100]));
  return 0;
}
