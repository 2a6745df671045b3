// Cache-Control of responses and requests, row by row (RFC 9111 §5.2; the public cache-tests' parsing group).
#include "proxy/http/cache_control.h"

#include "tests/support/catch.h"
#include "tests/support/h1_parse.h"

using namespace weir;

namespace {

ResponseDirectives response(std::initializer_list<std::string_view> lines) {
  Fields fields;
  for (const auto line : lines) fields.add(Name::cache_control, line);
  return parse_response_cache_control(fields);
}

RequestDirectives request(std::initializer_list<std::string_view> lines) {
  Fields fields;
  for (const auto line : lines) fields.add(Name::cache_control, line);
  return parse_request_cache_control(fields);
}

}  // namespace

TEST_CASE("delta-seconds", "[cache_control]") {
  CHECK(parse_delta_seconds("0") == 0);
  CHECK(parse_delta_seconds("003600") == 3600);
  CHECK(parse_delta_seconds("2147483647") == 2147483647);
  CHECK(parse_delta_seconds("2147483648") == kMaxDelta);
  CHECK(parse_delta_seconds("99999999999") == kMaxDelta);
  CHECK(parse_delta_seconds(std::string(5000, '9')) == kMaxDelta);
  for (const auto wrong : {"", "-1", "+1", "1.0", "1a", "a1", " 1", "1 ", "'1'", "0x1", "1,1"}) {
    INFO(wrong);
    CHECK_FALSE(parse_delta_seconds(wrong));
  }
}

TEST_CASE("lifetimes: what is fresh for how long, and what is not fresh", "[cache_control]") {
  struct Row {
    std::initializer_list<std::string_view> lines;
    std::optional<Seconds> max_age, s_maxage;
    bool invalid = false;
  };
  for (const auto& row : {
           Row{{"max-age=3600"}, 3600, {}},
           Row{{"MaX-aGe=3600"}, 3600, {}},
           Row{{"max-age=\"3600\""}, 3600, {}},
           Row{{"max-age=003600"}, 3600, {}},
           Row{{"max-age=99999999999"}, kMaxDelta, {}},
           Row{{"foobar, max-age=3600"}, 3600, {}},
           Row{{"foo=bar, max-age=3600, x=\"y, z\""}, 3600, {}},
           Row{{",, max-age=3600 ,,"}, 3600, {}},
           Row{{"max-age=1, s-maxage=3600"}, 1, 3600},
           Row{{"max-age=1", "s-maxage=3600"}, 1, 3600},
           Row{{"extension=\"max-age=3600\", max-age=1"}, 1, {}},
           Row{{"max-age=1, extension=\"max-age=3600\""}, 1, {}},
           Row{{"extension=\"a\\\", max-age=3600\", max-age=1"}, 1, {}},
           Row{{"max-age=60, max-age=60"}, 60, {}},
           Row{{"max-age=1800, max-age=1"}, 1, {}, true},
           Row{{"max-age=1, max-age=1800"}, 1, {}, true},
           Row{{"max-age=1", "max-age=1800"}, 1, {}, true},
           Row{{"s-maxage=1", "s-maxage=2", "max-age=3"}, 3, 1, true},
           Row{{"max-age='3600'"}, {}, {}, true},
           Row{{"max-age=3600.0"}, {}, {}, true},
           Row{{"max-age=3600.5"}, {}, {}, true},
           Row{{"max-age=-3600"}, {}, {}, true},
           Row{{"max-age=a3600"}, {}, {}, true},
           Row{{"max-age=3600a"}, {}, {}, true},
           Row{{"max-age =3600"}, {}, {}, true},
           Row{{"max-age= 3600"}, {}, {}, true},
           Row{{"max-age=3600 60"}, {}, {}, true},
           Row{{"max-age=3600;x"}, {}, {}, true},
           Row{{"max-age="}, {}, {}, true},
           Row{{"max-age=\"\""}, {}, {}, true},
           Row{{"max-age=\"3600\"x"}, {}, {}, true},
           Row{{"max-age"}, {}, {}, true},
           Row{{"s-maxage=x, max-age=60"}, 60, {}, true},
           Row{{"max-age=3600, x=\"open"}, 3600, {}, true},
           Row{{"x=\"open, max-age=3600"}, 3600, {}, true},
           Row{{"=max-age=5"}, {}, {}},
           Row{{"@max-age=5"}, {}, {}},
           Row{{""}, {}, {}},
       }) {
    INFO(*row.lines.begin());
    const auto d = response(row.lines);
    CHECK(d.max_age == row.max_age);
    CHECK(d.s_maxage == row.s_maxage);
    CHECK(d.invalid_lifetime == row.invalid);
  }
}

TEST_CASE("what restricts counts, well formed or not", "[cache_control]") {
  for (const auto line : {"no-store", "No-StOrE", "max-age=10000, no-store", "no-store=x", "no-store =1",
                          "x=\"open, no-store", "no-store,", "a=\"b\",no-store", "no-store foo"}) {
    INFO(line);
    CHECK(response({line}).no_store);
  }
  CHECK_FALSE(response({"x=\"no-store\""}).no_store);
  CHECK_FALSE(response({"no-stored"}).no_store);
  CHECK(response({"max-age=1", "no-store"}).no_store);
  CHECK(response({"must-revalidate, proxy-revalidate, no-transform"}).must_revalidate);
  CHECK(response({"must-revalidate, proxy-revalidate, no-transform"}).proxy_revalidate);
  CHECK(response({"must-revalidate, proxy-revalidate, no-transform"}).no_transform);
}

TEST_CASE("what permits counts only well formed", "[cache_control]") {
  const auto good = response({"public, immutable, must-understand, stale-while-revalidate=5, stale-if-error=\"6\""});
  CHECK((good.public_ && good.immutable && good.must_understand));
  CHECK(good.stale_while_revalidate == 5);
  CHECK(good.stale_if_error == 6);
  const auto bad = response({"public=1, immutable =x, must-understand x, stale-while-revalidate=x, stale-if-error"});
  CHECK_FALSE((bad.public_ || bad.immutable || bad.must_understand));
  CHECK(bad.stale_while_revalidate == 0);
  CHECK(bad.stale_if_error == 0);
  CHECK(response({"stale-if-error=9, stale-if-error=3"}).stale_if_error == 3);
  CHECK_FALSE(response({"max-age=1"}).stale_if_error);
}

TEST_CASE("no-cache and private may be about some fields only", "[cache_control]") {
  const auto listed = response({"no-cache=\"a, b\"", "private=\"Set-Cookie\", no-cache=c"});
  CHECK_FALSE(listed.no_cache);
  CHECK(listed.no_cache_fields);
  CHECK(listed.no_cache_list == "a, b, c");
  CHECK_FALSE(listed.private_);
  CHECK(listed.private_fields);
  CHECK(listed.private_list == "Set-Cookie");
  for (const auto whole : {"no-cache", "no-cache=\"\"", "no-cache=", "no-cache=\"a b\"", "no-cache =\"a\"",
                           "no-cache=\"a", "no-cache=\",\"", "no-cache=\"a\", no-cache"}) {
    INFO(whole);
    CHECK(response({whole}).no_cache);
  }
}

TEST_CASE("presence", "[cache_control]") {
  CHECK_FALSE(response({}).present);
  CHECK_FALSE(response({""}).present);
  CHECK(response({"unknown"}).present);
}

TEST_CASE("requests", "[cache_control]") {
  const auto all =
      request({"no-store, no-cache, only-if-cached, no-transform, max-age=5, min-fresh=6, max-stale=7, "
               "stale-if-error=8"});
  CHECK((all.no_store && all.no_cache && all.only_if_cached && all.no_transform && all.max_stale));
  CHECK(all.max_age == 5);
  CHECK(all.min_fresh == 6);
  CHECK(all.max_stale_for == 7);
  CHECK(all.stale_if_error == 8);
  CHECK(request({"max-stale"}).max_stale);
  CHECK_FALSE(request({"max-stale"}).max_stale_for);
  CHECK_FALSE(request({"max-stale=x"}).max_stale);
  CHECK_FALSE(request({"max-age=x, min-fresh=-1"}).max_age);
  CHECK(request({"max-age=9, max-age=3, min-fresh=1", "min-fresh=4"}).max_age == 3);
  CHECK(request({"min-fresh=1", "min-fresh=4"}).min_fresh == 4);
}

TEST_CASE("Pragma counts where there is no Cache-Control", "[cache_control]") {
  const auto with = [](std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    return parse_request_cache_control(test::literal_fields(fields)).no_cache;
  };
  CHECK(with({{"Pragma", "no-cache"}}));
  CHECK(with({{"Pragma", "foo, No-Cache"}}));
  CHECK_FALSE(with({{"Pragma", "no-cache"}, {"Cache-Control", "max-age=5"}}));
  CHECK_FALSE(with({{"Pragma", "unknown"}}));
}

TEST_CASE("hostile values end soon", "[cache_control]") {
  std::string escapes = "x=";
  for (int i = 0; i < 4000; ++i) escapes += "\"\\";
  CHECK(response({escapes}).invalid_lifetime);
  CHECK(response({std::string(8000, '"')}).present == false);
  CHECK(response({std::string(8000, ',')}).present == false);
}
