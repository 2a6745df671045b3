// What the words `off` and `origin` mean for a route's cache options; see route_config.h.
#include "proxy/config/route_config.h"

namespace weir {

CacheMode RouteCacheConfig::mode() const {
  if (word) return *word;
  return ttl || adaptive ? CacheMode::ttl : CacheMode::origin;
}

void RouteCacheConfig::set_word(std::string_view text) {
  word = text == "off" ? CacheMode::off : CacheMode::origin;
  ttl.reset();
  adaptive.reset();
  override_origin = false;
  status.clear();
}

void RouteCacheConfig::set_map() {
  word.reset();
}

std::string_view RouteCacheConfig::word_text() const {
  if (!word) return {};
  return *word == CacheMode::off ? "off" : "origin";
}

}  // namespace weir
