// redis-server for tests; see redis_server.h.
#include "tests/support/redis_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/net/stream.h"
#include "proxy/shared/redis_codec.h"
#include "proxy/shared/redis_output.h"

namespace weir::test {
namespace {

// One command and its reply, blocking, within a second.
RedisReply converse(int fd, std::vector<std::string> words, RedisDecoder& decoder) {
  RedisOutput out;
  out.append(words, false);
  std::array<iovec, RedisOutput::kMostPieces> room;
  while (!out.empty()) {
    const auto piece = out.next(room).front();
    const auto sent = ::send(fd, piece.iov_base, piece.iov_len, MSG_NOSIGNAL);
    if (sent <= 0) return {};
    out.sent(static_cast<std::size_t>(sent));
  }
  std::array<char, 4096> bytes;
  RedisReply reply;
  for (;;) {
    const auto got = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (got <= 0) return {};
    std::string_view in(bytes.data(), static_cast<std::size_t>(got));
    if (decoder.next(in, reply) == RedisDecoder::Event::reply) return reply;
  }
}

}  // namespace

std::uint16_t free_port() {
  const int fd = *open_listener(*parse_address("127.0.0.1:0"), 1, false);
  const std::uint16_t port = local_address(fd)->port();
  ::close(fd);
  return port;
}

bool eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

RedisServer::RedisServer(Options options) : options_(std::move(options)) {
  if (!options_.sentinel.empty()) std::ofstream(folder_.path("sentinel.conf")) << options_.sentinel;
  // Another process may take the port before the server does.
  for (int tries = 0; tries < 5 && process_ < 0; ++tries) {
    port_ = free_port();
    start();
  }
  WEIR_CHECK(process_ > 0);
}

RedisServer::~RedisServer() {
  kill();
}

void RedisServer::start() {
  WEIR_CHECK(process_ < 0);
  spawn();
  eventually([this] {
    if (::waitpid(process_, nullptr, WNOHANG) == process_) process_ = -1;
    return process_ < 0 || answers();
  });
}

void RedisServer::spawn() {
  std::vector<std::string> words{"redis-server"};
  if (!options_.sentinel.empty()) words.push_back(folder_.path("sentinel.conf"));
  const std::string port = std::to_string(port_);
  for (const auto& word : {std::string("--port"), options_.tls ? std::string("0") : port, std::string("--bind"),
                           std::string("127.0.0.1"), std::string("--unixsocket"), socket(), std::string("--dir"),
                           folder_.path(""), std::string("--logfile"), folder_.path("log")}) {
    words.push_back(word);
  }
  if (options_.tls) words.insert(words.end(), {"--tls-port", port});
  if (options_.sentinel.empty()) words.insert(words.end(), {"--save", "", "--appendonly", "no"});
  if (!options_.password.empty()) words.insert(words.end(), {"--requirepass", options_.password});
  words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
  if (!options_.sentinel.empty()) words.push_back("--sentinel");
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  process_ = ::fork();
  WEIR_CHECK(process_ >= 0);
  if (process_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // also when the test dies without a word
  const int nothing = ::open("/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2}) ::dup2(nothing, fd);
  ::execvp("redis-server", arguments.data());
  ::_exit(127);
}

bool RedisServer::answers() const {
  const RedisReply reply = ask({"PING"});
  return reply.text == "PONG" || reply.text.starts_with("NOAUTH");
}

void RedisServer::kill() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

void RedisServer::pause() {
  ::kill(process_, SIGSTOP);
  int status = 0;
  ::waitpid(process_, &status, WUNTRACED);
}

void RedisServer::resume() {
  ::kill(process_, SIGCONT);
}

RedisReply RedisServer::ask(const std::vector<std::string>& words) const {
  const auto fd = begin_connect_unix(socket());
  if (!fd) return {};
  ::fcntl(*fd, F_SETFL, 0);
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  RedisDecoder decoder(16_MiB);
  if (!options_.password.empty()) converse(*fd, {"AUTH", options_.password}, decoder);
  RedisReply reply = converse(*fd, words, decoder);
  ::close(*fd);
  return reply;
}

}  // namespace weir::test
