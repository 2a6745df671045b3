// multipart/byteranges (RFC 9110 §14.6): the text between the bytes of several ranges, and how long it all is. The
// bytes themselves go from the stored body, uncopied; a HEAD needs only the length. Written as:
//   part_head(0) bytes part_head(1) bytes … closing()
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/hash.h"
#include "proxy/http/range.h"

namespace weir {

class Multipart {
 public:
  // `length` is the whole body's, `content_type` (may be empty) each part's, as the 200 would say it. `random`: 128
  // bits that nobody can guess, or an origin could plant the boundary in its body.
  Multipart(const ByteRanges& ranges, std::uint64_t length, std::string_view content_type, const Digest& random);

  const ByteRanges& ranges() const noexcept { return ranges_; }
  std::string content_type() const;  // of the answer: "multipart/byteranges; boundary=…"
  std::string part_head(std::size_t i) const;
  std::string closing() const;
  std::uint64_t total() const;  // bytes of the whole answer, for Content-Length

 private:
  std::string_view boundary() const noexcept { return {boundary_.data(), boundary_.size()}; }

  ByteRanges ranges_;
  std::uint64_t length_;
  std::string content_type_;
  std::array<char, 32> boundary_;
};

}  // namespace weir
