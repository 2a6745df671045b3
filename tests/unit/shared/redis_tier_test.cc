// The tier between two nodes and a real Redis: what one puts the other finds, and whatever is wrong is a miss.
#include "proxy/shared/redis_tier.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/redis_impostor.h"
#include "tests/unit/shared/tier_node.h"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

bool is(const RedisReply& reply, std::string_view text) {
  return reply.text == text;
}

TEST_CASE("what one node puts, another finds", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  CHECK(other.why_not("key") == TierMiss::absent);
  const auto object = object_now("key", std::string(5000, 'x'));
  REQUIRE(one.put(object));
  const auto answer = other.find("key");
  const auto* const found = std::get_if<TierFound>(&answer);
  REQUIRE(found != nullptr);
  CHECK(found->mark == 99);
  auto expected = found->object->life;
  std::swap(expected, object->life);
  CHECK(same(*object, *found->object, kNoon));
  CHECK(other.tier().counters().finds.read() == 2);
  CHECK(other.tier().counters().hits.read() == 1);
  CHECK(other.misses(TierMiss::absent) == 1);
  CHECK(one.tier().counters().bytes_written.read() == other.tier().counters().bytes_read.read());
}

TEST_CASE("it is as old as it is, on whichever node", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  auto object = object_now("key", "x");
  object->life.initial_age = 10s;
  REQUIRE(one.put(object));
  std::this_thread::sleep_for(300ms);
  const auto found = other.object("key");
  REQUIRE(found);
  const Time now = MonotonicClock::now();
  CHECK(found->life.age(now) >= object->life.age(now) - 2ms);  // Redis counts whole milliseconds
  CHECK(found->life.age(now) <= object->life.age(now) + 1s);
}

// Redis hangs somewhere on the way of a put, and carries out later what lay in front of it.
TEST_CASE("nothing gets younger by waiting", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  for (int round = 0; round < 8; ++round) {
    const std::string key = "key " + std::to_string(round);
    const auto object = object_now(key, noise(round % 2 == 0 ? 3_MiB : 1000));
    one.on_loop([&] { one.tier().put(object, 1); });
    std::this_thread::sleep_for(std::chrono::microseconds(700 * round));
    server.pause();
    std::this_thread::sleep_for(150ms);
    server.resume();
    REQUIRE(eventually([&] { return one.tier().counters().puts.read() == static_cast<unsigned>(round) + 1; }));
    const auto found = other.object(key);
    REQUIRE(found);
    const Time now = MonotonicClock::now();
    CHECK(found->life.age(now) >= object->life.age(now) - 2ms);
  }
}

TEST_CASE("a cluster keeps all of one key in one slot", "[redis]") {
  RedisServer server({.arguments = {"--cluster-enabled", "yes"}});
  REQUIRE(is(server.ask({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"}), "OK"));
  REQUIRE(eventually([&] {
    return server.ask({"CLUSTER", "INFO"}).text.find("cluster_state:ok") != std::string::npos;
  }));
  auto settings = settings_of({server.url()});
  settings.topology = RedisSettings::Topology::cluster;
  TierNode one(settings);
  for (int i = 0; i < 10; ++i) {
    const std::string key = "key " + std::to_string(i);
    auto answer = one.find_or_lease(key);
    REQUIRE(std::holds_alternative<RedisLease>(answer));
    REQUIRE(one.put(object_now(key, noise(1_MiB + 1)), std::get<RedisLease>(std::move(answer))));
    REQUIRE(one.object(key));
    REQUIRE(one.put(object_now(key, "small")));  // its parts are retired
    REQUIRE(one.put(in_language(key, "de")));
    REQUIRE(one.object(key, request("de")));
  }
  CHECK(eventually([&] { return names_in(server, "*:p:*").empty(); }));
}

TEST_CASE("variants are found by what they vary by", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  REQUIRE(one.put(in_language("key", "de")));
  REQUIRE(one.put(in_language("key", "en")));
  for (const std::string_view language : {"de", "en"}) {
    const Fields fields = request(language);
    const auto found = other.object("key", fields);
    REQUIRE(found);
    CHECK(found->body->copy() == language);
  }
  CHECK(other.why_not("key", request("fr")) == TierMiss::variant);
  CHECK(other.why_not("key") == TierMiss::variant);
  CHECK(names_in(server).size() == 3);
  // One that doesn't vary takes the note's place, and the other way round.
  REQUIRE(one.put(object_now("key", "for all")));
  CHECK(other.object("key", request("de"))->body->copy() == "for all");
  REQUIRE(one.put(in_language("key", "fr")));
  CHECK(other.object("key", request("fr"))->body->copy() == "fr");
  CHECK(other.object("key", request("de"))->body->copy() == "de");
}

TEST_CASE("a note lives as long as its longest-lived variant", "[redis]") {
  RedisServer server;
  TierNode one(server);
  auto longer = in_language("key", "de");
  auto shorter = in_language("key", "en");
  shorter->life.fresh_for = 100s;
  REQUIRE(one.put(shorter));
  const auto note = names_in(server, "*:e").at(0);
  CHECK(server.ask({"PTTL", note}).integer <= 100000);
  REQUIRE(one.put(longer));
  CHECK(server.ask({"PTTL", note}).integer > 3000000);
  REQUIRE(one.put(shorter));
  CHECK(server.ask({"PTTL", note}).integer > 3000000);
}

TEST_CASE("large bodies go in parts and come back whole", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  const std::string content = noise(3_MiB + 17);
  REQUIRE(one.put(object_now("key", content)));
  CHECK(names_in(server, "*:p:*").size() == 4);
  const auto found = other.object("key");
  REQUIRE(found);
  CHECK(found->body->copy() == content);
  CHECK(other.why_not("key", {}, 3_MiB) == TierMiss::too_large);
  REQUIRE(other.object("key"));  // too large for one isn't too large for all

  SECTION("an evicted part is a miss, and so is the entry then") {
    server.ask({"DEL", names_in(server, "*:p:*:2").at(0)});
    CHECK(other.why_not("key") == TierMiss::part);
    CHECK(eventually([&] { return names_in(server, "*:e").empty(); }));
    CHECK(other.why_not("key") == TierMiss::absent);
  }
  SECTION("a part that is not what was written is a miss") {
    const auto name = names_in(server, "*:p:*:1").at(0);
    server.ask({"SETRANGE", name, "1000", "changed"});
    CHECK(other.why_not("key") == TierMiss::corrupt);
    CHECK(eventually([&] { return names_in(server, "*:e").empty(); }));
  }
  SECTION("parts that change places are a miss") {
    const auto zero = names_in(server, "*:p:*:0").at(0), first = names_in(server, "*:p:*:1").at(0);
    server.ask({"RENAME", zero, "x"});
    server.ask({"RENAME", first, zero});
    server.ask({"RENAME", "x", first});
    CHECK(other.why_not("key") == TierMiss::corrupt);
  }
  SECTION("the parts of what is overwritten go soon") {
    REQUIRE(one.put(object_now("key", "small")));
    CHECK(eventually([&] { return names_in(server, "*:p:*").empty(); }));
    CHECK(other.object("key")->body->copy() == "small");
  }
}

TEST_CASE("everything that is written has an end", "[redis]") {
  RedisServer server;
  TierNode one(server);
  REQUIRE(one.put(object_now("a", "x")));
  REQUIRE(one.put(object_now("b", noise(2_MiB))));
  REQUIRE(one.put(in_language("c", "de")));
  auto lease = one.acquire("d");
  const auto names = names_in(server);
  CHECK(names.size() == 1 + 3 + 2 + 1);
  for (const auto& name : names) {
    const auto left = server.ask({"PTTL", name}).integer;
    CHECK(left > 0);
    CHECK(left <= 3600000);
    CHECK(name.starts_with("test:{"));
  }
  one.drop(std::get<RedisLease>(std::move(lease)));
}

TEST_CASE("what has no time left isn't written", "[redis]") {
  RedisServer server;
  TierNode one(server);
  auto old = object_now("old", "x");
  old->life.initial_age = 2h;
  old->etag.clear();
  one.on_loop([&] { one.tier().put(old, 1); });
  auto validated = object_now("validated", "x");
  validated->life.initial_age = 2h;
  REQUIRE(one.put(validated));
  const auto names = names_in(server);
  REQUIRE(names.size() == 1);
  CHECK(server.ask({"PTTL", names[0]}).integer <= 60000);
  CHECK(server.ask({"PTTL", names[0]}).integer > 50000);
}

TEST_CASE("names tell nothing of keys and tags", "[redis]") {
  RedisServer server;
  TierNode one(server);
  REQUIRE(one.put(in_language("example.com/secret-page", "de")));
  for (const auto& name : names_in(server)) {
    CHECK(name.find("secret") == std::string::npos);
    CHECK(name.find("language") == std::string::npos);
  }
}

TEST_CASE("whatever else lies there is a miss, counted, and goes", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  REQUIRE(one.put(object_now("a", "content of a")));
  const auto name = names_in(server).at(0);
  const std::string good = server.ask({"GET", name}).text;
  REQUIRE(one.put(object_now("b", "content of b")));
  const auto names = names_in(server);
  const auto name_of_b = names[0] == name ? names[1] : names[0];
  const auto miss = [&](const std::string& bytes, const std::string& left = "100000") {
    CHECK(is(server.ask({"SET", name, bytes, "PX", left}), "OK"));
    const auto why = other.why_not("a");
    CHECK(eventually([&] { return server.ask({"EXISTS", name}).integer == 0; }));
    return why;
  };
  CHECK(miss("") == TierMiss::foreign);
  CHECK(miss("garbage") == TierMiss::foreign);
  CHECK(miss(good.substr(0, good.size() / 2)) == TierMiss::cut);
  CHECK(miss(good + "x") == TierMiss::corrupt);
  CHECK(miss(std::string(good).replace(4, 1, "\x7f")) == TierMiss::version);
  CHECK(miss(std::string(good).replace(200, 1, "\x7f")) == TierMiss::corrupt);
  CHECK(miss(server.ask({"GET", name_of_b}).text) == TierMiss::another_key);
  CHECK(other.misses(TierMiss::corrupt) == 2);
  CHECK(other.tier().counters().deletions.read() == 7);

  CHECK(miss(good, "36000000") == TierMiss::unknown_age);  // longer than it was given: how old is it?
  server.ask({"SET", name, good});
  CHECK(other.why_not("a") == TierMiss::unknown_age);
  CHECK(eventually([&] { return server.ask({"EXISTS", name}).integer == 0; }));
  server.ask({"LPUSH", name, "x"});
  CHECK(other.why_not("a") == TierMiss::error);
  REQUIRE(one.put(object_now("a", "again")));
  CHECK(other.object("a")->body->copy() == "again");
}

// What Redis sends for these replies; as much as a find and an erasure get.
std::string bytes_of(const RedisReply& reply) {
  if (reply.kind == RedisReply::Kind::integer) return ":" + std::to_string(reply.integer) + "\r\n";
  if (!reply.is_string()) return "$-1\r\n";
  return "$" + std::to_string(reply.text.size()) + "\r\n" + reply.text + "\r\n";
}

TEST_CASE("what is written while an entry that is no good is read stays", "[redis]") {
  RedisServer server;
  TierNode writer(server);
  REQUIRE(writer.put(object_now("key", "old")));
  const auto name = names_in(server).at(0);
  const std::string garbage = GENERATE(std::string("garbage, and more of it than any seal has"), std::string("short"));
  server.ask({"SET", name, garbage, "PX", "60000"});
  std::atomic<bool> erased = false;
  const bool overtaken = GENERATE(true, false);
  RedisImpostor between([&](int, const std::vector<std::string>& words) -> std::optional<std::string> {
    if (words[0] == "PING") return "+PONG\r\n";
    const RedisReply reply = server.ask(words);
    if (words[0] == "GET" && overtaken)
      WEIR_CHECK(writer.put(object_now("key", "new")));  // the reader doesn't know yet
    if (words[0] != "GET" && words[0] != "PTTL") erased = true;
    return bytes_of(reply);
  });
  TierNode reader(settings_of({between.url()}));
  CHECK(reader.why_not("key") == TierMiss::foreign);
  REQUIRE(eventually([&] { return erased.load(); }));
  const auto left = writer.object("key");
  if (overtaken) {
    REQUIRE(left);
    CHECK(left->body->copy() == "new");
  } else {
    CHECK_FALSE(left);
  }
}

TEST_CASE("an entry under another variant's name, or a note under one, is a miss", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  REQUIRE(one.put(in_language("key", "de")));
  const auto note = names_in(server, "*:e").at(0);
  const auto german = names_in(server, "*:v:*").at(0);
  const std::string note_bytes = server.ask({"GET", note}).text, german_bytes = server.ask({"GET", german}).text;
  REQUIRE(one.put(in_language("key", "en")));
  auto variants = names_in(server, "*:v:*");
  const auto english = variants[0] == german ? variants[1] : variants[0];
  const auto miss = [&](const std::string& name, const std::string& bytes, std::string_view language) {
    server.ask({"SET", name, bytes, "PX", "100000"});
    const auto why = other.why_not("key", request(language));
    CHECK(eventually([&] { return server.ask({"EXISTS", name}).integer == 0; }));
    return why;
  };
  CHECK(miss(english, german_bytes, "en") == TierMiss::another_key);
  CHECK(miss(english, note_bytes, "en") == TierMiss::corrupt);
  CHECK(miss(note, german_bytes, "de") == TierMiss::another_key);  // a variant where the note stands
}

TEST_CASE("with a secret nothing is believed that was made without it", "[redis]") {
  RedisServer server;
  auto settings = TierNode::settings();
  TierNode without(server);
  settings.secret = "s1";
  TierNode one(server, settings), same_secret(server, settings);
  settings.secret = "s2";
  TierNode other(server, settings);
  REQUIRE(one.put(object_now("key", "x")));
  CHECK(same_secret.object("key"));
  CHECK(other.why_not("key") == TierMiss::absent);
  CHECK(without.why_not("key") == TierMiss::absent);
  const auto name = names_in(server).at(0);
  REQUIRE(without.put(object_now("key", "forged")));
  auto names = names_in(server);
  const auto forged = names[0] == name ? names[1] : names[0];
  server.ask({"RENAME", forged, name});
  CHECK(same_secret.why_not("key") == TierMiss::corrupt);
}

}  // namespace
}  // namespace weir::test
