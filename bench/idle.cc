// Idle clients: opens so many connections, asks once on each and reads the answer, then lets them stand until its
// standard input ends. One after the other, so that nothing a server holds for many at once is counted. One thread,
// blocking. idle PORT CONNECTIONS PATH http1|http2 [tls] Says `standing` and how many, on a line, when all stand; then,
// when it ends, a line of JSON: {standing, alive}.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr timeval kPatience{.tv_sec = 30, .tv_usec = 0};
constexpr std::size_t kFrameHeader = 9;

struct Wanted {
  std::uint16_t port = 0;
  std::string path;
  bool http2 = false, tls = false;
};

struct Client {
  int fd = -1;
  SSL* tls = nullptr;
};

void allow_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

bool say(const Client& client, std::string_view text) {
  if (client.tls != nullptr)
    return SSL_write(client.tls, text.data(), static_cast<int>(text.size())) == static_cast<int>(text.size());
  return send(client.fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

bool hear(const Client& client, std::string& text) {
  std::array<char, 16384> buffer{};
  const auto got = client.tls != nullptr ? static_cast<ssize_t>(SSL_read(client.tls, buffer.data(), buffer.size()))
                                         : recv(client.fd, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  text.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

bool connect_to(const Wanted& wanted, SSL_CTX* context, Client& client) {
  client.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(client.fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(wanted.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(client.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
  if (!wanted.tls) return true;
  static constexpr std::array<unsigned char, 3> kAlpn{2, 'h', '2'};
  client.tls = SSL_new(context);
  SSL_set_fd(client.tls, client.fd);
  if (wanted.http2) SSL_set_alpn_protos(client.tls, kAlpn.data(), kAlpn.size());
  return SSL_connect(client.tls) == 1;
}

// Until the head's Content-Length, which it must have, is there.
bool ask_http1(const Client& client, const Wanted& wanted) {
  if (!say(client, "GET " + wanted.path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")) return false;
  std::string answer;
  std::size_t end = std::string::npos;
  while ((end = answer.find("\r\n\r\n")) == std::string::npos) {
    if (!hear(client, answer)) return false;
  }
  const auto length = answer.find("Content-Length: ");
  if (!answer.starts_with("HTTP/1.1 200 ") || length > end) return false;
  const auto whole = end + 4 + static_cast<std::size_t>(std::atol(answer.c_str() + length + 16));
  while (answer.size() < whole) {
    if (!hear(client, answer)) return false;
  }
  return true;
}

// Its preface, a GET, and frames until one ends stream 1; then the acknowledgement of what the server set.
bool ask_http2(const Client& client, const Wanted& wanted) {
  std::string ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 24 + kFrameHeader);
  std::string block = std::string("\x82") + (wanted.tls ? '\x87' : '\x86') + '\x04';
  block.push_back(static_cast<char>(wanted.path.size()));
  block += wanted.path + "\x01\x09localhost";
  ask.append({'\0', '\0', static_cast<char>(block.size()), '\1', '\5', '\0', '\0', '\0', '\1'});
  if (!say(client, ask + block)) return false;
  std::string answer;
  for (std::size_t at = 0;;) {
    while (answer.size() - at < kFrameHeader) {
      if (!hear(client, answer)) return false;
    }
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(answer[at + i]); };
    const std::size_t length = std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2);
    const bool of_stream = byte(8) == 1, ends = of_stream && (byte(4) & 1) != 0 && byte(3) <= 1;
    while (answer.size() - at < kFrameHeader + length) {
      if (!hear(client, answer)) return false;
    }
    if (of_stream && byte(3) == 1 && answer[at + kFrameHeader] != '\x88') return false;  // :status 200
    at += kFrameHeader + length;
    if (ends) return say(client, std::string("\0\0\0\4\1\0\0\0\0", kFrameHeader));
  }
}

// Whether the server has kept it: nothing came, not even an end.
bool alive(const Client& client) {
  pollfd look{client.fd, POLLIN, 0};
  return poll(&look, 1, 0) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "idle PORT CONNECTIONS PATH http1|http2 [tls]\n");
    return 2;
  }
  const Wanted wanted{static_cast<std::uint16_t>(std::atoi(argv[1])), argv[3], std::string_view(argv[4]) == "http2",
                      argc > 5};
  allow_descriptors();
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  std::vector<Client> clients(static_cast<std::size_t>(std::atoi(argv[2])));
  std::size_t standing = 0;
  for (Client& client : clients) {
    if (!connect_to(wanted, context, client)) break;
    if (!(wanted.http2 ? ask_http2(client, wanted) : ask_http1(client, wanted))) break;
    ++standing;
  }
  std::printf("standing %zu\n", standing);
  std::fflush(stdout);
  while (std::getchar() != EOF) {}
  std::size_t left = 0;
  for (std::size_t i = 0; i < standing; ++i) left += alive(clients[i]) ? 1 : 0;
  std::printf("{\"standing\":%zu,\"alive\":%zu}\n", standing, left);
  return 0;
}
