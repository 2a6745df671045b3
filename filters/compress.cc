// Accept-Encoding and entity tags on their way to the origin; see compress.h.
#include "filters/compress.h"

#include <string>

#include "proxy/cache/form.h"
#include "proxy/config/route_config.h"
#include "proxy/route/table.h"

namespace weir {
namespace {

// A list of entity tags, each as the origin calls it. What is no tag stays as it is.
std::string tags_of_origin(std::string_view list) {
  std::string out;
  while (!list.empty()) {
    const auto open = list.find('"');
    const auto close = open == std::string_view::npos ? open : list.find('"', open + 1);
    if (close == std::string_view::npos) return out.append(list);
    const auto begin = open >= 2 && list.substr(open - 2, 2) == "W/" ? open - 2 : open;
    out.append(list.substr(0, begin)).append(etag_of_origin(list.substr(begin, close + 1 - begin)));
    list.remove_prefix(close + 1);
  }
  return out;
}

class Compress final : public Filter {
 public:
  void on_origin_request(Fields& fields, RequestContext& context) const override {
    fields.set(Name::accept_encoding, context.route.coding->accept_encoding);
    if (fields.has(Name::range)) fields.set(Name::accept_encoding, "identity");  // a part can't be coded anew
    fields.remove(Name::available_dictionary);
    fields.remove("Dictionary-ID");
    for (const Name name : {Name::if_match, Name::if_none_match}) {
      if (!fields.has(name)) continue;
      const std::string value = fields.joined(name);
      if (value.find(';') != std::string::npos) fields.set(name, context.arena.copy(tags_of_origin(value)));
    }
    // A part of the origin's content doesn't go with what the client holds of a coding that weir made.
    if (coding_in_etag(fields.value(Name::if_range))) {
      fields.remove(Name::if_range);
      fields.remove(Name::range);
    }
  }
};

}  // namespace

FilterPtr make_compress(const RouteConfig& route) {
  if (!route.compress.on) return nullptr;
  return std::make_unique<Compress>();
}

}  // namespace weir
