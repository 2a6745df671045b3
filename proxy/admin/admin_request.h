// A call of the admin endpoint and its answer, as values: they own what they hold, so that a call needs no socket to be
// tested and an answer may come later.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/callback.h"
#include "proxy/base/json.h"
#include "proxy/http/message.h"

namespace weir {

struct AdminRequest {
  Method method = Method::get;
  std::string path = "/";  // normalised, percent-encoded
  std::string query;       // without '?'
  std::string authority;   // of Host: lower case, without the default port
  std::string origin;      // the fields that decisions hang on, empty where they are not there
  std::string authorization;
  std::string content_type;
  bool has_body = false;
  std::string body;

  bool reads() const { return method == Method::get || method == Method::head; }
};

struct AdminReply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields;  // further ones
};

using AdminAnswer = Callback<void(AdminReply)>;

inline AdminReply json_reply(JsonWriter& json, int status = 200) {
  return AdminReply{status, "application/json", json.take() + '\n', {}};
}

inline AdminReply error_reply(int status, std::string_view why) {
  JsonWriter json;
  json.begin_object().field("error", why).end_object();
  return json_reply(json, status);
}

}  // namespace weir
