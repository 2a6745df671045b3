// A PROXY header is exactly that or it is refused; it ends at its own end, wherever the bytes are cut.
#include "proxy/net/proxy_protocol.h"

#include <string>

#include "tests/support/catch.h"

using namespace weir;

namespace {

using State = ProxyHeader::State;

std::string client_of(const ProxyHeader& header) {
  return header.client ? std::string(std::string_view(header.client->text())) : "own";
}

// "v6 from 2001:db8::1" as bytes: signature, version and command, family, length, and what stands behind.
std::string binary(unsigned command, unsigned family, const std::string& rest, int length = -1) {
  const auto size = static_cast<unsigned>(length < 0 ? static_cast<int>(rest.size()) : length);
  std::string out("\r\n\r\n\0\r\nQUIT\n", 12);
  for (const unsigned byte : {command, family, size >> 8, size & 0xff}) out.push_back(static_cast<char>(byte));
  return out + rest;
}
const std::string kFour("\xc0\x00\x02\x01\xc6\x33\x64\x01\xdc\x04\x01\xbb", 12);
const std::string kSix = std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16) +
                         std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16) +
                         std::string("\xdc\x04\x01\xbb", 4);
const std::string kUnix(216, 'u');

std::string extra(int type, const std::string& value) {
  std::string out(1, static_cast<char>(type));
  out.push_back(static_cast<char>(value.size() >> 8));
  out.push_back(static_cast<char>(value.size() & 0xff));
  return out + value;
}

void check_refused(const std::string& bytes, ProxyRefusal why) {
  CAPTURE(bytes);
  const auto header = read_proxy_header(bytes);
  REQUIRE(header.state == State::refused);
  CHECK(kProxyRefusalWords[static_cast<std::size_t>(header.why)] == kProxyRefusalWords[static_cast<std::size_t>(why)]);
}

// The same at each cut, with and without what follows.
void check_whole(const std::string& bytes, const std::string& client) {
  CAPTURE(bytes);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    CAPTURE(cut);
    REQUIRE(read_proxy_header(std::string_view(bytes).substr(0, cut)).state == State::incomplete);
  }
  for (const char* next : {"", "G", "GET / HTTP/1.1\r\n\r\n", "\r\n", "PROXY TCP4 9.9.9.9 9.9.9.9 1 1\r\n"}) {
    const auto header = read_proxy_header(bytes + next);
    REQUIRE(header.state == State::whole);
    CHECK(header.length == bytes.size());
    CHECK(client_of(header) == client);
  }
}

}  // namespace

TEST_CASE("version 1 of the PROXY protocol") {
  check_whole("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", "192.0.2.1");
  check_whole("PROXY TCP4 255.255.255.255 255.255.255.255 65535 0\r\n", "255.255.255.255");
  check_whole("PROXY TCP6 2001:DB8::1 2001:db8::2 1 65535\r\n", "2001:db8::1");
  check_whole("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "192.0.2.1");
  check_whole(
      "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  check_whole("PROXY UNKNOWN\r\n", "own");
  check_whole("PROXY UNKNOWN ffff::1 whatever 65535 65535\r\n", "own");
  check_whole("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n", "own");
}

TEST_CASE("what version 1 is not") {
  const char* const bad = GENERATE(values<const char*>({
      "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n",
      "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\rX",
      "PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 \r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 1\r\n",
      "PROXY TCP4  192.0.2.1 198.51.100.1 56324 443\r\n",
      "PROXY  TCP4 192.0.2.1 198.51.100.1 56324 443\r\n",
      "PROXY TCP4\t192.0.2.1 198.51.100.1 56324 443\r\n",
      "PROXY TCP4 192.0.2.01 198.51.100.1 56324 443\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.256 56324 443\r\n",
      "PROXY TCP4 ::1 ::1 56324 443\r\n",
      "PROXY TCP6 192.0.2.1 198.51.100.1 56324 443\r\n",
      "PROXY TCP6 [::1] ::1 56324 443\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.1 00443 443\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.1 -1 443\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.1  443\r\n",
      "PROXY UDP4 192.0.2.1 198.51.100.1 1 443\r\n",
      "PROXY tcp4 192.0.2.1 198.51.100.1 1 443\r\n",
      "PROXY UNKNOWNX\r\n",
      "PROXY unknown\r\n",
      "PROXY \r\n",
      "PROXY \x7f\r\n",
      "PROXY UNKNOWN caf\xc3\xa9\r\n",
  }));
  check_refused(bad, ProxyRefusal::malformed);
}

TEST_CASE("a line of version 1 has 107 bytes at most") {
  check_whole("PROXY UNKNOWN " + std::string(91, ' ') + "\r\n", "own");
  check_refused("PROXY UNKNOWN " + std::string(92, ' ') + "\r\n", ProxyRefusal::too_long);
  CHECK(read_proxy_header("PROXY " + std::string(100, 'x')).state == State::incomplete);
  check_refused("PROXY " + std::string(101, 'x'), ProxyRefusal::too_long);
  check_refused("PROXY UNKNOWN " + std::string(92, ' ') + "\r", ProxyRefusal::too_long);
}

TEST_CASE("what is no header is known at its first wrong byte") {
  for (const char* other : {"G", "GET / HTTP/1.1\r\n\r\n", "proxy TCP4", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PROXX",
                            "\x16\x03\x01", "\r\n\r\nGET", "\n", " PROXY TCP4"})
    check_refused(other, ProxyRefusal::missing);
  CHECK(read_proxy_header("").state == State::incomplete);
}

TEST_CASE("version 2 of the PROXY protocol") {
  check_whole(binary(0x21, 0x11, kFour), "192.0.2.1");
  check_whole(binary(0x21, 0x21, kSix), "2001:db8::1");
  check_whole(binary(0x21, 0x31, kUnix), "own");
  check_whole(binary(0x21, 0x00, ""), "own");
  check_whole(binary(0x21, 0x00, "not to be read"), "own");
  check_whole(binary(0x20, 0x00, ""), "own");
  check_whole(binary(0x20, 0x11, kFour), "own");
  check_whole(binary(0x20, 0xff, "not to be read"), "own");
  check_whole(binary(0x21, 0x11, kFour + extra(4, "") + extra(0x02, "a.test") + extra(0xea, std::string(300, 'v'))),
              "192.0.2.1");
}

TEST_CASE("what version 2 is not") {
  check_refused(binary(0x11, 0x11, kFour), ProxyRefusal::malformed);
  check_refused(binary(0x31, 0x11, kFour), ProxyRefusal::malformed);
  check_refused(binary(0x22, 0x11, kFour), ProxyRefusal::malformed);
  for (const unsigned family : {0x01U, 0x10U, 0x12U, 0x22U, 0x32U, 0x13U, 0x41U, 0xffU})
    check_refused(binary(0x21, family, kUnix), ProxyRefusal::malformed);
  check_refused(binary(0x21, 0x11, kFour.substr(1)), ProxyRefusal::malformed);
  check_refused(binary(0x21, 0x21, kFour), ProxyRefusal::malformed);
  check_refused(binary(0x21, 0x31, kSix), ProxyRefusal::malformed);
  check_refused(binary(0x21, 0x11, ""), ProxyRefusal::malformed);
  check_refused(binary(0x21, 0x11, kFour + "x"), ProxyRefusal::malformed);
  check_refused(binary(0x21, 0x11, kFour + extra(4, "value").substr(0, 7)), ProxyRefusal::malformed);
  check_refused(binary(0x21, 0x11, kFour + std::string("\x04\xff\xff", 3)), ProxyRefusal::malformed);
}

TEST_CASE("a header of version 2 is bounded") {
  const std::size_t room = kMostProxyHeader - 16 - 12 - 3;
  check_whole(binary(0x21, 0x11, kFour + extra(0xe0, std::string(room, 'v'))), "192.0.2.1");
  check_refused(binary(0x21, 0x11, kFour, 4081), ProxyRefusal::too_long);
  check_refused(binary(0x20, 0x00, "", 0xffff), ProxyRefusal::too_long);
}

// The checksum of the whole header, itself as zeros; the value is not by our code, but by one that gives what RFC 3720
// §B.4 has as examples.
TEST_CASE("a checksum that doesn't fit is refused") {
  const std::string sum("\x73\x7e\xe9\x19", 4);
  check_whole(binary(0x21, 0x11, kFour + extra(3, sum)), "192.0.2.1");
  check_refused(binary(0x21, 0x11, kFour + extra(3, std::string(4, '\0'))), ProxyRefusal::malformed);
  check_refused(binary(0x21, 0x11, kFour + extra(3, sum.substr(1))), ProxyRefusal::malformed);
  check_refused(binary(0x21, 0x11, kFour + extra(3, sum) + extra(3, sum)), ProxyRefusal::malformed);
  check_refused(binary(0x21, 0x11, std::string("\xc0\x00\x02\x02", 4) + kFour.substr(4) + extra(3, sum)),
                ProxyRefusal::malformed);
}
