// The load generator for HTTP/2, as lean as generator.cc: 16 connections of 32 streams each, all for one URL, by prior
// knowledge or inside TLS. It reads frames, looks at each answer's status and counts its bytes; it decodes no fields,
// which is what most of h2load's time goes into. One thread, one epoll loop. h2_generator PORT SECONDS PATH BYTES [tls]
// Prints one line of JSON: {requests, failed, duration_us, p50_us, p99_us}. An answer is good if it is a 200 of BYTES
// bytes.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kConnections = 16;
constexpr std::uint32_t kStreams = 32;
constexpr std::size_t kHeader = 9;
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::uint32_t kWindow = 1U << 30;
constexpr std::uint32_t kFirstWindow = 65535;
constexpr std::size_t kMostMicroseconds = 1'000'000;

enum Type : std::uint8_t {
  kData,
  kHeaders,
  kPriority,
  kReset,
  kSettings,
  kPush,
  kPing,
  kGoaway,
  kWindowUpdate,
  kContinuation
};
constexpr std::uint8_t kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8, kHasPriority = 0x20;

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "h2_generator: %s\n", what);
  std::exit(1);
}

void append_number(std::string& out, std::uint32_t n, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(n >> shift));
}

void append_header(std::string& out, std::size_t length, Type type, std::uint8_t flags, std::uint32_t stream) {
  append_number(out, static_cast<std::uint32_t>(length), 3);
  out.push_back(static_cast<char>(type));
  out.push_back(static_cast<char>(flags));
  append_number(out, stream, 4);
}

std::uint32_t number(const char* at, int bytes) {
  std::uint32_t n = 0;
  for (int i = 0; i < bytes; ++i) n = n << 8 | static_cast<unsigned char>(at[i]);
  return n;
}

struct Wanted {
  std::uint16_t port;
  std::string path;
  std::size_t bytes;
  bool tls;
};

struct Tally {
  std::vector<std::uint32_t> times = std::vector<std::uint32_t>(kMostMicroseconds + 1);  // how often each microsecond
  std::uint64_t good = 0, failed = 0;
};

struct Stream {
  std::uint32_t id = 0;
  std::size_t bytes = 0;
  bool good = false;  // its status was 200
  Clock::time_point since;
};

class Connection {
 public:
  Connection(const Wanted& wanted, Tally& tally, SSL_CTX* context) : wanted_(wanted), tally_(tally) {
    connect_socket();
    if (wanted.tls) connect_tls(context);
    fcntl(fd_, F_SETFL, O_NONBLOCK);
    out_ = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    append_header(out_, 12, kSettings, 0, 0);
    append_number(out_, 2, 2);  // no pushes
    append_number(out_, 0, 4);
    append_number(out_, 4, 2);  // the window of each stream
    append_number(out_, kWindow, 4);
    append_window(kWindow - kFirstWindow);
    const auto now = Clock::now();
    for (Stream& stream : streams_) ask(stream, now);
    flush();
  }

  ~Connection() {
    SSL_free(tls_);
    close(fd_);
  }
  Connection(const Connection&) = delete;

  int fd() const { return fd_; }

  void on_readable() {
    for (;;) {
      const auto got = read_some(in_.data() + filled_, in_.size() - filled_);
      if (got == 0) break;
      filled_ += got;
      take_frames();
      if (filled_ < in_.size() / 2 && tls_ == nullptr) break;  // most likely all there was
    }
    flush();
  }

 private:
  void connect_socket() {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(wanted_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("can't connect");
  }

  void connect_tls(SSL_CTX* context) {
    constexpr std::array<unsigned char, 3> kAlpn{2, 'h', '2'};
    tls_ = SSL_new(context);
    SSL_set_fd(tls_, fd_);
    SSL_set_alpn_protos(tls_, kAlpn.data(), kAlpn.size());
    if (SSL_connect(tls_) != 1) die("the TLS handshake failed");
    const unsigned char* chosen = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(tls_, &chosen, &length);
    if (length != 2) die("the server doesn't choose h2");
  }

  // 0: nothing for now.
  std::size_t read_some(char* at, std::size_t room) {
    if (tls_ != nullptr) {
      const int got = SSL_read(tls_, at, static_cast<int>(room));
      if (got > 0) return static_cast<std::size_t>(got);
      if (SSL_get_error(tls_, got) != SSL_ERROR_WANT_READ) die("the server closed a connection");
      return 0;
    }
    const auto got = recv(fd_, at, room, 0);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) die("the server closed a connection");
    return 0;
  }

  // What is asked for is small; the socket always has room for it.
  void flush() {
    if (out_.empty()) return;
    const auto sent = tls_ != nullptr ? SSL_write(tls_, out_.data(), static_cast<int>(out_.size()))
                                      : static_cast<int>(send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL));
    if (sent != static_cast<int>(out_.size())) die("the server doesn't read");
    out_.clear();
  }

  // The first request puts its fields into the server's table, the others name them there.
  void ask(Stream& stream, Clock::time_point now) {
    std::string block = wanted_.tls ? "\x82\x87" : "\x82\x86";
    if (next_id_ == 1) {
      const auto literal = [&](char name, std::string_view value) {
        block.push_back(name);
        block.push_back(static_cast<char>(value.size()));
        block.append(value);
      };
      literal('\x44', wanted_.path);
      literal('\x41', "127.0.0.1:" + std::to_string(wanted_.port));
      literal('\x7a', "h2_generator");
    } else {
      block += "\xc0\xbf\xbe";
    }
    stream = {next_id_, 0, false, now};
    append_header(out_, block.size(), kHeaders, kEndHeaders | kEndStream, next_id_);
    out_ += block;
    next_id_ += 2;
  }

  void append_window(std::uint32_t bytes) {
    append_header(out_, 4, kWindowUpdate, 0, 0);
    append_number(out_, bytes, 4);
  }

  void take_frames() {
    const auto now = Clock::now();
    std::size_t at = 0;
    while (filled_ - at >= kHeader) {
      const char* const frame = in_.data() + at;
      const std::size_t length = number(frame, 3);
      if (filled_ - at < kHeader + length) break;
      take_frame(static_cast<Type>(frame[3]), static_cast<std::uint8_t>(frame[4]), number(frame + 5, 4),
                 {frame + kHeader, length}, now);
      at += kHeader + length;
    }
    std::memmove(in_.data(), in_.data() + at, filled_ - at);
    filled_ -= at;
  }

  void take_frame(Type type, std::uint8_t flags, std::uint32_t id, std::string_view payload, Clock::time_point now) {
    switch (type) {
      case kSettings:
        if ((flags & kAck) == 0) append_header(out_, 0, kSettings, kAck, 0);
        return;
      case kPing:
        if ((flags & kAck) != 0) return;
        append_header(out_, payload.size(), kPing, kAck, 0);
        out_ += payload;
        return;
      case kHeaders: return on_headers(flags, id, payload, now);
      case kData: return on_data(flags, id, payload, now);
      case kReset: return on_end(find(id), now, false);
      case kGoaway: die("the server sent GOAWAY");
      default: return;
    }
  }

  void on_headers(std::uint8_t flags, std::uint32_t id, std::string_view block, Clock::time_point now) {
    if ((flags & kPadded) != 0) block.remove_prefix(1);
    if ((flags & kHasPriority) != 0) block.remove_prefix(5);
    while (!block.empty() && (block.front() & '\xe0') == 0x20) block.remove_prefix(1);  // sizes of the table
    Stream& stream = find(id);
    stream.good = block.starts_with('\x88');  // :status 200
    if ((flags & kEndStream) != 0) on_end(stream, now, stream.good);
  }

  void on_data(std::uint8_t flags, std::uint32_t id, std::string_view content, Clock::time_point now) {
    Stream& stream = find(id);
    const std::size_t padding = (flags & kPadded) != 0 ? 1U + static_cast<unsigned char>(content.front()) : 0;
    stream.bytes += content.size() - padding;
    unreturned_ += static_cast<std::uint32_t>(content.size());
    if (unreturned_ > kWindow / 4) {
      append_window(unreturned_);
      unreturned_ = 0;
    }
    if ((flags & kEndStream) != 0) on_end(stream, now, stream.good);
  }

  void on_end(Stream& stream, Clock::time_point now, bool good) {
    if (good && stream.bytes == wanted_.bytes) {
      const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - stream.since).count();
      ++tally_.times[std::min(static_cast<std::size_t>(took), kMostMicroseconds)];
      ++tally_.good;
    } else {
      ++tally_.failed;
    }
    ask(stream, now);
  }

  Stream& find(std::uint32_t id) {
    for (Stream& stream : streams_) {
      if (stream.id == id) return stream;
    }
    die("an answer to what wasn't asked");
  }

  const Wanted& wanted_;
  Tally& tally_;
  int fd_ = -1;
  SSL* tls_ = nullptr;
  std::vector<char> in_ = std::vector<char>(kReadBytes);
  std::size_t filled_ = 0;
  std::string out_;
  std::array<Stream, kStreams> streams_;
  std::uint32_t next_id_ = 1, unreturned_ = 0;
};

std::size_t quantile(const Tally& tally, double part) {
  auto left = static_cast<std::uint64_t>(static_cast<double>(tally.good) * part);
  for (std::size_t us = 0; us < tally.times.size(); ++us) {
    if (tally.times[us] > left) return us;
    left -= tally.times[us];
  }
  return kMostMicroseconds;
}

void run(const Wanted& wanted, std::chrono::seconds seconds) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_read_ahead(context, 1);
  Tally tally;
  const int loop = epoll_create1(EPOLL_CLOEXEC);
  std::vector<Connection*> connections;
  const auto since = Clock::now();
  for (int i = 0; i < kConnections; ++i) {
    auto* const connection = connections.emplace_back(new Connection(wanted, tally, context));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = connection;
    epoll_ctl(loop, EPOLL_CTL_ADD, connection->fd(), &event);
  }
  std::array<epoll_event, kConnections> events{};
  while (Clock::now() - since < seconds) {
    const int count = epoll_wait(loop, events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < count; ++i)
      static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr)->on_readable();
  }
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - since).count();
  for (const Connection* connection : connections) delete connection;
  close(loop);
  SSL_CTX_free(context);
  std::printf("{\"requests\":%llu,\"failed\":%llu,\"duration_us\":%lld,\"p50_us\":%zu,\"p99_us\":%zu}\n",
              static_cast<unsigned long long>(tally.good), static_cast<unsigned long long>(tally.failed),
              static_cast<long long>(took), quantile(tally, 0.5), quantile(tally, 0.99));
}

}  // namespace

int main(int argc, char** argv) {
  const bool tls = argc == 6 && std::string_view(argv[5]) == "tls";
  if (argc != 5 && !tls) {
    std::fprintf(stderr, "h2_generator PORT SECONDS PATH BYTES [tls]\n");
    return 2;
  }
  const Wanted wanted{static_cast<std::uint16_t>(std::atoi(argv[1])), argv[3],
                      static_cast<std::size_t>(std::atoll(argv[4])), tls};
  run(wanted, std::chrono::seconds(std::atoi(argv[2])));
  return 0;
}
