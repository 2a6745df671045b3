// The words between the parts of a multipart/byteranges answer; see multipart.h.
#include "proxy/http/multipart.h"

namespace weir {

Multipart::Multipart(const ByteRanges& ranges, std::uint64_t length, std::string_view content_type,
                     const Digest& random)
    : ranges_(ranges), length_(length), content_type_(content_type), boundary_(hex_of(random)) {}

std::string Multipart::content_type() const {
  return std::string("multipart/byteranges; boundary=").append(boundary());
}

std::string Multipart::part_head(std::size_t i) const {
  std::string head = i == 0 ? "--" : "\r\n--";
  head.append(boundary());
  if (!content_type_.empty()) head.append("\r\nContent-Type: ").append(content_type_);
  const ContentRangeText range(ranges_[i], length_);
  return head.append("\r\nContent-Range: ").append(range.view()).append("\r\n\r\n");
}

std::string Multipart::closing() const {
  return std::string("\r\n--").append(boundary()).append("--\r\n");
}

std::uint64_t Multipart::total() const {
  std::uint64_t bytes = closing().size();
  for (std::size_t i = 0; i < ranges_.size(); ++i) bytes += part_head(i).size() + ranges_[i].length();
  return bytes;
}

}  // namespace weir
