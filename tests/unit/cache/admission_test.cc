// What may be stored and for how long: RFC 9111 §3, §4.2 and §5.2.2 as tables, in the words of the answer's own fields.
#include <sstream>

#include "proxy/cache/freshness.h"
#include "proxy/http/date.h"
#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace weir {
namespace {

using std::chrono::seconds;
using test::Lines;

constexpr WallTime kWall = 1'800'000'000;

// "@-10" is the date ten seconds before the answer came.
std::string dated(std::string_view value) {
  if (!value.starts_with('@')) return std::string(value);
  const DateText text = format_date(kWall + std::stoll(std::string(value.substr(1))));
  return {text.data(), text.size()};
}

Policy origin_policy() {
  Policy policy;
  policy.mode = CacheMode::origin;
  return policy;
}

Policy ttl_policy(seconds ttl = seconds(300)) {
  Policy policy;
  policy.mode = CacheMode::ttl;
  policy.ttl = ttl;
  return policy;
}

struct Case {
  int status = 200;
  Lines lines = {};
  Lines request = {};
  Policy policy = origin_policy();
  Asker asker = Asker::anyone;
  Method method = Method::get;
};

Admission admitted(const Case& c) {
  std::vector<std::string> values;
  values.reserve(c.lines.size());
  ResponseHead response;
  response.status = c.status;
  for (const auto& [name, value] : c.lines) {
    values.push_back(dated(value));
    response.fields.add(name, values.back());
  }
  RequestHead request = test::get("/v", c.request);
  request.method = c.method;
  const Exchanged when{{test::at(100), kWall}, {test::at(100), kWall}};
  return admit(request, response, c.policy, when, c.asker);
}

std::string say(const Case& c) {
  std::ostringstream out;
  out << c.status;
  for (const auto& [name, value] : c.lines) out << " | " << name << ": " << value;
  for (const auto& [name, value] : c.request) out << " < " << name << ": " << value;
  return out.str();
}

struct Row {
  Case given;
  std::string_view refused = {};  // the token; empty: stored
  Duration ttl{};                 // what is left on arrival
};

void check(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    INFO(say(row.given));
    const Admission got = admitted(row.given);
    CHECK(got.why_not == row.refused);
    CHECK(got.store == row.refused.empty());
    if (got.store) CHECK(got.life.ttl(test::at(100)) == row.ttl);
  }
}

TEST_CASE("the lifetime is the origin's own word: s-maxage, max-age, Expires less Date") {
  check({
      {{200, {{"Cache-Control", "max-age=3600"}}}, {}, seconds(3600)},
      {{200, {{"Cache-Control", "MaX-aGe=3600, foobar"}}}, {}, seconds(3600)},
      {{200, {{"Cache-Control", "max-age=2147483648"}}}, {}, seconds(2147483648)},
      {{200, {{"Cache-Control", "max-age=99999999999"}}}, {}, seconds(2147483648)},
      {{200, {{"Cache-Control", "max-age=1, s-maxage=3600"}}}, {}, seconds(3600)},
      {{200, {{"Cache-Control", "max-age=3600"}, {"Cache-Control", "s-maxage=1"}}}, {}, seconds(1)},
      {{200, {{"Cache-Control", "max-age=3600"}, {"Expires", "@-7200"}, {"Date", "@0"}}}, {}, seconds(3600)},
      {{200, {{"Cache-Control", "max-age=3600"}, {"Expires", "0"}}}, {}, seconds(3600)},
      {{200, {{"Expires", "@100"}, {"Date", "@0"}}}, {}, seconds(100)},
      {{200, {{"Expires", "@100"}}}, {}, seconds(100)},
      {{200, {{"Expires", "@10"}, {"Date", "foo"}}}, {}, seconds(10)},
      {{200, {{"Expires", "@20"}, {"Date", "@10"}}}, {}, seconds(10)},
      {{200, {{"Expires", "@3600"}, {"Date", "@3600"}, {"ETag", "\"x\""}}}, {}, seconds(0)},
      {{200, {{"Expires", "0"}, {"ETag", "\"x\""}}}, {}, seconds(0)},
      {{200, {{"Expires", "@-5000"}, {"Last-Modified", "@-9000"}, {"Date", "@0"}}}, {}, seconds(0)},
      {{200, {{"Expires", "@100"}, {"Expires", "@200"}, {"ETag", "\"x\""}}}, {}, seconds(0)},
      {{200, {{"Expires", "@100"}, {"Expires", "@100"}}}, {}, seconds(100)},
      {{200, {{"Cache-Control", "max-age=0"}, {"Expires", "@3600"}, {"ETag", "\"x\""}}}, {}, seconds(0)},
  });
}

TEST_CASE("malformed, negative and contradicting lifetimes are not fresh, whatever the route's ttl") {
  for (const auto* value :
       {"max-age=-1", "max-age='3600'", "max-age=a", "max-age", "max-age=1, max-age=2", "s-maxage=x, max-age=9"}) {
    for (const auto& policy : {origin_policy(), ttl_policy()}) {
      Case c{200, {{"Cache-Control", value}, {"ETag", "\"x\""}}};
      c.policy = policy;
      INFO(say(c));
      const auto got = admitted(c);
      CHECK(got.store);
      CHECK(got.life.fresh_for == Duration{});
      CHECK_FALSE(shareable_with_waiters(got));
    }
  }
}

TEST_CASE("CDN-Cache-Control stands alone where it is valid, and is ignored whole where it isn't") {
  check({
      {{200, {{"CDN-Cache-Control", "max-age=3600"}}}, {}, seconds(3600)},
      {{200, {{"CDN-Cache-Control", "foobar, max-age=3600"}}}, {}, seconds(3600)},
      {{200, {{"CDN-Cache-Control", "max-age=3600"}, {"Expires", "@-10000"}, {"Date", "@0"}}}, {}, seconds(3600)},
      {{200, {{"CDN-Cache-Control", "max-age=3600"}, {"Cache-Control", "max-age=1"}}}, {}, seconds(3600)},
      {{200, {{"CDN-Cache-Control", "max-age=1"}, {"Cache-Control", "max-age=3600"}}}, {}, seconds(1)},
      {{200, {{"CDN-Cache-Control", "max-age=3600"}, {"Cache-Control", "no-store"}}}, {}, seconds(3600)},
      {{200, {{"CDN-Cache-Control", "max-age=0"}, {"Expires", "@3600"}}}, "expired"},
      {{200, {{"CDN-Cache-Control", "private"}, {"Cache-Control", "max-age=10000"}}}, "private"},
      {{200, {{"CDN-Cache-Control", "no-store"}, {"Cache-Control", "max-age=10000"}}}, "no-store"},
      {{200, {{"CDN-Cache-Control", "no-cache"}, {"Cache-Control", "max-age=10000"}}}, "no-freshness"},
      {{200, {{"CDN-Cache-Control", "max-age=10000, &&&&&"}, {"Cache-Control", "no-store"}}}, "no-store"},
      {{200, {{"CDN-Cache-Control", "max-age=\"10000\""}, {"Cache-Control", "no-store"}}}, "no-store"},
      {{200, {{"CDN-Cache-Control", ""}, {"Cache-Control", "max-age=5"}}}, {}, seconds(5)},
  });
}

Duration left_with(const Lines& more) {
  Case c{200, {{"Cache-Control", "max-age=3600"}, {"ETag", "x"}}};
  c.lines.insert(c.lines.end(), more.begin(), more.end());
  return admitted(c).life.ttl(test::at(100));
}

TEST_CASE("the age on arrival is what Age says, however large") {
  CHECK(left_with({{"Age", "0"}}) == seconds(3600));
  CHECK(left_with({{"Age", "30"}}) == seconds(3570));
  CHECK(left_with({{"Age", "7200"}}) == seconds(-3600));
  CHECK(left_with({{"Age", "0,7200"}}) == seconds(3600));
  for (const auto* stale : {"7200, 0", "7200,0", "2147483647", "2147483648", "2147483649", "99999999999999999999"}) {
    CHECK(left_with({{"Age", stale}}) < seconds(0));
  }
}

TEST_CASE("an Age that can't be trusted means not fresh") {
  for (const auto* value : {"abc", "-7200", "7200.0", "7200;foo=1", "", ",7200", "1 2", "0, 0"}) {
    INFO(value);
    CHECK(left_with({{"Age", value}}) <= seconds(0));
  }
  CHECK(left_with({{"Age", "0"}, {"Age", "7200"}}) <= seconds(0));
  CHECK(left_with({{"Age", "30"}, {"Age", "0"}}) <= seconds(0));
}

TEST_CASE("Date tells an age only where a cache stands between: the origin's clock needn't be ours") {
  CHECK(left_with({{"Date", "@-60"}}) == seconds(3600));
  CHECK(left_with({{"Date", "@-60"}, {"Age", "10"}}) == seconds(3540));
  CHECK(left_with({{"Date", "@60"}, {"Age", "0"}}) == seconds(3600));
  const auto expiring = [](const Lines& lines) { return admitted({200, lines}).life.ttl(test::at(100)); };
  CHECK(expiring({{"Expires", "@10"}, {"Date", "@-10"}, {"Age", "25"}, {"ETag", "x"}}) == seconds(-5));
  CHECK(expiring({{"Expires", "@20"}, {"Date", "@10"}, {"Age", "15"}, {"ETag", "x"}}) == seconds(-5));
}

TEST_CASE("the time the answer took counts as age") {
  ResponseHead response;
  response.status = 200;
  response.fields = test::fields({{"Cache-Control", "max-age=60"}});
  const Exchanged when{{test::at(90), kWall - 10}, {test::at(100), kWall}};
  const auto got = admit(test::get("/v"), response, origin_policy(), when, Asker::anyone);
  CHECK(got.life.ttl(test::at(100)) == seconds(50));
  CHECK(got.life.ttl(test::at(150)) == seconds(0));
}

TEST_CASE("without freshness and validator nothing is kept; with a validator it is kept to be validated") {
  check({
      {{200, {}}, "no-freshness"},
      {{200, {{"Date", "@0"}}}, "no-freshness"},
      {{200, {{"ETag", "\"x\""}}}, {}, seconds(0)},
      {{200, {{"Last-Modified", "never"}}}, "no-freshness"},
      {{200, {{"Cache-Control", "max-age=0"}}}, "expired"},
      {{200, {{"Cache-Control", "no-cache"}}}, "no-freshness"},
      {{200, {{"Cache-Control", "no-cache, max-age=100"}}}, "no-cache"},
      {{200, {{"Cache-Control", "no-cache, max-age=100"}, {"ETag", "\"x\""}}}, {}, seconds(100)},
      {{200, {{"Cache-Control", "max-age=0, stale-while-revalidate=9"}}}, {}, seconds(0)},
      {{200, {{"Cache-Control", "max-age=0, stale-if-error=9, must-revalidate"}}}, "expired"},
  });
  CHECK(admitted({200, {}}).hit_for_miss);
  CHECK(admitted({200, {{"Cache-Control", "no-cache, max-age=100"}, {"ETag", "\"x\""}}}).life.always_validate);
}

TEST_CASE("a guess: a tenth of the time since the last change, for statuses that allow it") {
  for (const int status : {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}) {
    check({{{status, {{"Last-Modified", "@-36000"}, {"Date", "@0"}}}, {}, seconds(3600)}});
  }
  for (const int status : {201, 202, 302, 307, 400, 403, 500, 502, 503, 504, 599}) {
    check({{{status, {{"Last-Modified", "@-36000"}, {"Date", "@0"}}}, "no-freshness"}});
  }
  check({
      {{599, {{"Last-Modified", "@-36000"}, {"Cache-Control", "public"}}}, {}, seconds(3600)},
      {{200, {{"Last-Modified", "@-100000000"}}}, {}, seconds(86400)},
      {{200, {{"Last-Modified", "@36000"}}}, {}, seconds(0)},
      {{405, {{"Last-Modified", "@-36000"}}, {}, ttl_policy()}, "status"},  // with a ttl nothing is guessed
  });
}

TEST_CASE("with explicit freshness every final status may be kept, but parts and 304s") {
  for (const int status : {200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599}) {
    check({{{status, {{"Cache-Control", "max-age=10"}}}, {}, seconds(10)}});
  }
  for (const int status : {100, 103, 206, 304}) check({{{status, {{"Cache-Control", "max-age=10"}}}, "status"}});
  check({
      {{599, {{"Cache-Control", "max-age=10, must-understand"}}}, "must-understand"},
      {{200, {{"Cache-Control", "max-age=10, must-understand, no-store"}}}, {}, seconds(10)},
      {{599, {{"Cache-Control", "max-age=10, must-understand, no-store"}}}, "must-understand"},
  });
}

TEST_CASE("a route's ttl covers what no single client can cause, and steps back behind the origin's word") {
  for (const int status : {200, 203, 300, 301, 308, 404, 410})
    check({{{status, {}, {}, ttl_policy()}, {}, seconds(300)}});
  for (const int status : {201, 204, 302, 307, 400, 401, 403, 405, 413, 414, 429, 431, 500, 501, 503}) {
    check({{{status, {}, {}, ttl_policy()}, "status"}});
  }
  Policy by_status = ttl_policy();
  by_status.status_ttl[404] = seconds(5);
  by_status.status_ttl[503] = seconds(1);
  Policy override = ttl_policy();
  override.override_origin = true;
  check({
      {{404, {}, {}, by_status}, {}, seconds(5)},
      {{503, {}, {}, by_status}, {}, seconds(1)},
      {{200, {}, {}, by_status}, {}, seconds(300)},
      {{200, {{"Cache-Control", "max-age=1"}}, {}, ttl_policy()}, {}, seconds(1)},
      {{500, {{"Cache-Control", "max-age=1"}}, {}, ttl_policy()}, {}, seconds(1)},
      {{200, {{"Cache-Control", "no-store"}}, {}, ttl_policy()}, "no-store"},
      {{200, {{"Cache-Control", "private"}}, {}, ttl_policy()}, "private"},
      {{200, {{"Cache-Control", "no-cache"}}, {}, ttl_policy()}, "no-cache"},
      {{200, {{"Cache-Control", "max-age=1"}}, {}, override}, {}, seconds(300)},
      {{200, {{"Cache-Control", "no-cache"}}, {}, override}, {}, seconds(300)},
      {{200, {{"Cache-Control", "no-store"}}, {}, override}, "no-store"},
      {{200, {{"Cache-Control", "private"}}, {}, override}, "private"},
      {{500, {{"Cache-Control", "max-age=1"}}, {}, override}, {}, seconds(1)},
      {{500, {}, {}, override}, "status"},
  });
  const auto overridden = admitted({200, {{"Cache-Control", "no-cache, s-maxage=1"}}, {}, override}).life;
  CHECK_FALSE(overridden.always_validate);
  CHECK_FALSE(overridden.must_revalidate);
}

TEST_CASE("only a lifetime that is the route's ttl may be adapted") {
  Policy policy = ttl_policy();
  policy.status_ttl[404] = seconds(5);
  Policy override = policy;
  override.override_origin = true;
  const Lines by_origin{{"Cache-Control", "max-age=0, must-revalidate"}, {"ETag", "\"x\""}};
  const auto adaptable = [](const Case& c) { return admitted(c).by_ttl; };
  CHECK(adaptable({200, {}, {}, policy}));
  CHECK(adaptable({200, by_origin, {}, override}));
  CHECK_FALSE(adaptable({200, by_origin, {}, policy}));
  CHECK_FALSE(adaptable({200, {{"Expires", "@9"}}, {}, policy}));
  CHECK_FALSE(adaptable({404, {}, {}, policy}));
  CHECK_FALSE(adaptable({200, {{"Last-Modified", "@-100"}}}));
  CHECK_FALSE(adaptable({200, {{"Cache-Control", "no-store"}}, {}, override}));
}

TEST_CASE("what is private, secret or somebody's own is not shared") {
  constexpr auto user = Asker::user, shown = Asker::credentials;
  const Policy ttl = ttl_policy();
  const Policy by_origin = origin_policy();
  check({
      {{200, {{"Cache-Control", "private, max-age=10"}}}, "private"},
      {{200, {{"Cache-Control", "PRIVATE"}}, {}, ttl}, "private"},
      {{200, {{"Cache-Control", "private, max-age=10"}}, {}, ttl, user}, {}, seconds(10)},
      {{200, {{"Cache-Control", "private, max-age=10"}}, {}, ttl, shown}, "private"},
      {{200, {{"Cache-Control", "private, max-age=10, public, must-revalidate"}}, {}, ttl, shown}, "private"},
      {{200, {{"Expires", "@100"}}, {}, by_origin, shown}, "authorization"},
      {{200, {{"Cache-Control", "max-age=10"}}, {}, by_origin, shown}, "authorization"},
      {{200, {}, {}, ttl, shown}, "authorization"},
      {{200, {}, {}, ttl, user}, {}, seconds(300)},
      {{200, {{"Cache-Control", "max-age=10, public"}}, {}, by_origin, shown}, {}, seconds(10)},
      {{200, {{"Cache-Control", "max-age=10, must-revalidate"}}, {}, by_origin, shown}, {}, seconds(10)},
      {{200, {{"Cache-Control", "s-maxage=10"}}, {}, by_origin, shown}, {}, seconds(10)},
      {{200, {{"Cache-Control", "max-age=10, proxy-revalidate"}}, {}, by_origin, shown}, "authorization"},
  });
  const Lines mine{{"Cache-Control", "private, must-revalidate, max-age=10"}};
  CHECK_FALSE(admitted({200, mine, {}, ttl, user}).life.for_credentials);
}

TEST_CASE("Set-Cookie is not stored unless the route says so, however fresh the answer says it is") {
  Policy strip = origin_policy();
  strip.set_cookie = SetCookie::strip;
  Policy store = origin_policy();
  store.set_cookie = SetCookie::store;
  const Lines lines{{"Cache-Control", "max-age=10"}, {"Set-Cookie", "a=b"}};
  check({{{200, lines}, "set-cookie"},
         {{200, lines, {}, strip}, {}, seconds(10)},
         {{200, lines, {}, store}, {}, seconds(10)}});
}

TEST_CASE("fields that no-cache and private name are left out; where the body needs them nothing is stored") {
  ResponseHead response;
  response.status = 200;
  response.fields = test::fields({{"Cache-Control", "max-age=10, no-cache=\"A, b\", private=\"X-User\""}});
  CHECK(fields_not_stored(response, origin_policy()) == std::vector<std::string>{"x-user", "a", "b"});
  Policy strip = origin_policy();
  strip.set_cookie = SetCookie::strip;
  response.fields = test::fields({{"Cache-Control", "max-age=10"}});
  CHECK(fields_not_stored(response, strip) == std::vector<std::string>{"set-cookie"});
  check({
      {{200, {{"Cache-Control", "max-age=10, no-cache=\"a\""}}}, {}, seconds(10)},
      {{200, {{"Cache-Control", "max-age=10, private=\"a\""}}}, {}, seconds(10)},
      {{200, {{"Cache-Control", "max-age=10, private=\"Content-Encoding\""}}}, "private"},
      {{200, {{"Cache-Control", "max-age=10, no-cache=\"content-type\""}}}, "no-cache"},
      {{200, {{"Cache-Control", "max-age=10, private=\"\""}}}, "private"},
  });
}

TEST_CASE("other reasons to refuse, and what they say about the next request") {
  struct Refused {
    Case given;
    std::string_view why;
    bool remembered;
  };
  const Lines fresh{{"Cache-Control", "max-age=10"}};
  Policy off;
  const std::vector<Refused> rows{
      {{200, fresh, {}, off}, "route", true},
      {{200, fresh, {{"Cache-Control", "no-store"}}}, "request-no-store", false},
      {{200, fresh, {}, origin_policy(), {}, Method::post}, "method", false},
      {{200, fresh, {}, origin_policy(), {}, Method::head}, "method", false},
      {{200, {{"Cache-Control", "max-age=10"}, {"Vary", "*"}}}, "vary", true},
      {{200, {{"Cache-Control", "max-age=10"}, {"Vary", "a,b,c,d,e,f,g,h,i"}}}, "vary", true},
      {{200, {{"Cache-Control", "No-StOrE, max-age=10000"}, {"Expires", "@10000"}}}, "no-store", true},
      {{200, fresh, {}, origin_policy(), Asker::credentials}, "authorization", true},
      {{200, {{"Cache-Control", "max-age=10"}, {"Content-Type", "text/event-stream"}}}, "stream", true},
      {{200, {{"Content-Type", "Text/Event-Stream ; charset=utf-8"}}, {}, ttl_policy()}, "stream", true},
      {{200, {{"Content-Type", "multipart/x-mixed-replace;boundary=a"}}, {}, ttl_policy()}, "stream", true},
      {{503, {}}, "no-freshness", false},
      {{500, {{"Cache-Control", "no-store"}}}, "no-store", false},
      {{429, {}, {}, ttl_policy()}, "status", false},
      {{403, {}, {}, ttl_policy()}, "status", true},
  };
  for (const auto& row : rows) {
    INFO(say(row.given));
    const auto got = admitted(row.given);
    CHECK_FALSE(got.store);
    CHECK(got.why_not == row.why);
    CHECK(got.hit_for_miss == row.remembered);
    CHECK_FALSE(shareable_with_waiters(got));
  }
}

TEST_CASE("windows for stale answers: the answer's own, else the route's; what forbids them is noted") {
  Policy policy = origin_policy();
  policy.stale_while_revalidate = seconds(30);
  policy.stale_if_error = seconds(60);
  const auto life = [&](std::string_view value) {
    return admitted({200, {{"Cache-Control", value}}, {}, policy}).life;
  };
  CHECK(life("max-age=1").stale_while_revalidate == seconds(30));
  CHECK(life("max-age=1").stale_if_error == seconds(60));
  CHECK(life("max-age=1, stale-while-revalidate=5, stale-if-error=0").stale_while_revalidate == seconds(5));
  CHECK(life("max-age=1, stale-while-revalidate=5, stale-if-error=0").stale_if_error == seconds(0));
  CHECK(life("max-age=1, stale-if-error=x").stale_if_error == seconds(0));
  CHECK_FALSE(life("max-age=1").must_revalidate);
  for (const auto* value : {"max-age=1, must-revalidate", "max-age=1, proxy-revalidate", "s-maxage=1"}) {
    CHECK(life(value).must_revalidate);
  }
}

TEST_CASE("adding no-store never makes an answer more cacheable") {
  const std::vector<std::string> values{"max-age=10",
                                        "public, max-age=10",
                                        "max-age=10, must-revalidate",
                                        "s-maxage=5",
                                        "max-age=10, no-cache",
                                        "private",
                                        "max-age=-1",
                                        "immutable"};
  for (const auto& value : values) {
    for (const auto& joined : {value + ", no-store", "no-store, " + value}) {
      for (const auto& policy : {origin_policy(), ttl_policy()})
        CHECK_FALSE(admitted({200, {{"Cache-Control", joined}}, {}, policy}).store);
    }
  }
}

}  // namespace
}  // namespace weir
