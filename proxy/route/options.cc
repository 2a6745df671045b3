// Options of the file → Policy and KeySpec; see options.h.
#include "proxy/route/options.h"

#include <algorithm>
#include <array>

#include "proxy/base/text.h"

namespace weir {
namespace {

std::vector<std::string> lower_all(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  out.reserve(names.size());
  for (const auto& name : names) out.push_back(lower(name));
  return out;
}

KeySpec::Normalise normalise_of(const std::vector<Normalise>& how) {
  const auto has = [&](Normalise one) { return std::find(how.begin(), how.end(), one) != how.end(); };
  return {has(Normalise::trim), has(Normalise::lower)};
}

}  // namespace

Policy policy_of(const Config& config, const RouteConfig& route) {
  const RouteCacheConfig& cache = route.cache;
  Policy policy;
  policy.mode = cache.mode();
  if (cache.adaptive) {
    policy.adaptive = Adaptive{cache.adaptive->min, cache.adaptive->max};
    policy.ttl = cache.adaptive->min;
  }
  if (cache.ttl) policy.ttl = *cache.ttl;
  policy.override_origin = cache.override_origin;
  policy.status_ttl = cache.status;
  policy.stale_while_revalidate = cache.stale_while_revalidate;
  policy.stale_if_error = cache.stale_if_error;
  policy.refresh_ahead = cache.refresh_ahead.part;
  policy.etag = cache.etag;
  policy.set_cookie = cache.set_cookie;
  policy.prefer_origin = cache.prefer == Prefer::origin;
  policy.patience = cache.patience;
  policy.max_variants = cache.max_variants;
  policy.max_object = cache.max_object.value_or(config.cache.max_object);
  policy.trust_client = cache.trust_client;
  policy.store_unterminated = cache.store_unterminated;
  policy.hit_for_miss = cache.hit_for_miss;
  policy.shared = cache.shared;
  policy.coalesce_over_nodes = cache.coalesce == Coalesce::nodes;
  return policy;
}

std::optional<CodingPolicy> coding_policy_of(const CompressConfig& compress) {
  if (!compress.on) return std::nullopt;
  CodingPolicy policy;
  constexpr std::array<ContentCoding, 3> kOffered{ContentCoding::zstd, ContentCoding::br, ContentCoding::gzip};
  for (const auto coding : compress.encodings) policy.order.push_back(kOffered[static_cast<std::size_t>(coding)]);
  policy.min_size = compress.min_size;
  if (!compress.types.empty()) {
    if (auto types = TypeList::parse(compress.types)) policy.types = std::move(*types);
  }
  const auto set = [&](ContentCoding coding, const std::optional<unsigned>& level) {
    if (level) policy.levels[static_cast<std::size_t>(coding)] = static_cast<int>(*level);
  };
  set(ContentCoding::zstd, compress.levels.zstd);
  set(ContentCoding::br, compress.levels.br);
  set(ContentCoding::gzip, compress.levels.gzip);
  policy.accept_encoding.clear();
  for (const auto coding : compress.from_origin) {
    if (!policy.accept_encoding.empty()) policy.accept_encoding += ", ";
    policy.accept_encoding += word_of(coding);
  }
  if (policy.accept_encoding.empty()) policy.accept_encoding = "identity";
  if (compress.dictionary)
    policy.dictionary = DictionaryPolicy{.source = *compress.dictionary, .match = {}, .tags = {}};
  return policy;
}

RouteTimeouts timeouts_of(const RouteTimeoutsConfig& timeouts) {
  RouteTimeouts out{timeouts.first_byte, timeouts.between_bytes, timeouts.total};
  if (timeouts.idle) out.idle = *timeouts.idle;
  return out;
}

KeySpec key_spec_of(const KeyConfig& key) {
  KeySpec spec;
  if (key.query) {
    spec.query_mode = KeySpec::Query::only;
    spec.query = *key.query;
  } else if (!key.query_except.empty()) {
    spec.query_mode = KeySpec::Query::except;
    spec.query = key.query_except;
  }
  for (const auto& [name, how] : key.normalise) spec.normalise[name] = normalise_of(how);
  spec.headers = lower_all(key.headers);
  spec.cookies = key.cookies;
  if (key.user && !key.user->header.empty()) {
    spec.user = KeySpec::User{KeySpec::User::From::header, lower(key.user->header)};
  } else if (key.user) {
    spec.user = KeySpec::User{KeySpec::User::From::cookie, key.user->cookie};
  }
  return spec;
}

}  // namespace weir
