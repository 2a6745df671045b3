// The dashboard's page and its policy; see dashboard.h.
#include "proxy/admin/dashboard.h"

#include <sys/random.h>

#include <array>

namespace weir {
namespace {

constexpr std::string_view kPlace = "{nonce}";

std::string filled(std::string_view page, std::string_view nonce) {
  std::string out;
  for (auto at = page.find(kPlace); at != std::string_view::npos; at = page.find(kPlace)) {
    out.append(page.substr(0, at)).append(nonce);
    page.remove_prefix(at + kPlace.size());
  }
  return out.append(page);
}

}  // namespace

std::string random_nonce() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return {};
  std::string text;
  for (const auto byte : bytes) text.append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
  return text;
}

AdminReply dashboard_reply(std::string_view nonce) {
  AdminReply reply{200, "text/html; charset=utf-8", filled(kDashboardPage, nonce), {}};
  const std::string own = nonce.empty() ? "'none'" : "'nonce-" + std::string(nonce) + "'";
  reply.fields.emplace_back("Content-Security-Policy", "default-src 'none'; script-src " + own + "; style-src " + own +
                                                           "; connect-src 'self'; img-src data:; base-uri 'none'; "
                                                           "form-action 'none'; frame-ancestors 'none'");
  reply.fields.emplace_back("Referrer-Policy", "no-referrer");
  return reply;
}

}  // namespace weir
