// Who the client is where proxies stand before weir: the one that connected is asked who connected to it, and so on, as
// long as each answer comes from a proxy that the operator trusts. What stands further left in the field was said by
// somebody whom nobody vouches for, and is never looked at. Pure; allocates from the arena only.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/base/arena.h"
#include "proxy/base/ip.h"
#include "proxy/http/headers.h"

namespace weir {

// The one field that the proxies write. To believe two would be to believe whichever of them a client made up.
enum class ForwardedField : std::uint8_t { x_forwarded_for, forwarded };

struct TrustedProxies {
  std::vector<IpRange> proxies;
  ForwardedField field = ForwardedField::x_forwarded_for;

  bool trusts(const Ip& ip) const;
};

inline constexpr std::size_t kMostProxies = 32;  // of the field's members, no more are looked at

struct ForwardedClient {
  std::string_view address;  // of the client, or of the nearest to it that is known
  std::string_view chain;    // the client, then each proxy up to the one that connected: "192.0.2.1, 10.0.0.2"
  // False: `address` is a trusted proxy's own, which didn't say, or not understandably, whom it speaks for.
  bool named = true;
  std::optional<bool> secure;  // whether the client came by https, where a trusted proxy says so
};

// `peer`: who connected. What is given lives as long as the fields' memory, the peer's text and the arena.
ForwardedClient forwarded_client(const Fields& fields, std::string_view peer, const TrustedProxies& trusted,
                                 Arena& arena);

}  // namespace weir
