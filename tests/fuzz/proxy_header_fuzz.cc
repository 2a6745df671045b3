// A PROXY header ends where it ends: each of its beginnings is incomplete, nothing behind it matters, and what it says,
// written as version 1 and as version 2, reads back the same. What is refused stays refused whatever follows.
#include <array>
#include <string>

#include "proxy/net/proxy_protocol.h"
#include "tests/fuzz/fuzz.h"

using namespace weir;

namespace {

using State = ProxyHeader::State;

void check_same(const ProxyHeader& a, const ProxyHeader& b) {
  WEIR_CHECK(a.state == b.state && a.length == b.length && a.client == b.client);
}

std::string as_line(const Ip& ip) {
  const std::string text(std::string_view(ip.text()));
  const char* const family = text.find(':') == std::string::npos ? "TCP4 " : "TCP6 ";
  return std::string("PROXY ").append(family).append(text).append(" ").append(text).append(" 0 65535\r\n");
}

std::string as_bytes(const Ip& ip) {
  std::string out("\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24", 16);
  for (int end = 0; end < 2; ++end) out.append(ip.bytes.begin(), ip.bytes.end());
  return out.append(4, '\0');
}

void check_reads_back(const Ip& ip) {
  for (const std::string& written : {as_line(ip), as_bytes(ip)}) {
    const ProxyHeader again = read_proxy_header(written);
    WEIR_CHECK(again.state == State::whole && again.length == written.size() && again.client == ip);
  }
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  using std::string_view_literals::operator""sv;
  static constexpr std::array<std::string_view, 16> kWords{"PROXY ",
                                                           "TCP4 ",
                                                           "TCP6 ",
                                                           "UNKNOWN",
                                                           " ",
                                                           "\r\n",
                                                           "0",
                                                           "65535",
                                                           "65536",
                                                           "192.0.2.1",
                                                           "2001:db8::1",
                                                           "\r\n\r\n\0\r\nQUIT\n"sv,
                                                           "\x21\x11\0\x0c"sv,
                                                           "\x20\x00\0\0"sv,
                                                           "\x03\0\x04"sv,
                                                           "\xff\xff"sv};
  return kWords;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = weir::test::text_of(data, size).substr(0, 2 * kMostProxyHeader);
  const ProxyHeader all = read_proxy_header(bytes);
  if (all.state == State::incomplete) WEIR_CHECK(bytes.size() < kMostProxyHeader);
  if (all.state == State::whole) {
    WEIR_CHECK(all.length <= bytes.size() && all.length <= kMostProxyHeader);
    check_same(read_proxy_header(bytes.substr(0, all.length)), all);
    if (all.client) check_reads_back(*all.client);
  }
  // The states of its beginnings: incomplete, then for ever the one that it comes to.
  bool over = false;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const ProxyHeader some = read_proxy_header(bytes.substr(0, cut));
    if (over || some.state != State::incomplete) check_same(some, all);
    over = over || some.state != State::incomplete;
    if (all.state == State::whole) WEIR_CHECK(over == (cut >= all.length));
  }
  WEIR_CHECK(over == (all.state != State::incomplete));
  return 0;
}
