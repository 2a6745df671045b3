// POST /admin/cache/warm begins to fetch a list of URLs through the cache; GET …/warm/ID says how far it is.
#include <array>

#include "proxy/admin/calls.h"
#include "proxy/admin/json_body.h"
#include "proxy/route/url.h"

namespace weir {
namespace {

// Normalised, and with the public listener as host where a URL names none.
Result<std::vector<std::string>> urls_to_warm(const std::vector<std::string>& texts, const std::string& host) {
  if (texts.empty()) return Error{Side::client, Code::malformed, "\"urls\" is empty"};
  if (texts.size() > WarmJobs::kMostUrls) {
    return Error{Side::client, Code::too_large, "at most " + std::to_string(WarmJobs::kMostUrls) + " URLs in one call"};
  }
  std::vector<std::string> urls;
  for (const auto& text : texts) {
    auto url = parse_plain_url(text);
    if (!url) return url.error();
    if (url->host.empty()) url->host = host;
    urls.push_back(url->text());
  }
  return urls;
}

}  // namespace

AdminReply cache_warm(const AdminRequest& request, AdminContext& context, std::string_view) {
  std::optional<std::vector<std::string>> texts;
  const std::array<JsonField, 1> fields{JsonField{"urls", &texts}};
  if (auto done = read_json_object(request.body, fields); !done) return error_reply(400, done.error().detail);
  if (!texts) return error_reply(400, "which URLs? {\"urls\":[\"/path\"]}");
  auto urls = urls_to_warm(*texts, context.services.public_authority());
  if (!urls) return error_reply(400, urls.error().detail);
  const auto count = urls->size();
  const auto id = context.warm.start(*std::move(urls), MonotonicClock::now());
  if (!id) return error_reply(503, id.error().detail);
  JsonWriter json;
  json.begin_object().field("id", *id).field("urls", std::uint64_t{count});
  json.field("progress", "/admin/cache/warm/" + *id).end_object();
  return json_reply(json, 202);
}

AdminReply cache_warm_progress(const AdminRequest&, AdminContext& context, std::string_view id) {
  const Time now = MonotonicClock::now();
  const auto* job = context.warm.find(id, now);
  if (job == nullptr) return error_reply(404, "no such warm job: the last ones are kept for ten minutes");
  JsonWriter json;
  write_warm_job(json, *job, now);
  return json_reply(json);
}

}  // namespace weir
