// Content codings, and which of them a client accepts (RFC 9110 §8.4, §12.5.3; dcz: RFC 9842). Accept-Encoding in any
// spelling comes down to a few numbers here, so that no spelling makes a variant of its own. What codes is
// proxy/coding.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proxy/http/headers.h"

namespace weir {

enum class ContentCoding : std::uint8_t { identity, gzip, br, zstd, dcz };
inline constexpr std::size_t kContentCodings = 5;

// As Content-Encoding says it; "identity" is never written there.
std::string_view word_of(ContentCoding coding) noexcept;
// In any case; x-gzip is gzip. Nothing for a coding that weir doesn't know, and for a list of them.
std::optional<ContentCoding> content_coding_of(std::string_view word) noexcept;

// How much each coding is wanted: thousandths, 0 is refused.
struct AcceptedCodings {
  std::array<std::uint16_t, kContentCodings> q{};

  std::uint16_t q_of(ContentCoding coding) const noexcept { return q[static_cast<std::size_t>(coding)]; }
  bool accepts(ContentCoding coding) const noexcept { return q_of(coding) > 0; }
  friend bool operator==(const AcceptedCodings&, const AcceptedCodings&) = default;
};

// From all Accept-Encoding lines; allocates nothing, one pass. Members that break the grammar are passed over; of a
// coding that is named twice the lower q counts. `*` stands for what isn't named, but not for dcz: that needs a
// dictionary, so only a client that names it knows it. Identity, when neither named nor meant by `*`, is acceptable and
// comes last. Without any line everything but dcz is acceptable, identity by far the most.
AcceptedCodings parse_accept_encoding(const Fields& request) noexcept;

// The same, with what the last few different lines came down to: clients say few different things again and again. One
// thread.
class KnownCodings {
 public:
  AcceptedCodings of(const Fields& request);

 private:
  struct Known {
    std::string line;
    AcceptedCodings codings;
  };
  std::array<Known, 8> known_;
  std::size_t next_ = 0;  // whose turn it is to be forgotten
};

// Identity or one of `order`, the one with the highest q; of equals the earliest in `order`, and a coded one before
// identity. A client that refuses identity and accepts none of `order` gets identity all the same: a 406 would help
// nobody, and RFC 9110 §12.5.3 leaves the choice to the server.
ContentCoding choose(const AcceptedCodings& accepted, std::span<const ContentCoding> order) noexcept;

}  // namespace weir
