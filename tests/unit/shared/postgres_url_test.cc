// URLs of databases: what is taken, and that no error shows a password.
#include "proxy/shared/postgres_url.h"

#include <algorithm>

#include "tests/support/catch.h"

namespace weir {
namespace {

PostgresTarget parsed(std::string_view url) {
  auto target = parse_postgres_url(url);
  INFO(url);
  REQUIRE(target);
  return *target;
}

std::string option(const PostgresTarget& target, std::string_view name) {
  const auto found =
      std::find_if(target.options.begin(), target.options.end(), [&](const auto& one) { return one.first == name; });
  return found == target.options.end() ? "" : found->second;
}

TEST_CASE("a URL's parts") {
  const auto target = parsed("postgresql://me:p%40ss@db.example:5433/videos?sslmode=require&connect_timeout=3");
  REQUIRE(target.hosts.size() == 1);
  CHECK(target.hosts[0].name == "db.example");
  CHECK(target.hosts[0].port == "5433");
  CHECK(target.hosts[0].text() == "db.example:5433");
  CHECK(target.password == "p@ss");
  CHECK(option(target, "user") == "me");
  CHECK(option(target, "password") == "p@ss");
  CHECK(option(target, "dbname") == "videos");
  CHECK(option(target, "sslmode") == "require");
  CHECK(option(target, "host").empty());
}

TEST_CASE("several hosts, addresses, sockets") {
  const auto several = parsed("postgres://a:1,[::1]:2,c/d");
  REQUIRE(several.hosts.size() == 3);
  CHECK(several.hosts[1].text() == "[::1]:2");
  CHECK(several.hosts[2].port.empty());
  CHECK(several.hosts[2].text() == "c:5432");
  CHECK(parsed("postgres://a,b:5/d").hosts[0].port.empty());
  const auto socket = parsed("postgres://me@/d?host=/run/postgresql&port=6000");
  CHECK(socket.hosts[0].is_socket());
  CHECK(socket.hosts[0].port == "6000");
  CHECK(socket.hosts[0].text() == "/run/postgresql");
  CHECK(parsed("postgres://%2Frun%2Fx/d").hosts[0].is_socket());
  const auto address = parsed("postgres://db.example/d?hostaddr=10.0.0.1");
  CHECK(address.hosts[0].address == "10.0.0.1");
  CHECK(address.hosts[0].text() == "db.example:5432");
  CHECK(parsed("postgres:///d").hosts[0].is_socket());
}

TEST_CASE("what is no URL; no error quotes it") {
  for (const char* url :
       {"", "mysql://a:secret@b/c", "host=a password=secret", "postgres://u:%zzsecret@h/d",
        "postgres://u:secret@h/d?nonsense=secret", "postgres://u:secret@h:port/d", "postgres://u:secret@h:0/d",
        "postgres://u:secret@h:70000/d", "postgres://u:secret@[::1/d", "postgres://u:secret@a,b/d?port=1,2,3"}) {
    INFO(url);
    const auto target = parse_postgres_url(url);
    REQUIRE_FALSE(target);
    CHECK(target.error().detail.find("secret") == std::string::npos);
    CHECK(target.error().detail.find("postgres://user:password@host:5432/database") != std::string::npos);
    CHECK_FALSE(is_postgres_url(url));
  }
}

TEST_CASE("what is said of a connection shows no password and stays on a line") {
  const auto target = parsed("postgres://u:p%0Aw@h/d");
  CHECK(target.safe("p\nw and again p\nw: \x1b[1m no\n\n") == "*** and again ***: \\u001b[1m no");
  CHECK(parsed("postgres://u@h/d").safe("a\n\tb") == "a  b");
}

}  // namespace
}  // namespace weir
