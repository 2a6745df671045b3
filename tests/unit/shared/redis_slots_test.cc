// A cluster's words: slots, the map, redirects.
#include "proxy/shared/redis_slots.h"

#include "tests/support/catch.h"

namespace weir {
namespace {

using Kind = RedisReply::Kind;

RedisReply number(std::int64_t value) {
  RedisReply reply;
  reply.kind = Kind::integer;
  reply.integer = value;
  return reply;
}
RedisReply text(std::string value) {
  RedisReply reply;
  reply.kind = Kind::string;
  reply.text = std::move(value);
  return reply;
}
RedisReply array(std::vector<RedisReply> elements) {
  RedisReply reply;
  reply.kind = Kind::array;
  reply.elements = std::move(elements);
  return reply;
}
RedisReply range(std::int64_t first, std::int64_t last, const std::string& host, std::int64_t port) {
  return array({number(first), number(last), array({text(host), number(port), text("id")})});
}

const RedisEndpoint kAsked{"seed", 7000, {}};

TEST_CASE("a key's slot is the CRC of its tag, or of all of it", "[redis_slots]") {
  CHECK(crc16("123456789") == 0x31c3);
  CHECK(crc16("") == 0);
  const std::pair<std::string, unsigned> rows[] = {
      {"foo", 12182}, {"123456789", 0x31c3},          {"{foo}bar", 12182},          {"x{foo}y{bar}", 12182},
      {"", 0},        {"{}foo", redis_slot("{}foo")}, {"foo{", redis_slot("foo{")},
  };
  for (const auto& [key, slot] : rows) {
    CAPTURE(key);
    CHECK(redis_slot(key) == slot);
  }
  CHECK(redis_slot("{}foo") == crc16("{}foo") % kRedisSlots);  // empty: no tag
  CHECK(redis_slot("{foo") == crc16("{foo") % kRedisSlots);    // never closed
  CHECK(redis_slot("}{foo}") == redis_slot("foo"));
  CHECK(redis_slot("{{foo}}") == crc16("{foo") % kRedisSlots);  // up to the first }
}

TEST_CASE("the answer to CLUSTER SLOTS is read, or refused whole", "[redis_slots]") {
  const auto slots = parse_slots(array({range(0, 8191, "10.0.0.1", 7000), range(8192, 16383, "", 7001)}), kAsked);
  REQUIRE(slots.ok());
  REQUIRE(slots->size() == 2);
  CHECK((*slots)[0].primary.text() == "10.0.0.1:7000");
  CHECK((*slots)[1].primary.text() == "seed:7001");
  CHECK((*slots)[1].last == 16383);

  RedisReply error;
  error.kind = Kind::error;
  error.text = "ERR This instance has cluster support disabled";
  const RedisReply wrong[] = {
      error,
      array({}),
      number(1),
      array({number(1)}),
      array({array({})}),
      array({range(0, 16384, "a", 1)}),
      array({range(-1, 3, "a", 1)}),
      array({range(5, 3, "a", 1)}),
      array({range(0, 3, "a", 0)}),
      array({range(0, 3, "a", 65536)}),
      array({range(0, 3, "a b", 1)}),
      array({range(0, 3, "a\n", 1)}),
      array({array({number(0), number(1), array({text("a")})})}),
      array({range(0, 100, "a", 1), number(3)}),
  };
  for (const auto& reply : wrong) CHECK(!parse_slots(reply, kAsked).ok());
}

TEST_CASE("a redirect says where to, for good or for once", "[redis_slots]") {
  struct Row {
    std::string error, to;
    bool ask;
    unsigned slot;
  };
  const Row rows[] = {
      {"MOVED 3999 127.0.0.1:6381", "127.0.0.1:6381", false, 3999},
      {"ASK 0 cache.example:1", "cache.example:1", true, 0},
      {"MOVED 16383 :7001", "seed:7001", false, 16383},
      {"MOVED 1 ::1:7001", "[::1]:7001", false, 1},
  };
  for (const auto& row : rows) {
    const auto redirect = parse_redirect(row.error, kAsked);
    CAPTURE(row.error);
    REQUIRE(redirect.has_value());
    CHECK(redirect->to.text() == row.to);
    CHECK(redirect->ask == row.ask);
    CHECK(redirect->slot == row.slot);
  }
  for (const auto* wrong : {"", "MOVED", "MOVED ", "MOVED 1", "MOVED 1 ", "MOVED x a:1", "MOVED 16384 a:1", "MOVED 1 a",
                            "MOVED 1 a:", "MOVED 1 a:0", "MOVED 1 a:65536", "MOVED 1 a b:1", "ASK 1 a",
                            "ERR MOVED 1 a:1", "TRYAGAIN", "CLUSTERDOWN Hash slot not served", "MOVED a:1 2"}) {
    CAPTURE(wrong);
    CHECK(!parse_redirect(wrong, kAsked).has_value());
  }
}

}  // namespace
}  // namespace weir
