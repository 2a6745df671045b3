// Writes Cache-Status (RFC 9211 §2); see cache_status.h.
#include "proxy/http/cache_status.h"

#include <array>
#include <charconv>
#include <cstring>

namespace weir {
namespace {

constexpr std::size_t kRoom = 160;
constexpr std::size_t kDetailRoom = 48;  // the rest of the longest line needs 97 bytes

std::string_view word_of(Forward forward) noexcept {
  switch (forward) {
    case Forward::none: return {};
    case Forward::bypass: return "; fwd=bypass";
    case Forward::method: return "; fwd=method";
    case Forward::uri_miss: return "; fwd=uri-miss";
    case Forward::vary_miss: return "; fwd=vary-miss";
    case Forward::miss: return "; fwd=miss";
    case Forward::request: return "; fwd=request";
    case Forward::stale: return "; fwd=stale";
    case Forward::partial: return "; fwd=partial";
  }
  return {};
}

// An sf-token (RFC 8941 §3.3.4) that fits; anything else is left out rather than mended.
bool is_detail(std::string_view text) noexcept {
  if (text.empty() || text.size() > kDetailRoom) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!letter(text.front())) return false;
  for (const char c : text) {
    if (!letter(c) && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.') return false;
  }
  return true;
}

struct Line {
  char* at;
  void put(std::string_view text) noexcept {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    at += text.size();
  }
  void put(std::int64_t n) noexcept { at = std::to_chars(at, at + 20, n).ptr; }
};

}  // namespace

std::size_t write_cache_status(char* out, const CacheStatus& status) noexcept {
  Line line{out};
  line.put("weir");
  line.put(status.hit ? "; hit" : word_of(status.forward));
  if (status.forward_status != 0) {
    line.put("; fwd-status=");
    line.put(status.forward_status);
  }
  if (status.ttl) {
    line.put("; ttl=");
    line.put(*status.ttl);
  }
  if (status.stored) line.put("; stored");
  if (status.collapsed) line.put("; collapsed");
  if (is_detail(status.detail)) {
    line.put("; detail=");
    line.put(status.detail);
  }
  return static_cast<std::size_t>(line.at - out);
}

void append_cache_status(std::string& out, const CacheStatus& status) {
  std::array<char, kRoom> line;
  out.append(line.data(), write_cache_status(line.data(), status));
}

}  // namespace weir
