// Reads what is to be invalidated; see invalidate.h. Everything that could match nothing by a slip of the pen (an empty
// text, a control byte, a comma between tags) is refused rather than acknowledged.
#include "proxy/admin/invalidate.h"

#include <array>

#include "proxy/admin/json_body.h"
#include "proxy/base/text.h"
#include "proxy/http/grammar.h"
#include "proxy/route/url.h"

namespace weir {
namespace {

using Kind = InvalidationRecord::Kind;

constexpr std::size_t kMostRecords = 10'000;
constexpr std::size_t kLongestTag = 1024;
constexpr Duration kLongestWait = std::chrono::minutes(1);

Error wrong(std::string detail) {
  return Error{Side::client, Code::malformed, std::move(detail)};
}

bool is_plain(std::string_view text) {
  return !text.empty() && find_control(text) == text.size() && text.find_first_of(" \t") == std::string_view::npos;
}

struct Body {
  std::optional<std::vector<std::string>> tags, urls;
  std::optional<std::string> prefix, pattern, wait;
  std::optional<bool> all, soft;
};

Result<Body> read(std::string_view text) {
  Body body;
  const std::array<JsonField, 7> fields{
      JsonField{"tags", &body.tags},       {"urls", &body.urls}, {"prefix", &body.prefix},
      JsonField{"pattern", &body.pattern}, {"all", &body.all},   {"soft", &body.soft},
      JsonField{"wait", &body.wait}};
  if (auto done = read_json_object(text, fields); !done) return done.error();
  return body;
}

Result<std::string> path_text(std::string_view name, std::string_view text) {
  auto part = parse_url_part(text);
  if (part) return part;
  return wrong("\"" + std::string(name) + "\" must be /path… or host/path…: " + part.error().detail);
}

class Records {
 public:
  explicit Records(bool soft) : soft_(soft) {}

  void add(Kind kind, std::string value) { list_.push_back({kind, std::move(value), soft_}); }

  Result<void> add_tags(const std::vector<std::string>& tags) {
    for (const auto& tag : tags) {
      if (!is_plain(tag) || tag.size() > kLongestTag || tag.find(',') != std::string::npos) {
        return wrong("\"" + printable(tag.substr(0, 100)) + "\" is no tag: one has no spaces and no commas");
      }
      add(Kind::tag, tag);
    }
    return {};
  }

  Result<void> add_urls(const std::vector<std::string>& urls, const RouteTable& routes) {
    for (const auto& text : urls) {
      const auto url = parse_plain_url(text);
      if (!url) return url.error();
      add(Kind::url, as_keyed(*url, routes).text());
    }
    return {};
  }

  Result<void> add_path(Kind kind, std::string_view name, const std::optional<std::string>& text) {
    if (!text) return {};
    auto path = path_text(name, *text);
    if (!path) return path.error();
    add(kind, *std::move(path));
    return {};
  }

  std::vector<InvalidationRecord>& list() { return list_; }

 private:
  const bool soft_;
  std::vector<InvalidationRecord> list_;
};

Result<std::optional<Duration>> wait_of(const std::optional<std::string>& text) {
  if (!text) return std::optional<Duration>{};
  const auto wait = parse_duration(*text);
  if (!wait) return wrong("\"wait\": " + wait.error().detail);
  if (*wait > kLongestWait) return wrong("\"wait\" is at most 1m");
  return std::optional<Duration>{*wait};
}

}  // namespace

Result<WantedInvalidation> parse_invalidation(std::string_view text, const RouteTable& routes) {
  const auto body = read(text);
  if (!body) return body.error();
  const std::size_t named = (body->tags ? body->tags->size() : 0) + (body->urls ? body->urls->size() : 0);
  if (named > kMostRecords) return wrong("at most 10000 tags and URLs in one call");
  const auto wait = wait_of(body->wait);
  if (!wait) return wait.error();

  Records records(body->soft.value_or(false));
  if (body->tags) {
    if (auto done = records.add_tags(*body->tags); !done) return done.error();
  }
  if (body->urls) {
    if (auto done = records.add_urls(*body->urls, routes); !done) return done.error();
  }
  if (auto done = records.add_path(Kind::prefix, "prefix", body->prefix); !done) return done.error();
  if (auto done = records.add_path(Kind::pattern, "pattern", body->pattern); !done) return done.error();
  if (body->all.value_or(false)) records.add(Kind::all, "");
  if (records.list().empty()) return wrong("nothing to invalidate: give tags, urls, prefix, pattern or \"all\":true");
  return WantedInvalidation{std::move(records.list()), *wait};
}

Result<InvalidationRecord> parse_clearing(std::string_view text) {
  std::optional<std::string> pattern;
  const std::array<JsonField, 1> fields{JsonField{"pattern", &pattern}};
  if (auto done = read_json_object(text, fields); !done) return done.error();
  if (!pattern) return InvalidationRecord{Kind::all, "", false};
  auto path = path_text("pattern", *pattern);
  if (!path) return path.error();
  return InvalidationRecord{Kind::pattern, *std::move(path), false};
}

}  // namespace weir
