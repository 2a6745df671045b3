// The breaker with a turned clock: when it opens, how long, and what closes it.
#include "proxy/shared/redis_breaker.h"

#include "tests/support/catch.h"

namespace weir {
namespace {

using State = RedisBreaker::State;
using std::chrono::milliseconds;
using std::chrono::seconds;

Time at(Duration since) {
  return Time(since);
}

void fail(RedisBreaker& breaker, int times, Time now = at(seconds(1))) {
  for (int i = 0; i < times; ++i) breaker.failed(now);
}

TEST_CASE("five failures in a row open it, four and a success don't", "[redis_breaker]") {
  RedisBreaker breaker(1);
  CHECK(breaker.allows());
  fail(breaker, 4);
  breaker.succeeded();
  fail(breaker, 4);
  CHECK(breaker.allows());
  breaker.failed(at(seconds(1)));
  CHECK(breaker.state() == State::open);
  CHECK(!breaker.allows());
}

TEST_CASE("silence and the want of a connection open it at once", "[redis_breaker]") {
  RedisBreaker breaker(1);
  breaker.broke(at(seconds(1)));
  CHECK(breaker.state() == State::open);
}

TEST_CASE("the pause doubles from 0.1 s to 5 s, a fifth more or less, until a command succeeds", "[redis_breaker]") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    RedisBreaker breaker(seed);
    Time now = at(seconds(1));
    Duration expected = milliseconds(100);
    for (int i = 0; i < 10; ++i) {
      breaker.broke(now);
      const Duration pause = breaker.retry_at() - now;
      CAPTURE(seed, i, pause.count());
      CHECK(pause >= expected * 8 / 10);
      CHECK(pause <= std::min<Duration>(expected * 12 / 10, seconds(5)));
      expected = std::min<Duration>(expected * 2, seconds(5));
      now = breaker.retry_at();
      breaker.begin_probe();
      CHECK(breaker.state() == State::half_open);
      CHECK(!breaker.allows());
    }
    breaker.probe_answered();
    CHECK(breaker.allows());
    // A probe alone proves little: the pause stays long, and one failure opens it again.
    breaker.failed(now);
    CHECK(breaker.state() == State::open);
    CHECK(breaker.retry_at() - now >= seconds(4));
    breaker.begin_probe();
    breaker.probe_answered();
    breaker.succeeded();
    fail(breaker, 4, now);
    CHECK(breaker.allows());
    breaker.failed(now);
    CHECK(breaker.retry_at() - now <= milliseconds(120));
  }
}

TEST_CASE("seeds spread the pauses", "[redis_breaker]") {
  RedisBreaker one(1), two(2);
  one.broke(at(seconds(1)));
  two.broke(at(seconds(1)));
  CHECK(one.retry_at() != two.retry_at());
}

TEST_CASE("what comes late changes nothing", "[redis_breaker]") {
  RedisBreaker breaker(1);
  breaker.broke(at(seconds(1)));
  const Time retry = breaker.retry_at();
  breaker.succeeded();
  fail(breaker, 7, at(seconds(9)));
  breaker.broke(at(seconds(9)));
  breaker.probe_answered();  // nobody probes
  CHECK(breaker.state() == State::open);
  CHECK(breaker.retry_at() == retry);
}

TEST_CASE("a command that may take long is waited for", "[redis_breaker]") {
  CHECK(RedisBreaker::patience(milliseconds(20)) == milliseconds(250));
  CHECK(RedisBreaker::patience(Duration::zero()) == milliseconds(250));
  CHECK(RedisBreaker::patience(seconds(3)) == seconds(3));
}

}  // namespace
}  // namespace weir
