// Who the client is behind trusted proxies: read from the right, no further than the first that nobody vouches for.
#include "proxy/http/forwarded.h"

#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

using namespace weir;

namespace {

TrustedProxies trusted(ForwardedField field) {
  return {{*IpRange::parse("10.0.0.0/8"), *IpRange::parse("fd00::/8")}, field};
}

// "client | chain", "?" before it where the client isn't named, and the scheme after it where one is told.
std::string said(ForwardedField field, const std::string& peer,
                 std::vector<std::pair<const char*, std::string>> lines) {
  Fields fields;
  for (const auto& [name, value] : lines) fields.add(std::string_view(name), value);
  Arena arena;
  const auto client = forwarded_client(fields, peer, trusted(field), arena);
  std::string text = client.named ? "" : "?";
  text.append(client.address).append(" | ").append(client.chain);
  if (client.secure) text.append(*client.secure ? " https" : " http");
  return text;
}

std::string by_x(const std::string& peer, const std::string& value) {
  return said(ForwardedField::x_forwarded_for, peer, {{"X-Forwarded-For", value}});
}
std::string by_forwarded(const std::string& value) {
  return said(ForwardedField::forwarded, "10.0.0.1", {{"Forwarded", value}});
}

}  // namespace

TEST_CASE("X-Forwarded-For of a trusted proxy") {
  struct Row {
    const char* value;
    const char* said;
  };
  const auto row = GENERATE(values<Row>({
      {"192.0.2.1", "192.0.2.1 | 192.0.2.1, 10.0.0.1"},
      {" 192.0.2.1 ", "192.0.2.1 | 192.0.2.1, 10.0.0.1"},
      {"192.0.2.1:4711", "192.0.2.1 | 192.0.2.1, 10.0.0.1"},
      {"2001:DB8::1", "2001:db8::1 | 2001:db8::1, 10.0.0.1"},
      {"[2001:db8::1]", "2001:db8::1 | 2001:db8::1, 10.0.0.1"},
      {"[2001:db8::1]:443", "2001:db8::1 | 2001:db8::1, 10.0.0.1"},
      {"::ffff:192.0.2.1", "192.0.2.1 | 192.0.2.1, 10.0.0.1"},
      // What the client itself said stays outside.
      {"9.9.9.9, 192.0.2.1", "192.0.2.1 | 192.0.2.1, 10.0.0.1"},
      {"10.0.0.9, 192.0.2.1", "192.0.2.1 | 192.0.2.1, 10.0.0.1"},
      {"garbage \" (, 192.0.2.1", "192.0.2.1 | 192.0.2.1, 10.0.0.1"},
      {"192.0.2.1,10.0.0.3,\t10.0.0.2", "192.0.2.1 | 192.0.2.1, 10.0.0.3, 10.0.0.2, 10.0.0.1"},
      {"9.9.9.9, 192.0.2.1, fd00::2", "192.0.2.1 | 192.0.2.1, fd00::2, 10.0.0.1"},
      {", 192.0.2.1,, ,", "192.0.2.1 | 192.0.2.1, 10.0.0.1"},
      // All are trusted: the first is who asks.
      {"10.0.0.2", "10.0.0.2 | 10.0.0.2, 10.0.0.1"},
      {"10.0.0.3, 10.0.0.2", "10.0.0.3 | 10.0.0.3, 10.0.0.2, 10.0.0.1"},
      // Nobody is named: the nearest that is known, and it is said that it isn't the client.
      {"", "?10.0.0.1 | 10.0.0.1"},
      {" , ,", "?10.0.0.1 | 10.0.0.1"},
      {"unknown", "?10.0.0.1 | 10.0.0.1"},
      {"192.0.2.1, unknown", "?10.0.0.1 | 10.0.0.1"},
      {"9.9.9.9, what, 10.0.0.2", "?10.0.0.2 | 10.0.0.2, 10.0.0.1"},
      {"9.9.9.9, 10.0.0.02", "?10.0.0.1 | 10.0.0.1"},
      {"9.9.9.9 10.0.0.2", "?10.0.0.1 | 10.0.0.1"},
      {"\"192.0.2.1\"", "?10.0.0.1 | 10.0.0.1"},
      {"192.0.2.1:", "?10.0.0.1 | 10.0.0.1"},
      {"192.0.2.1:65536", "?10.0.0.1 | 10.0.0.1"},
      {"192.0.2.1:80:80", "?10.0.0.1 | 10.0.0.1"},
      {"[192.0.2.1]", "?10.0.0.1 | 10.0.0.1"},
      {"[2001:db8::1", "?10.0.0.1 | 10.0.0.1"},
      {"2001:db8::1]", "?10.0.0.1 | 10.0.0.1"},
      {"[2001:db8::1]443", "?10.0.0.1 | 10.0.0.1"},
      {"[]", "?10.0.0.1 | 10.0.0.1"},
      {":80", "?10.0.0.1 | 10.0.0.1"},
      {"for=192.0.2.1", "?10.0.0.1 | 10.0.0.1"},
  }));
  CAPTURE(row.value);
  CHECK(by_x("10.0.0.1", row.value) == row.said);
}

TEST_CASE("who isn't trusted is who connected, whatever it says") {
  CHECK(by_x("192.0.2.9", "10.0.0.1") == "192.0.2.9 | 192.0.2.9");
  CHECK(by_x("192.0.2.9", "") == "192.0.2.9 | 192.0.2.9");
  CHECK(said(ForwardedField::x_forwarded_for, "192.0.2.9", {{"X-Forwarded-Proto", "https"}}) ==
        "192.0.2.9 | 192.0.2.9");
  CHECK(said(ForwardedField::forwarded, "::1", {{"Forwarded", "for=10.0.0.1;proto=https"}}) == "::1 | ::1");
  CHECK(by_x("not an address", "10.0.0.1") == "not an address | not an address");
}

TEST_CASE("lines are one list, the last one nearest") {
  const auto lines = [](std::vector<std::pair<const char*, std::string>> list) {
    return said(ForwardedField::x_forwarded_for, "10.0.0.1", std::move(list));
  };
  CHECK(lines({{"X-Forwarded-For", "9.9.9.9"}, {"x-forwarded-for", "192.0.2.1"}}) == "192.0.2.1 | 192.0.2.1, 10.0.0.1");
  CHECK(lines({{"X-Forwarded-For", "9.9.9.9, 192.0.2.1"}, {"Host", "a"}, {"X-Forwarded-For", "10.0.0.2"}}) ==
        "192.0.2.1 | 192.0.2.1, 10.0.0.2, 10.0.0.1");
  CHECK(lines({{"X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-For", ""}}) == "192.0.2.1 | 192.0.2.1, 10.0.0.1");
}

TEST_CASE("one field is read, and no other") {
  CHECK(said(ForwardedField::x_forwarded_for, "10.0.0.1",
             {{"Forwarded", "for=9.9.9.9;proto=https"}, {"X-Real-IP", "9.9.9.9"}}) == "?10.0.0.1 | 10.0.0.1");
  CHECK(said(ForwardedField::forwarded, "10.0.0.1", {{"X-Forwarded-For", "9.9.9.9"}, {"X-Forwarded-Proto", "https"}}) ==
        "?10.0.0.1 | 10.0.0.1");
}

TEST_CASE("Forwarded of a trusted proxy") {
  struct Row {
    const char* value;
    const char* said;
  };
  const auto row = GENERATE(values<Row>({
      {"for=192.0.2.1", "192.0.2.1 | 192.0.2.1, 10.0.0.1"},
      {"For=\"192.0.2.1:4711\"", "192.0.2.1 | 192.0.2.1, 10.0.0.1"},
      {"for=\"192.0.2.1:_secret\"", "192.0.2.1 | 192.0.2.1, 10.0.0.1"},
      {"for=\"[2001:DB8::1]:4711\"", "2001:db8::1 | 2001:db8::1, 10.0.0.1"},
      {"for=\"[2001:db8::1]\"", "2001:db8::1 | 2001:db8::1, 10.0.0.1"},
      {"for=192.0.2.1;proto=https;by=203.0.113.43", "192.0.2.1 | 192.0.2.1, 10.0.0.1 https"},
      {"by=\"a,b;c\" ; PROTO=\"HTTP\" ; for=192.0.2.1;", "192.0.2.1 | 192.0.2.1, 10.0.0.1 http"},
      {"for=192.0.2.1;proto=gopher", "192.0.2.1 | 192.0.2.1, 10.0.0.1"},
      {"for=192.0.2.1;host=\"a \\\" b, c\"", "192.0.2.1 | 192.0.2.1, 10.0.0.1"},
      {"for=192.0.2.1;host=\"a \\\\\", for=10.0.0.2", "192.0.2.1 | 192.0.2.1, 10.0.0.2, 10.0.0.1"},
      {"for=192.0.2.1;proto=https, for=10.0.0.2;proto=http", "192.0.2.1 | 192.0.2.1, 10.0.0.2, 10.0.0.1 https"},
      {"for=192.0.2.1, for=10.0.0.2;proto=http", "192.0.2.1 | 192.0.2.1, 10.0.0.2, 10.0.0.1 http"},
      // A client that leaves a quote open reaches nothing of what the proxy added.
      {"for=9.9.9.9;proto=https, for=\"9.9.9.9, for=192.0.2.1;proto=http", "192.0.2.1 | 192.0.2.1, 10.0.0.1 http"},
      {"for=9.9.9.9\\, for=\"[2001:db8::1]\"", "2001:db8::1 | 2001:db8::1, 10.0.0.1"},
      {"\"\\\", for=192.0.2.1", "192.0.2.1 | 192.0.2.1, 10.0.0.1"},
      {"for=_gateway", "?10.0.0.1 | 10.0.0.1"},
      {"for=unknown;proto=https", "?10.0.0.1 | 10.0.0.1 https"},
      {"for=192.0.2.1, for=_gateway", "?10.0.0.1 | 10.0.0.1"},
      {"for=\"_gateway:80\", for=10.0.0.2", "?10.0.0.2 | 10.0.0.2, 10.0.0.1"},
      {"for=2001:db8::1", "?10.0.0.1 | 10.0.0.1"},
      {"for=\"2001:db8::1\"", "?10.0.0.1 | 10.0.0.1"},
      {"for=192.0.2.1:80", "?10.0.0.1 | 10.0.0.1"},
      {"for=\"192.0.2.\\1\"", "?10.0.0.1 | 10.0.0.1"},
      {"for=192.0.2.1;for=192.0.2.2", "?10.0.0.1 | 10.0.0.1"},
      {"for=192.0.2.1;proto=http;proto=https", "?10.0.0.1 | 10.0.0.1"},
      {"for=192.0.2.1 proto=https", "?10.0.0.1 | 10.0.0.1"},
      {"for = 192.0.2.1", "?10.0.0.1 | 10.0.0.1"},
      {"for=", "?10.0.0.1 | 10.0.0.1"},
      {"for", "?10.0.0.1 | 10.0.0.1"},
      {"for=\"192.0.2.1", "?10.0.0.1 | 10.0.0.1"},
      {"proto=https", "?10.0.0.1 | 10.0.0.1 https"},
      {"192.0.2.1", "?10.0.0.1 | 10.0.0.1"},
      {";;", "?10.0.0.1 | 10.0.0.1"},
  }));
  CAPTURE(row.value);
  CHECK(by_forwarded(row.value) == row.said);
}

TEST_CASE("the scheme is that of the client's own connection") {
  const auto scheme = [](const char* chain, const char* words) {
    const auto text =
        said(ForwardedField::x_forwarded_for, "10.0.0.1", {{"X-Forwarded-For", chain}, {"X-Forwarded-Proto", words}});
    return text.substr(text.rfind(' ') + 1);
  };
  CHECK(scheme("192.0.2.1", "https") == "https");
  CHECK(scheme("192.0.2.1", "HTTP") == "http");
  CHECK(scheme("192.0.2.1, 10.0.0.2", "https") == "https");        // one word for all
  CHECK(scheme("192.0.2.1, 10.0.0.2", "https, http") == "https");  // one for each
  CHECK(scheme("192.0.2.1", "https, http") == "http");             // the other is the client's own word
  CHECK(scheme("192.0.2.1, 10.0.0.2", "http, https, http") == "https");
  for (const char* none : {"", "gopher", "https,", "https;", "\"https\""})
    CHECK(scheme("192.0.2.1", none) == "10.0.0.1");
  CHECK(said(ForwardedField::x_forwarded_for, "10.0.0.1", {{"X-Forwarded-Proto", "https"}}) ==
        "?10.0.0.1 | 10.0.0.1 https");
}

TEST_CASE("no more than so many proxies are looked at") {
  const auto chain = [](std::size_t proxies) {
    std::string value = "192.0.2.1";
    for (std::size_t i = 0; i < proxies; ++i) value += ", 10.0.0.2";
    return by_x("10.0.0.1", value);
  };
  CHECK(chain(kMostProxies - 1).starts_with("192.0.2.1 | 192.0.2.1, 10.0.0.2, "));
  CHECK(chain(kMostProxies).starts_with("?10.0.0.2 | 10.0.0.2, "));
  CHECK(chain(5 * kMostProxies).size() == chain(kMostProxies).size());
  CHECK(by_x("10.0.0.1", "192.0.2.1" + std::string(kMostProxies, ',')) == "?10.0.0.1 | 10.0.0.1");
}
