// May what is kept answer now: fresh, stale, or only after asking (RFC 9111 §4.2, §5.2.1, RFC 5861).
#include "proxy/cache/freshness.h"

#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::at;

// Received at 100 with a lifetime of 100 seconds, looked at `age` seconds later.
struct Given {
  Duration age{};
  Life life{};
  RequestDirectives request{};
  Policy policy{};
  std::optional<Duration> purged{};  // its age when it was softly purged
};

Life lasting(Duration fresh_for = seconds(100)) {
  Life life;
  life.received = at(100);
  life.fresh_for = fresh_for;
  return life;
}

std::optional<Time> purged_at(const Given& g) {
  return g.purged ? std::optional(at(100) + *g.purged) : std::nullopt;
}

Judged judged(const Given& g) {
  auto object = test::object("/v", "x");
  object->life = g.life;
  return judge(*object, g.request, g.policy, purged_at(g), Now{at(100) + g.age, 0});
}

bool on_error(const Given& g, bool unreachable) {
  auto object = test::object("/v", "x");
  object->life = g.life;
  return may_serve_on_error(*object, g.request, g.policy, purged_at(g), unreachable, Now{at(100) + g.age, 0});
}

TEST_CASE("fresh while its age is below its lifetime") {
  CHECK(judged({seconds(0), lasting()}).use == Use::fresh);
  CHECK(judged({milliseconds(99999), lasting()}).use == Use::fresh);
  CHECK(judged({seconds(100), lasting()}).use == Use::validate);
  CHECK(judged({seconds(100), lasting()}).why == "expired");
  CHECK(judged({seconds(0), lasting(seconds(0))}).use == Use::validate);
  Life aged = lasting();
  aged.initial_age = seconds(60);
  CHECK(judged({seconds(39), aged}).use == Use::fresh);
  CHECK(judged({seconds(40), aged}).use == Use::validate);
  Life endless = lasting(seconds(2147483648));
  endless.initial_age = seconds(2147483647);
  CHECK(judged({seconds(0), endless}).use == Use::fresh);
  CHECK(judged({seconds(2147483647), endless}).use == Use::validate);
}

TEST_CASE("no-cache is asked about each time, and never served stale") {
  Life life = lasting();
  life.always_validate = true;
  life.stale_while_revalidate = life.stale_if_error = seconds(1000);
  CHECK(judged({seconds(0), life}).use == Use::validate);
  CHECK(judged({seconds(0), life}).why == "no-cache");
  CHECK_FALSE(on_error({seconds(0), life}, true));
}

TEST_CASE("what a client asks for") {
  struct Row {
    const char* cache_control;
    Duration age;
    Use use;
  };
  const std::vector<Row> rows{
      {"max-age=10", seconds(10), Use::fresh},
      {"max-age=10", seconds(11), Use::validate},
      {"max-age=0", seconds(5), Use::validate},
      {"min-fresh=50", seconds(50), Use::fresh},
      {"min-fresh=50", seconds(51), Use::validate},
      {"no-cache", seconds(5), Use::validate},
      {"max-stale", seconds(5000), Use::fresh},
      {"max-stale=10", seconds(110), Use::fresh},
      {"max-stale=10", seconds(111), Use::validate},
      {"max-stale=10, max-age=50", seconds(105), Use::validate},
      {"max-stale, no-cache", seconds(105), Use::validate},
      {"max-stale, min-fresh=1", seconds(105), Use::validate},
      {"only-if-cached", seconds(5), Use::fresh},
      {"foo=bar", seconds(5), Use::fresh},
  };
  for (const auto& row : rows) {
    INFO(row.cache_control);
    const auto request = parse_request_cache_control(test::fields({{"Cache-Control", row.cache_control}}));
    CHECK(judged({row.age, lasting(), request}).use == row.use);
  }
  const auto pragma = parse_request_cache_control(test::fields({{"Pragma", "no-cache"}}));
  CHECK(judged({seconds(5), lasting(), pragma}).why == "request");
}

TEST_CASE("a client can't hammer the origin: within a second of the last answer its wish is not granted") {
  RequestDirectives no_cache;
  no_cache.no_cache = true;
  CHECK(judged({milliseconds(999), lasting(), no_cache}).use == Use::fresh);
  CHECK(judged({seconds(1), lasting(), no_cache}).use == Use::validate);
  Policy trusting;
  trusting.trust_client = true;
  CHECK(judged({milliseconds(1), lasting(), no_cache, trusting}).use == Use::validate);
  RequestDirectives impossible;
  impossible.min_fresh = 1000;
  CHECK(judged({milliseconds(10), lasting(), impossible}).use == Use::fresh);
}

TEST_CASE("stale-while-revalidate: within its window, and never where must-revalidate stands") {
  Life life = lasting();
  life.stale_while_revalidate = seconds(30);
  CHECK(judged({seconds(99), life}).use == Use::fresh);
  CHECK(judged({seconds(100), life}).use == Use::while_revalidate);
  CHECK(judged({milliseconds(129999), life}).use == Use::while_revalidate);
  CHECK(judged({seconds(130), life}).use == Use::validate);
  RequestDirectives no_cache;
  no_cache.no_cache = true;
  CHECK(judged({seconds(110), life, no_cache}).use == Use::validate);
  life.must_revalidate = true;
  CHECK(judged({seconds(110), life}).use == Use::validate);
  RequestDirectives max_stale;
  max_stale.max_stale = true;
  CHECK(judged({seconds(110), life, max_stale}).use == Use::validate);
}

TEST_CASE("softly purged means stale: from the window if there is one, else after asking") {
  Given given{seconds(10), lasting(), {}, {}, seconds(10)};
  CHECK(judged(given).use == Use::validate);
  CHECK(judged(given).why == "soft-purge");
  given.request.max_stale = true;
  CHECK(judged(given).use == Use::validate);
  given.life.stale_while_revalidate = seconds(30);
  CHECK(judged(given).use == Use::while_revalidate);
  given.age = seconds(39);
  CHECK(judged(given).use == Use::while_revalidate);
  given.age = seconds(40);  // the window counts from the purge
  CHECK(judged(given).use == Use::validate);
  given.purged = seconds(120);  // stale already when it was purged
  given.age = seconds(129);
  CHECK(judged(given).use == Use::while_revalidate);
  given.age = seconds(130);
  CHECK(judged(given).use == Use::validate);
}

TEST_CASE("what is left of a life is 0 from a soft purge on, and less with time") {
  const Life life = lasting();  // from 100 to 200
  CHECK(ttl_left(life, {}, at(110)) == seconds(90));
  CHECK(ttl_left(life, {}, at(230)) == seconds(-30));
  CHECK(ttl_left(life, at(110), at(110)) == seconds(0));
  CHECK(ttl_left(life, at(110), at(109)) == seconds(0));  // another worker's clock was read a moment before
  CHECK(ttl_left(life, at(110), at(117)) == seconds(-7));
  CHECK(ttl_left(life, at(110), at(230)) == seconds(-120));
  CHECK(ttl_left(life, at(220), at(230)) == seconds(-30));
}

TEST_CASE("the last part of a life starts a refresh") {
  Policy policy;
  policy.refresh_ahead = 0.2;
  CHECK(judged({seconds(79), lasting(), {}, policy}).use == Use::fresh);
  CHECK(judged({seconds(80), lasting(), {}, policy}).use == Use::refresh_ahead);
  CHECK(judged({seconds(100), lasting(), {}, policy}).use == Use::validate);
}

TEST_CASE("what the origin's failure allows") {
  Life life = lasting();
  CHECK(on_error({seconds(10), life}, false));  // fresh
  CHECK_FALSE(on_error({seconds(100), life}, false));
  CHECK(on_error({seconds(100), life}, true));  // unreachable: nothing forbids it
  life.stale_if_error = seconds(60);
  CHECK(on_error({seconds(160), life}, false));
  CHECK_FALSE(on_error({seconds(161), life}, false));
  CHECK_FALSE(on_error({seconds(161), life}, true));  // the window is a bound
  Given soft{seconds(10), life, {}, {}, seconds(5)};
  CHECK(on_error(soft, false));
  soft.age = seconds(65);
  CHECK(on_error(soft, false));
  soft.age = seconds(66);
  CHECK_FALSE(on_error(soft, true));
  soft.life.stale_if_error = {};
  CHECK_FALSE(on_error(soft, false));

  RequestDirectives asks;
  asks.stale_if_error = 200;
  CHECK(on_error({seconds(300), life, asks}, false));
  life.must_revalidate = true;
  CHECK_FALSE(on_error({seconds(101), life, asks}, true));
  CHECK(on_error({seconds(99), life}, false));  // but it is fresh

  Policy never;
  never.stale_if_error = Duration{};
  CHECK_FALSE(on_error({seconds(101), lasting(), {}, never}, true));
}

TEST_CASE("which requests are a matter for the cache") {
  struct Row {
    Method method;
    test::Lines lines;
    CacheMode mode;
    bool lookup, store;
    std::string_view why;
  };
  const std::vector<Row> rows{
      {Method::get, {}, CacheMode::ttl, true, true, ""},
      {Method::head, {}, CacheMode::origin, true, true, ""},
      {Method::get, {}, CacheMode::off, false, false, "route"},
      {Method::post, {}, CacheMode::ttl, false, false, "method"},
      {Method::options, {}, CacheMode::ttl, false, false, "method"},
      {Method::other, {}, CacheMode::ttl, false, false, "method"},
      {Method::get, {{"Authorization", "x"}}, CacheMode::ttl, true, true, ""},
      {Method::get, {{"Range", "bytes=0-1"}}, CacheMode::ttl, true, true, ""},
      {Method::get, {{"If-None-Match", "\"x\""}}, CacheMode::ttl, true, true, ""},
      {Method::get, {{"If-Match", "\"x\""}}, CacheMode::ttl, false, false, "precondition"},
      {Method::get, {{"If-Unmodified-Since", "x"}}, CacheMode::ttl, false, false, "precondition"},
      {Method::get, {{"Cache-Control", "no-store"}}, CacheMode::ttl, true, false, "no-store"},
  };
  for (const auto& row : rows) {
    RequestHead request = test::get("/v", row.lines);
    request.method = row.method;
    Policy policy;
    policy.mode = row.mode;
    const auto got = eligible(request, parse_request_cache_control(request.fields), policy);
    INFO(row.why << (row.lines.empty() ? "" : row.lines[0].first));
    CHECK(got.lookup == row.lookup);
    CHECK(got.store == row.store);
    CHECK(got.why_not == row.why);
  }
}

TEST_CASE("a 304 brings the stored fields up to date, but none of framing, of the bytes, or of connections") {
  const auto stored = test::fields({{"Test-Header", "A"},
                                    {"Cache-Control", "max-age=1"},
                                    {"Content-Type", "text/plain"},
                                    {"Content-Length", "5"},
                                    {"Content-Encoding", "gzip"},
                                    {"ETag", "\"1\""},
                                    {"Content-MD5", "rL0Y20zC+Fzt72VPzMSk2A=="},
                                    {"X-Multi", "1"},
                                    {"X-Multi", "2"},
                                    {"Kept", "yes"}});
  const auto newer = test::fields({{"test-header", "B"},
                                   {"Cache-Control", "max-age=2"},
                                   {"Content-Type", "text/html"},
                                   {"Content-Length", "10"},
                                   {"Content-Encoding", "br"},
                                   {"Content-Range", "bytes 0-1/2"},
                                   {"ETag", "\"2\""},
                                   {"content-md5", "N7UdGUp1E+RbVvZSTy1R8g=="},
                                   {"X-Multi", "3"},
                                   {"Set-Cookie", "a=b"},
                                   {"Connection", "close"},
                                   {"Transfer-Encoding", "chunked"},
                                   {"Age", "5"},
                                   {"New", "1"}});
  const Fields updated = updated_fields(stored, newer);
  CHECK(updated.value("Test-Header") == "B");
  CHECK(updated.count(Name::cache_control) == 1);
  CHECK(updated.value(Name::cache_control) == "max-age=2");
  CHECK(updated.value(Name::content_type) == "text/html");
  CHECK(updated.value(Name::content_length) == "5");
  CHECK(updated.value(Name::content_encoding) == "gzip");
  CHECK(updated.value(Name::etag) == "\"1\"");
  CHECK(updated.joined("content-md5") == "rL0Y20zC+Fzt72VPzMSk2A==");
  CHECK(updated.joined("x-multi") == "3");
  CHECK(updated.value("kept") == "yes");
  CHECK(updated.value("new") == "1");
  CHECK(updated.value(Name::age) == "5");
  for (const Name absent : {Name::content_range, Name::set_cookie, Name::connection, Name::transfer_encoding}) {
    CHECK_FALSE(updated.has(absent));
  }
}

TEST_CASE("an adaptive lifetime doubles while nothing changes, halves when it does, and stays in its bounds") {
  const Adaptive bounds{seconds(10), seconds(100)};
  CHECK(adapted_lifetime(bounds, seconds(0), true) == seconds(10));
  CHECK(adapted_lifetime(bounds, seconds(20), true) == seconds(40));
  CHECK(adapted_lifetime(bounds, seconds(80), true) == seconds(100));
  CHECK(adapted_lifetime(bounds, seconds(80), false) == seconds(40));
  CHECK(adapted_lifetime(bounds, seconds(12), false) == seconds(10));
  CHECK(adapted_lifetime(bounds, Duration::max(), true) == seconds(100));
}

}  // namespace
}  // namespace weir
