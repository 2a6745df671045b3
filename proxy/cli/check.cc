// `weir check`: all that is wrong with a config file, at once.
#include <cstdio>
#include <string>

#include "filters/all.h"
#include "proxy/cli/calls.h"
#include "proxy/route/compile.h"

namespace weir {
namespace {

std::string counted(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

}  // namespace

int check_call(const Arguments& arguments) {
  const auto file = arguments.value("config");
  if (!file) {
    std::fputs("weir: check: which file? -c FILE\n", stderr);
    return 2;
  }
  const Prepared prepared = prepare_file(*file, all_filters());
  std::fputs(text_of(prepared.diagnostics).c_str(), stderr);
  if (!prepared.ok() || has_expired(prepared.diagnostics)) return 1;
  const Config& config = *prepared.config;
  std::printf("%s: good: %s, %s, %s\n", file->c_str(), counted(config.routes.size(), "route").c_str(),
              counted(config.upstreams.size(), "upstream").c_str(), counted(config.listen.size(), "listener").c_str());
  return 0;
}

}  // namespace weir
