// RouteConfig: one entry of `routes:`, merged with `defaults:`. What its options mean when requests run is said where
// they are compiled to: cache/policy.h, cache/key.h, route/route.h, filters/.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/units.h"
#include "proxy/cache/coding_policy.h"
#include "proxy/cache/policy.h"
#include "proxy/config/describe.h"
#include "proxy/config/formats.h"
#include "proxy/config/place.h"
#include "proxy/config/scalar.h"
#include "proxy/http/content_coding.h"

namespace weir {

template <>
struct Words<SetCookie> {
  static constexpr std::array<std::string_view, 3> kList{"refuse", "strip", "store"};
};

enum class Prefer : std::uint8_t { cache, origin };
template <>
struct Words<Prefer> {
  static constexpr std::array<std::string_view, 2> kList{"cache", "origin"};
};

enum class Coalesce : std::uint8_t { nodes, node };
template <>
struct Words<Coalesce> {
  static constexpr std::array<std::string_view, 2> kList{"nodes", "node"};
};

struct AdaptiveConfig {
  Duration min = std::chrono::seconds(10);
  Duration max = std::chrono::hours(1);

  static void describe(auto& field, auto& self) {
    field("min", self.min, "never shorter", {.least = "1s", .most = "365d", .required = true});
    field("max", self.max, "never longer", {.least = "1s", .most = "365d", .required = true});
  }
};

struct RouteCacheConfig {
  static constexpr std::array<std::string_view, 2> kWords{"off", "origin"};
  std::optional<CacheMode> word;  // off or origin; empty where the options below decide
  std::optional<Duration> ttl;
  bool override_origin = false;
  std::optional<Duration> stale_while_revalidate;
  std::optional<Duration> stale_if_error;
  Percent refresh_ahead;
  bool etag = false;
  SetCookie set_cookie = SetCookie::refuse;
  Prefer prefer = Prefer::cache;
  Duration patience = std::chrono::seconds(1);
  std::optional<AdaptiveConfig> adaptive;
  unsigned max_variants = 16;
  std::map<int, Duration> status;
  bool trust_client = false;
  bool store_unterminated = false;
  Duration hit_for_miss = std::chrono::seconds(120);
  std::optional<Size> max_object;
  bool shared = true;
  Coalesce coalesce = Coalesce::nodes;

  CacheMode mode() const;
  void set_word(std::string_view text);  // one of kWords; keeps what stale copies may do, drops lifetimes
  void set_map();                        // a map follows: no word any more
  std::string_view word_text() const;    // empty where there is none

  static void describe(auto& field, auto& self) {
    field("ttl", self.ttl, "fresh for so long where the origin says nothing",
          {.most = "365d", .otherwise = "only what the origin's headers say", .example = "5m"});
    field("override", self.override_origin, "puts ttl above the origin's lifetimes (never above no-store and private)");
    field("stale_while_revalidate", self.stale_while_revalidate,
          "after its life a copy is served for so long while one fetch refreshes it",
          {.most = "365d", .otherwise = "what the response says", .example = "30s"});
    field("stale_if_error", self.stale_if_error, "after its life a copy is served for so long where the origin fails",
          {.most = "365d", .otherwise = "what the response says", .example = "1h"});
    field("refresh_ahead", self.refresh_ahead, "a hit in this last part of a life starts a refresh", {.most = "90%"});
    field("etag", self.etag, "makes an ETag where the origin sends none");
    field("set_cookie", self.set_cookie,
          "what becomes of a response with Set-Cookie: not stored, stored without it, or stored with it");
    field("prefer", self.prefer,
          "origin: asks it first, and serves the kept copy where it fails or takes longer than patience");
    field("patience", self.patience, "for `prefer: origin`", {.least = "1ms", .most = "1h"});
    field("adaptive", self.adaptive, "a ttl that grows while revalidations find nothing new, and shrinks when they do",
          {.otherwise = "lifetimes stay as they are", .example = "{ min: 10s, max: 1h }"});
    field("max_variants", self.max_variants, "copies of one key that differ by Vary", {.least = "1", .most = "1000"});
    field("status", self.status, "lifetimes for further status codes: { 404: 1m }", {.most = "365d"});
    field("trust_client", self.trust_client,
          "a client's no-cache always reaches the origin, and so can any client's hammering");
    field("store_unterminated", self.store_unterminated,
          "stores an answer that ended with the connection, though its end may be missing");
    field("hit_for_miss", self.hit_for_miss,
          "how long an uncacheable answer is remembered, so that requests don't queue", {.least = "1s", .most = "1d"});
    field("max_object", self.max_object, "a larger response streams through unstored",
          {.least = "1KiB", .most = "16GiB", .otherwise = "cache.max_object of the file", .example = "1MiB"});
    field("shared", self.shared, "kept in Redis for the other nodes as well, where there is one");
    field("coalesce", self.coalesce,
          "one fetch of an object at a time for all nodes that share a Redis, or for each node");
  }
};

struct UserKeyConfig {
  std::string header;
  std::string cookie;

  static void describe(auto& field, auto& self) {
    field("header", self.header, "the field that says who the user is", {.format = &kForwardedField});
    field("cookie", self.cookie, "the cookie that says who the user is", {.format = &kCookieName});
  }
};

enum class Normalise : std::uint8_t { trim, lower };
template <>
struct Words<Normalise> {
  static constexpr std::array<std::string_view, 2> kList{"trim", "lower"};
};

struct KeyConfig {
  std::optional<std::vector<std::string>> query;
  std::vector<std::string> query_except;
  std::map<std::string, std::vector<Normalise>> normalise;
  std::vector<std::string> headers;
  std::vector<std::string> cookies;
  std::optional<UserKeyConfig> user;

  static void describe(auto& field, auto& self) {
    field("query", self.query, "only these parameters count, in any order; the others are dropped",
          {.format = &kQueryName, .otherwise = "all of them, sorted", .example = "[ q, page ]"});
    field("query_except", self.query_except, "these parameters are dropped", {.format = &kQueryName});
    field("normalise", self.normalise, "by parameter: trim, lower; in the key and in what the origin is asked",
          {.names = &kQueryName});
    field("headers", self.headers, "request fields that count", {.format = &kForwardedField});
    field("cookies", self.cookies, "cookies that count", {.format = &kCookieName});
    field("user", self.user, "keeps users apart by a field or a cookie; its value is hashed, never stored",
          {.otherwise = "all users share", .example = "{ header: Authorization }"});
  }
};

struct InvalidateConfig {
  std::vector<TemplateText> tags;
  std::vector<TemplateText> urls;
  std::vector<TemplateText> prefixes;
  bool soft = false;

  bool empty() const { return tags.empty() && urls.empty() && prefixes.empty(); }

  static void describe(auto& field, auto& self) {
    field("tags", self.tags, "objects with one of these tags", {.format = &kTag});
    field("urls", self.urls, "objects of these paths, on the same host", {.format = &kPath});
    field("prefixes", self.prefixes, "objects of all paths that begin so, on the same host", {.format = &kPath});
    field("soft", self.soft, "makes them stale instead of gone");
  }
};

// Value: Secret for what the origin is sent, which may be a key or a token; std::string for what any client sees.
template <class Value>
struct HeaderEditsConfig {
  std::map<std::string, Value> set;
  std::map<std::string, Value> add;
  std::vector<std::string> remove;

  bool empty() const { return set.empty() && add.empty() && remove.empty(); }

  static void describe(auto& field, auto& self) {
    field("set", self.set, "in place of any such field", {.format = &kEditValue, .names = &kEditedField});
    field("add", self.add, "beside any such field", {.format = &kEditValue, .names = &kEditedField});
    field("remove", self.remove, "fields that go", {.format = &kEditedField});
  }
};

// What an origin can be asked for; dcz can't.
template <>
struct Words<ContentCoding> {
  static constexpr std::array<std::string_view, 4> kList{"identity", "gzip", "br", "zstd"};
};

// What is offered to clients.
enum class OfferedCoding : std::uint8_t { zstd, br, gzip };
template <>
struct Words<OfferedCoding> {
  static constexpr std::array<std::string_view, 3> kList{"zstd", "br", "gzip"};
};

struct CompressLevels {
  unsigned zstd = 3, gzip = 6;
  std::optional<unsigned> br;

  static void describe(auto& field, auto& self) {
    field("zstd", self.zstd, "1 is fast, 19 is small", {.least = "1", .most = "19"});
    field("br", self.br, "0 is fast, 11 is small",
          {.least = "0", .most = "11", .otherwise = "5, and 4 above 64 KiB", .example = "5"});
    field("gzip", self.gzip, "1 is fast, 9 is small", {.least = "1", .most = "9"});
  }
};

template <>
struct Words<DictionarySource> {
  static constexpr std::array<std::string_view, 2> kList{"previous", "trained"};
};

struct CompressConfig {
  static constexpr std::array<std::string_view, 1> kWords{"off"};
  bool on = false;
  std::vector<OfferedCoding> encodings{OfferedCoding::zstd, OfferedCoding::br, OfferedCoding::gzip};
  Size min_size = 1_KiB;
  std::vector<std::string> types;
  CompressLevels levels;
  std::vector<ContentCoding> from_origin{ContentCoding::identity};
  std::optional<DictionarySource> dictionary;

  void set_word(std::string_view) { on = false; }
  void set_map() { on = true; }
  std::string_view word_text() const { return on ? std::string_view() : kWords[0]; }

  static void describe(auto& field, auto& self) {
    field("encodings", self.encodings, "offered in this order to a client that likes several equally: zstd, br, gzip");
    field("min_size", self.min_size, "a smaller body goes as it is", {.most = "1GiB"});
    field("types", self.types, "media types that are compressed, as application/json, text/*, *+json",
          {.format = &kMediaType, .otherwise = "text, JSON, XML, JavaScript, SVG and the like"});
    field("levels", self.levels, "for what a client waits for; what proves hot is compressed best in the background");
    field("from_origin", self.from_origin, "what the origin is asked for; what a client can't read is decoded");
    field("dictionary", self.dictionary,
          "what clients that know RFC 9842 keep to read small answers by: previous answers, or one trained on them",
          {.otherwise = "none", .example = "trained"});
  }
};

struct RequestConfig {
  HeaderEditsConfig<Secret> headers;
  std::vector<std::string> forward;
  Size max_body = 16_MiB;

  static void describe(auto& field, auto& self) {
    field("headers", self.headers, "changes what the origin is sent");
    field("forward", self.forward, "further request fields that reach the origin on routes with a ttl",
          {.format = &kForwardedField});
    field("max_body", self.max_body, "a larger request body is a 413", {.most = "1024GiB"});
  }
};

struct ResponseConfig {
  HeaderEditsConfig<std::string> headers;
  std::optional<Duration> client_ttl;

  static void describe(auto& field, auto& self) {
    field("headers", self.headers, "changes what clients are sent");
    field("client_ttl", self.client_ttl, "the Cache-Control that browsers see, apart from what weir keeps",
          {.most = "365d", .otherwise = "what the origin sent", .example = "1m"});
  }
};

struct RouteTimeoutsConfig {
  std::optional<Duration> first_byte;
  std::optional<Duration> between_bytes;
  std::optional<Duration> total;
  std::optional<Duration> idle;

  static void describe(auto& field, auto& self) {
    field("first_byte", self.first_byte, "from the whole request to the answer's head",
          {.least = "1ms", .most = "1d", .otherwise = "as the upstream says", .example = "5m"});
    field("between_bytes", self.between_bytes, "silence within an answer, or in taking a request's body",
          {.least = "1ms", .most = "1d", .otherwise = "as the upstream says", .example = "5m"});
    field("total", self.total, "from asking the origin to the end of its answer, however well it gets on",
          {.least = "1ms", .most = "30d", .otherwise = "no bound", .example = "1m"});
    field("idle", self.idle, "how long nothing may move either way in a tunnel, after an upgrade",
          {.least = "10ms", .most = "30d", .otherwise = "5m", .example = "1h"});
  }
};

// What `defaults:` and each route may say.
struct RouteOptions {
  Places places;         // of these options; a route has those of defaults, too
  std::string upstream;  // a name in Config::upstreams; filled in where there is only one
  RouteCacheConfig cache;
  KeyConfig key;
  std::vector<TemplateText> tags;
  InvalidateConfig invalidate;
  RequestConfig request;
  ResponseConfig response;
  CompressConfig compress;
  std::vector<std::string> upgrade;
  RouteTimeoutsConfig timeouts;

  static void describe(auto& field, auto& self) {
    field("upstream", self.upstream, "who answers", {.otherwise = "the one upstream there is", .example = "api"});
    field("cache", self.cache, "off, origin, or what to keep for how long",
          {.otherwise = "origin: what the origin's headers allow"});
    field("key", self.key, "what of a request selects the copy: host, path and whole sorted query, and these changes");
    field("tags", self.tags, "names by which kept responses are invalidated, beside those of the response",
          {.format = &kTag});
    field("invalidate", self.invalidate, "what a 2xx or 3xx answer to an unsafe request makes invalid");
    field("request", self.request, "what reaches the origin");
    field("response", self.response, "what reaches clients");
    field("compress", self.compress, "off, or how bodies are compressed for clients that can read it",
          {.otherwise = "off", .example = "{ encodings: [ zstd, br, gzip ] }"});
    field("upgrade", self.upgrade, "protocols that a GET may go over to: weir then passes bytes both ways",
          {.format = &kUpgradeProtocol, .otherwise = "none", .example = "[ websocket ]"});
    field("timeouts", self.timeouts, "how long this route's answers may take, and its tunnels be silent");
  }
};

struct RouteConfig : RouteOptions {
  Place place;  // of the entry
  std::string name;
  std::vector<MatchConfig> match;

  static void describe(auto& field, auto& self) {
    field("name", self.name, "as logs and metrics call it",
          {.format = &kRouteName, .required = true, .example = "all"});
    field("match", self.match, "[METHODS] PATH, or a list of such; GET matches HEAD too",
          {.required = true, .example = "/"});
    RouteOptions::describe(field, self);
  }
};

}  // namespace weir
