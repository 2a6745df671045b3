// A server that is no Redis; see redis_impostor.h.
#include "tests/support/redis_impostor.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <utility>

#include "proxy/net/stream.h"
#include "proxy/shared/redis_codec.h"

namespace weir::test {
namespace {

struct Connection {
  int fd, number;
  std::unique_ptr<RedisDecoder> decoder = std::make_unique<RedisDecoder>(64_MiB);
};

// Commands are RESP, too. False: it is over.
bool serve(Connection& connection, const RedisImpostor::Script& script) {
  std::array<char, 65536> bytes;
  const auto got = ::recv(connection.fd, bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  std::string_view in(bytes.data(), static_cast<std::size_t>(got));
  RedisReply command;
  for (;;) {
    const auto event = connection.decoder->next(in, command);
    if (event != RedisDecoder::Event::reply) return event == RedisDecoder::Event::need_more;
    std::vector<std::string> words;
    for (auto& element : command.elements) words.push_back(std::move(element.text));
    const auto answer = script(connection.number, words);
    if (!answer) return false;
    if (!answer->empty()) ::send(connection.fd, answer->data(), answer->size(), MSG_NOSIGNAL);
  }
}

}  // namespace

RedisImpostor::RedisImpostor(Script script)
    : script_(std::move(script)), listener_(*open_listener(*parse_address("127.0.0.1:0"), 16, false)) {
  port_ = local_address(listener_)->port();
  thread_ = std::thread([this] { run(); });
}

RedisImpostor::~RedisImpostor() {
  over_ = true;
  thread_.join();
  ::close(listener_);
}

void RedisImpostor::run() {
  std::vector<Connection> open;
  while (!over_) {
    std::vector<pollfd> ready{{listener_, POLLIN, 0}};
    for (const auto& connection : open) ready.push_back({connection.fd, POLLIN, 0});
    ::poll(ready.data(), ready.size(), 5);
    for (std::size_t i = open.size(); i-- > 0;) {
      if (ready[i + 1].revents == 0 || serve(open[i], script_)) continue;
      ::close(open[i].fd);
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (ready[0].revents == 0) continue;
    const int fd = ::accept(listener_, nullptr, nullptr);
    if (fd >= 0) open.push_back({fd, ++connections_});
  }
  for (const auto& connection : open) ::close(connection.fd);
}

}  // namespace weir::test
