// Redis' URLs: what they mean, what is refused, and that no refusal tells a password.
#include "proxy/shared/redis_settings.h"

#include "tests/support/catch.h"

namespace weir {
namespace {

using Topology = RedisSettings::Topology;

struct Row {
  std::string url;
  std::string endpoint;
  std::string user, password;
  unsigned database = 0;
  bool tls = false;
};

TEST_CASE("one URL is one server", "[redis_settings]") {
  const Row rows[] = {
      {"redis://cache", "cache:6379", "", "", 0, false},
      {"redis://Cache.Example:7000", "cache.example:7000", "", "", 0, false},
      {"REDIS://cache/", "cache:6379", "", "", 0, false},
      {"redis://cache/5", "cache:6379", "", "", 5, false},
      {"rediss://cache:6380/65535", "cache:6380", "", "", 65535, true},
      {"redis://10.0.0.1:1", "10.0.0.1:1", "", "", 0, false},
      {"redis://[::1]", "[::1]:6379", "", "", 0, false},
      {"redis://[2001:db8::1]:7000/2", "[2001:db8::1]:7000", "", "", 2, false},
      {"redis://me:secret@cache", "cache:6379", "me", "secret", 0, false},
      {"redis://:secret@cache", "cache:6379", "", "secret", 0, false},
      {"redis://me:a%40b%2Fc%3a%25@[::1]:7/1", "[::1]:7", "me", "a@b/c:%", 1, false},
      {"redis://m%65:a:b@cache", "cache:6379", "me", "a:b", 0, false},
      {"unix:///run/redis.sock", "/run/redis.sock", "", "", 0, false},
      {"unix:///run/a%20b.sock?db=3", "/run/a b.sock", "", "", 3, false},
      {"unix://me:secret@/run/redis.sock?db=0", "/run/redis.sock", "me", "secret", 0, false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.url);
    const auto settings = parse_redis_urls({{row.url}});
    REQUIRE(settings.ok());
    CHECK(settings->topology == Topology::single);
    REQUIRE(settings->endpoints.size() == 1);
    CHECK(settings->endpoints[0].text() == row.endpoint);
    CHECK(settings->user == row.user);
    CHECK(settings->password == row.password);
    CHECK(settings->database == row.database);
    CHECK(settings->tls == row.tls);
    CHECK(settings->verify);
  }
}

TEST_CASE("several URLs are a cluster, or Sentinels of one primary", "[redis_settings]") {
  const std::vector<std::string> seeds{"rediss://u:p@a:1", "rediss://u:p@b", "rediss://u:p@[::1]:3/0"};
  const auto cluster = parse_redis_urls(seeds);
  REQUIRE(cluster.ok());
  CHECK(cluster->topology == Topology::cluster);
  CHECK(cluster->endpoints.size() == 3);
  CHECK(cluster->tls);
  CHECK(cluster->endpoints[1].port == 6379);

  const std::vector<std::string> names{"sentinel://u:p@a/my%20primary/4", "sentinel://u:p@b:7/my%20primary/4"};
  const auto sentinels = parse_redis_urls(names);
  REQUIRE(sentinels.ok());
  CHECK(sentinels->topology == Topology::sentinel);
  CHECK(sentinels->primary == "my primary");
  CHECK(sentinels->database == 4);
  CHECK(sentinels->password == "p");
  CHECK(sentinels->endpoints[0].port == 26379);
  CHECK(sentinels->endpoints[1].port == 7);

  const auto one = parse_redis_urls({{std::string("sentinels://a/p")}});
  REQUIRE(one.ok());
  CHECK(one->topology == Topology::sentinel);
  CHECK(one->tls);
}

TEST_CASE("what is wrong with a URL is said, and never a password", "[redis_settings]") {
  struct Wrong {
    std::vector<std::string> urls;
    std::string says;
  };
  const Wrong rows[] = {
      {{}, "no Redis URL"},
      {{""}, "begins with none of"},
      {{"cache:6379"}, "begins with none of"},
      {{"http://cache"}, "begins with none of"},
      {{"redis:/cache"}, "begins with none of"},
      {{"redis://"}, "a host is missing"},
      {{"redis://:6379"}, "a host is missing"},
      {{"redis://a b"}, "a space"},
      {{"redis://a\tb"}, "a space"},
      {{"redis://a,b"}, "is not a name"},
      {{"redis://a:0"}, "1 to 65535"},
      {{"redis://a:65536"}, "1 to 65535"},
      {{"redis://a:"}, "1 to 65535"},
      {{"redis://a:+1"}, "1 to 65535"},
      {{"redis://::1"}, "in brackets"},
      {{"redis://[::1"}, "in brackets"},
      {{"redis://[]"}, "in brackets"},
      {{"redis://[1.2.3.4]"}, "in brackets"},
      {{"redis://[::1]7"}, "after ]"},
      {{"redis://a/x"}, "0 to 65535"},
      {{"redis://a/-1"}, "0 to 65535"},
      {{"redis://a/65536"}, "0 to 65535"},
      {{"redis://a/1/2"}, "0 to 65535"},
      {{"redis://a/1?db=2"}, "nothing may follow"},
      {{"redis://a/#x"}, "nothing may follow"},
      {{"redis://hunter2@a"}, "user:password@"},
      {{"redis://u:@a"}, "the password is empty"},
      {{"redis://u:hunter2%@a"}, "%25"},
      {{"redis://u:hunter2%4@a"}, "%25"},
      {{"redis://u:hunter2%zz@a"}, "%25"},
      {{"redis://u:hunter2/x@a"}, "%2F"},
      {{"redis://u:hunter2@x@a"}, "%40"},
      {{"redis://u:hunter2"}, "stand before the host"},
      {{"redis://u:hunter2@a:x"}, "1 to 65535"},
      {{"unix://run/redis.sock"}, "begins with /"},
      {{"unix:///"}, "107 bytes"},
      {{"unix:///" + std::string(107, 'x')}, "107 bytes"},
      {{"unix:///a%00b"}, "107 bytes"},
      {{"unix:///a%g0"}, "%25"},
      {{"unix:///a?x=1"}, "only ?db=N"},
      {{"unix:///a?db=x"}, "0 to 65535"},
      {{"sentinel://a"}, "call the primary"},
      {{"sentinel://a/"}, "call the primary"},
      {{"sentinel://a/p/x"}, "0 to 65535"},
      {{"redis://a", "unix:///a"}, "stands alone"},
      {{"unix:///a", "unix:///b"}, "stands alone"},
      {{"redis://a", "sentinel://b/p"}, "either the ones or the others"},
      {{"redis://a", "rediss://b"}, "over TLS"},
      {{"redis://u:hunter2@a", "redis://b"}, "same user and password"},
      {{"redis://u:hunter2@a", "redis://u:hunter3@b"}, "same user and password"},
      {{"redis://a/1", "redis://b/2"}, "same database"},
      {{"redis://a/1", "redis://b/1"}, "only the database 0"},
      {{"redis://a", "redis://a:6379"}, "named twice"},
      {{"sentinel://a/p", "sentinel://b/q"}, "same primary"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.urls);
    const auto settings = parse_redis_urls(row.urls);
    REQUIRE(!settings.ok());
    CAPTURE(settings.error().detail);
    CHECK(settings.error().detail.find(row.says) != std::string::npos);
    CHECK(settings.error().detail.find("hunter") == std::string::npos);
    CHECK(settings.error().side == Side::config);
  }
}

}  // namespace
}  // namespace weir
