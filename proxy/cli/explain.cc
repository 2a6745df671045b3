// `weir explain`: what a config file does with a request.
#include "proxy/route/explain.h"

#include <cstdio>
#include <utility>

#include "filters/all.h"
#include "proxy/base/text.h"
#include "proxy/cli/calls.h"
#include "proxy/route/compile.h"

namespace weir {
namespace {

using Header = std::pair<std::string, std::string>;

int wrong_use(const std::string& what) {
  std::fprintf(stderr, "weir: explain: %s\n", what.c_str());
  return 2;
}

}  // namespace

int explain_call(const Arguments& arguments) {
  const auto file = arguments.value("config");
  if (!file) return wrong_use("which file? -c FILE");
  std::vector<Header> headers;
  for (const auto& text : arguments.values("header")) {
    const auto colon = text.find(':');
    if (colon == std::string::npos) return wrong_use("\"" + printable(text) + "\" is no header: 'NAME: VALUE'");
    headers.emplace_back(text.substr(0, colon), std::string(trim(std::string_view(text).substr(colon + 1))));
  }
  const Prepared prepared = prepare_file(*file, all_filters(), process_environment(), Certificates::unread);
  if (!prepared.ok()) {
    std::fputs(text_of(prepared.diagnostics).c_str(), stderr);
    return 1;
  }
  const auto explained = explain(*prepared.config, *prepared.routes, arguments.plain().front(), headers);
  if (!explained) {
    std::fprintf(stderr, "weir: no such request can be: %s\n", explained.error().detail.c_str());
    return 1;
  }
  std::fputs(arguments.has("json") ? (explained->json() + "\n").c_str() : explained->text().c_str(), stdout);
  return 0;
}

}  // namespace weir
