// Addresses are read strictly, written in one form, and compared whichever kind of socket they came by.
#include "proxy/base/ip.h"

#include "tests/support/catch.h"

using namespace weir;

TEST_CASE("an address has one form") {
  struct Row {
    const char* text;
    const char* written;  // null: refused
  };
  const auto row = GENERATE(values<Row>({
      {"192.0.2.1", "192.0.2.1"},
      {"255.255.255.255", "255.255.255.255"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"::1", "::1"},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"1111:2222:3333:4444:5555:6666:7777:8888", "1111:2222:3333:4444:5555:6666:7777:8888"},
      {"", nullptr},
      {"192.0.2", nullptr},
      {"192.0.2.01", nullptr},
      {"192.0.2.256", nullptr},
      {" 192.0.2.1", nullptr},
      {"192.0.2.1 ", nullptr},
      {"0x7f.0.0.1", nullptr},
      {"[::1]", nullptr},
      {"::1%lo", nullptr},
      {"fe80::1::2", nullptr},
      {"localhost", nullptr},
      {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa", nullptr},
  }));
  CAPTURE(row.text);
  const auto ip = Ip::parse(row.text);
  REQUIRE(ip.has_value() == (row.written != nullptr));
  if (ip) CHECK(std::string_view(ip->text()) == row.written);
}

TEST_CASE("a byte of zero ends no address") {
  CHECK_FALSE(Ip::parse(std::string_view("127.0.0.1\0junk", 14)));
}

TEST_CASE("bytes as sockets and headers have them") {
  CHECK(Ip::of(std::string_view("\x0a\x00\x00\x01", 4)) == *Ip::parse("10.0.0.1"));
  CHECK(Ip::of(std::string_view("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16)) == *Ip::parse("2001:db8::1"));
  CHECK(Ip::parse("127.9.9.9")->loopback());
  CHECK(Ip::parse("::1")->loopback());
  CHECK_FALSE(Ip::parse("10.0.0.1")->loopback());
}

TEST_CASE("who is everybody") {
  for (const char* all : {"0.0.0.0/0", "::/0", "10.0.0.0/0", "::ffff:0:0/96"}) CHECK(IpRange::parse(all)->everybody());
  for (const char* some : {"0.0.0.0/1", "::/1", "::1", "10.0.0.0/8", "fd00::/96"}) {
    CAPTURE(some);
    CHECK_FALSE(IpRange::parse(some)->everybody());
  }
}
