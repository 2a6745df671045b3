// The client of the command line: where it goes, and what it makes of what comes back.
#include "proxy/cli/client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>

#include "proxy/net/stream.h"
#include "tests/support/catch.h"

namespace weir {
namespace {

// A server for one connection that answers with these bytes, whatever it is asked.
class Scripted {
 public:
  explicit Scripted(std::string answer) : answer_(std::move(answer)) {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const Address any = *parse_address("127.0.0.1:0");
    REQUIRE(::bind(listening_, any.get(), any.length) == 0);
    REQUIRE(::listen(listening_, 1) == 0);
    address_ = *local_address(listening_);
    thread_ = std::thread([this] { serve(); });
  }
  ~Scripted() {
    thread_.join();
    ::close(listening_);
  }
  std::string url() const { return "http://" + address_.text(); }
  std::string asked;

 private:
  void serve() {
    const int fd = ::accept(listening_, nullptr, nullptr);
    std::array<char, 4096> bytes;
    while (asked.find("\r\n\r\n") == std::string::npos) {
      const auto got = ::recv(fd, bytes.data(), bytes.size(), 0);
      if (got <= 0) break;
      asked.append(bytes.data(), static_cast<std::size_t>(got));
    }
    ::send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL);
    ::close(fd);
  }

  std::string answer_;
  int listening_ = -1;
  Address address_;
  std::thread thread_;
};

Arguments admin(const std::string& url) {
  constexpr std::array kOptions{kAdminOption};
  const std::string option = "--admin=" + url;
  const std::array<std::string_view, 1> words{option};
  return *Arguments::parse(words, kOptions);
}

Result<std::string> ask(const std::string& url) {
  const auto client = AdminClient::from(admin(url));
  REQUIRE(client);
  return client->ask("GET", "/admin/cache/stats");
}

TEST_CASE("the body of a good answer, in whatever framing", "[client]") {
  for (const auto* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                             "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"}) {
    Scripted server(answer);
    const auto got = ask(server.url());
    REQUIRE(got);
    CHECK(*got == "{}");
  }
}

TEST_CASE("a refusal is an error that says what weir said", "[client]") {
  Scripted server("HTTP/1.1 401 Unauthorized\r\nContent-Length: 27\r\n\r\n{\"error\":\"needs the token\"}");
  const auto got = ask(server.url());
  REQUIRE_FALSE(got);
  CHECK(got.error().detail == "401: needs the token");
}

TEST_CASE("an answer that is cut short is an error", "[client]") {
  for (const auto* answer :
       {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", "HTTP/1.1 200", "nonsense\r\n\r\n"}) {
    Scripted server(answer);
    const auto got = ask(server.url());
    REQUIRE_FALSE(got);
    CHECK(got.error().detail.find(server.url()) != std::string::npos);
  }
}

TEST_CASE("the token comes from the environment and goes out as a bearer's", "[client]") {
  ::setenv("WEIR_ADMIN_TOKEN", "sesame", 1);
  {
    Scripted server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    CHECK(ask(server.url()));
    CHECK(server.asked.find("Authorization: Bearer sesame\r\n") != std::string::npos);
    CHECK(server.asked.find("Host: 127.0.0.1:") != std::string::npos);
  }
  ::setenv("WEIR_ADMIN_TOKEN", "two\r\nlines", 1);
  CHECK_FALSE(ask("http://127.0.0.1:1"));
  ::unsetenv("WEIR_ADMIN_TOKEN");
}

TEST_CASE("where to ask: --admin, else WEIR_ADMIN; a URL that can't be is wrong usage", "[client]") {
  const auto gone = ask("http://127.0.0.1:1");
  REQUIRE_FALSE(gone);
  CHECK(gone.error().detail.find("http://127.0.0.1:1") != std::string::npos);
  for (const auto* url : {"https://127.0.0.1:9090", "127.0.0.1", "http://a/b", "ftp://x"}) {
    CAPTURE(url);
    CHECK_FALSE(AdminClient::from(admin(url)));
  }
  ::setenv("WEIR_ADMIN", "nonsense", 1);
  CHECK_FALSE(AdminClient::from(Arguments{}));
  CHECK(AdminClient::from(admin("http://127.0.0.1:1")));
  ::unsetenv("WEIR_ADMIN");
  CHECK(AdminClient::from(Arguments{}));
}

}  // namespace
}  // namespace weir
