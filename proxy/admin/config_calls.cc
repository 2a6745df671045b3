// The config that runs: what it does with a request, what it says, and reading it anew.
#include <array>

#include "proxy/admin/calls.h"
#include "proxy/admin/parameters.h"
#include "proxy/base/text.h"
#include "proxy/config/print.h"
#include "proxy/route/explain.h"

namespace weir {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

Result<Headers> headers_of(const Parameters& parameters) {
  Headers headers;
  for (const auto line : parameters.values("header")) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      return Error{Side::client, Code::malformed, "a header is written Name: value"};
    }
    headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  return headers;
}

// "GET+/path" from a form that writes a space so: only there is '+' a space.
std::string with_space(std::string_view request) {
  std::string text(request);
  const auto end = text.find_first_of(" /");
  const auto plus = text.find('+');
  if (plus != std::string::npos && end != std::string::npos && plus < end && text[end] == '/') text[plus] = ' ';
  return text;
}

}  // namespace

AdminReply explain_request(const AdminRequest& request, AdminContext& context, std::string_view) {
  constexpr std::array<std::string_view, 1> kOnce{"request"};
  constexpr std::array<std::string_view, 1> kMany{"header"};
  const auto parameters = Parameters::parse(request.query, kOnce, kMany);
  if (!parameters) return error_reply(400, parameters.error().detail);
  const auto what = parameters->value("request");
  if (!what) return error_reply(400, "which request? /admin/explain?request=GET%20/path");
  const auto headers = headers_of(*parameters);
  if (!headers) return error_reply(400, headers.error().detail);
  const auto snapshot = context.services.snapshot();
  const auto explained = explain(*snapshot->config, *snapshot->routes, with_space(*what), *headers);
  if (!explained) return error_reply(400, explained.error().detail);
  return AdminReply{200, "application/json", explained->json() + '\n', {}};
}

AdminReply running_config(const AdminRequest&, AdminContext& context, std::string_view) {
  return AdminReply{200, "application/json", print_config(*context.services.snapshot()->config) + '\n', {}};
}

AdminReply reload_config(const AdminRequest&, AdminContext& context, std::string_view) {
  if (!context.services.reload) return error_reply(409, "weir runs without a config file: nothing to reload");
  const auto done = context.services.reload();
  if (!done) return error_reply(422, done.error().detail);
  JsonWriter json;
  json.begin_object().field("summary", *done).field("generation", context.services.snapshot()->generation);
  json.end_object();
  return json_reply(json);
}

}  // namespace weir
