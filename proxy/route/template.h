// Templates for tags and URLs: "video:${id}", "feed:${user}". Compiled once, rendered for each request.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/route/pattern.h"

namespace weir {

class Template {
 public:
  // `known`: the names that may be used; an unknown one is an error that names the nearest.
  static Result<Template> parse(std::string_view text, const std::vector<std::string_view>& known);

  void render(const RouteValues& values, std::string& out) const;
  const std::string& text() const { return text_; }
  bool constant() const;

 private:
  struct Piece {
    bool name = false;
    std::string text;
  };
  std::string text_;
  std::vector<Piece> pieces_;
};

}  // namespace weir
