// The edits of fields; see headers.h. Removed first, then set, then added, so that one field may be all three. Names
// and values were checked when the file was read: none of them can frame a message.
#include "filters/headers.h"

#include <string>
#include <utility>
#include <vector>

#include "proxy/config/route_config.h"

namespace weir {
namespace {

const std::string& text_of(const std::string& value) {
  return value;
}
const std::string& text_of(const Secret& value) {
  return value.text;
}

// Owns what the fields it writes point to; it lives as long as the route, and so longer than any request on it.
class Edits {
 public:
  template <class Value>
  explicit Edits(const HeaderEditsConfig<Value>& config) : remove_(config.remove) {
    for (const auto& [name, value] : config.set) set_.emplace_back(name, text_of(value));
    for (const auto& [name, value] : config.add) add_.emplace_back(name, text_of(value));
  }

  void apply(Fields& fields) const {
    for (const auto& name : remove_) fields.remove(std::string_view(name));
    for (const auto& [name, value] : set_) fields.set(std::string_view(name), value);
    for (const auto& [name, value] : add_) fields.add(std::string_view(name), value);
  }

 private:
  std::vector<std::string> remove_;
  std::vector<std::pair<std::string, std::string>> set_;
  std::vector<std::pair<std::string, std::string>> add_;
};

class RequestHeaders final : public Filter {
 public:
  explicit RequestHeaders(const RouteConfig& route) : edits_(route.request.headers) {}
  void on_origin_request(Fields& fields, RequestContext&) const override { edits_.apply(fields); }

 private:
  Edits edits_;
};

class ResponseHeaders final : public Filter {
 public:
  explicit ResponseHeaders(const RouteConfig& route) : edits_(route.response.headers) {}
  bool edits_client_response() const override { return true; }
  void on_client_response(ResponseHead& head, RequestContext&) const override { edits_.apply(head.fields); }

 private:
  Edits edits_;
};

}  // namespace

FilterPtr make_request_headers(const RouteConfig& route) {
  if (route.request.headers.empty()) return nullptr;
  return std::make_unique<RequestHeaders>(route);
}

FilterPtr make_response_headers(const RouteConfig& route) {
  if (route.response.headers.empty()) return nullptr;
  return std::make_unique<ResponseHeaders>(route);
}

}  // namespace weir
