// Whatever a field says, the client is the one who connected or an address in its one form; once a client is known that
// nobody vouches for, nothing to the left of it changes that; one more trusted proxy in between doesn't, either.
#include <array>
#include <string>

#include "proxy/http/forwarded.h"
#include "tests/fuzz/fuzz.h"

using namespace weir;

namespace {

constexpr std::string_view kPeer = "10.0.0.1";

struct Said {
  std::string address, chain;
  bool named = false;
  std::optional<bool> secure;
};

Said read(ForwardedField field, const std::string& value, const TrustedProxies& trusted,
          std::string_view peer = kPeer) {
  Fields fields;
  fields.add(field == ForwardedField::forwarded ? Name::forwarded : Name::x_forwarded_for, value);
  Arena arena;
  const auto client = forwarded_client(fields, peer, trusted, arena);
  return {std::string(client.address), std::string(client.chain), client.named, client.secure};
}

void check(ForwardedField field, const std::string& value) {
  const TrustedProxies trusted{{*IpRange::parse("10.0.0.0/8"), *IpRange::parse("fd00::/8")}, field};
  const Said said = read(field, value, trusted);
  const auto ip = Ip::parse(said.address);
  WEIR_CHECK(ip && std::string_view(ip->text()) == said.address);
  WEIR_CHECK(said.chain.ends_with(kPeer) && said.chain.starts_with(said.address));
  WEIR_CHECK(said.chain.size() <= kMostProxies * 48 + kPeer.size());
  if (!said.named) WEIR_CHECK(trusted.trusts(*ip));
  WEIR_CHECK(read(field, value, trusted, "192.0.2.77").chain == "192.0.2.77");
  if (trusted.trusts(*ip)) return;
  for (const char* before : {"9.9.9.9, ", "for=9.9.9.9;proto=https, ", "\", ", "\\, ", "\"\\\", ", "a=\"b, c, "})
    WEIR_CHECK(read(field, before + value, trusted).chain == said.chain);
  const std::string nearer = value + (field == ForwardedField::forwarded ? ", for=10.0.0.2" : ", 10.0.0.2");
  const Said further = read(field, nearer, trusted);
  const bool too_far = !further.named;
  WEIR_CHECK(too_far || (further.address == said.address && further.secure == said.secure));
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  static constexpr std::array<std::string_view, 20> kWords{
      ",",       ", ",      ";",        "for=",    "For=",      "proto=",        "proto=https", "by=",
      "\"",      "\\",      "10.0.0.2", "fd00::2", "192.0.2.1", "[2001:db8::1]", ":4711",       "::ffff:10.0.0.9",
      "unknown", "_hidden", "\\\"",     "[]:"};
  return kWords;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string value(weir::test::text_of(data, size).substr(0, 4096));
  check(ForwardedField::x_forwarded_for, value);
  check(ForwardedField::forwarded, value);
  return 0;
}
