// `weir run`: serves in the foreground until SIGTERM or SIGINT.
#include <cstdio>
#include <string>

#include "filters/all.h"
#include "proxy/cli/calls.h"
#include "proxy/http/uri.h"
#include "proxy/route/compile.h"
#include "proxy/server/server.h"

namespace weir {
namespace {

int wrong_usage(const std::string& why) {
  std::fprintf(stderr, "weir: run: %s\n", why.c_str());
  return 2;
}

int serve(const Prepared& prepared, Server::Reread reread) {
  std::fputs(text_of(prepared.diagnostics).c_str(), stderr);
  if (!prepared.ok()) return 1;
  auto server = Server::start(prepared, std::move(reread));
  if (!server) {
    std::fprintf(stderr, "weir: %s\n", server.error().detail.c_str());
    return 1;
  }
  return (*server)->run();
}

int serve_origin(const std::string& url, const Arguments& arguments) {
  auto origin = parse_origin_url(url);
  if (!origin) return wrong_usage(origin.error().detail);
  auto listen = Scalar<ListenAddress>::parse(arguments.value("listen").value_or("127.0.0.1:8080"));
  if (!listen) return wrong_usage(listen.error().detail);
  auto admin = Scalar<ListenAddress>::parse(arguments.value("admin").value_or("127.0.0.1:9090"));
  if (!admin) return wrong_usage(admin.error().detail);
  if (!admin->loopback())
    return wrong_usage("--admin takes a loopback address; for another one a file with admin.token");
  return serve(prepare(quick_config(*origin, *listen, *admin), all_filters()), {});
}

}  // namespace

int run_call(const Arguments& arguments) {
  const auto file = arguments.value("config");
  const auto origin = arguments.value("origin");
  if (file.has_value() == origin.has_value()) return wrong_usage("either -c FILE or --origin URL");
  if (origin) return serve_origin(*origin, arguments);
  for (const char* const option : {"listen", "admin"}) {
    if (!arguments.has(option)) continue;
    return wrong_usage("--" + std::string(option) + " goes with --origin; a file says where to listen itself");
  }
  const auto read = [file = *file] { return prepare_file(file, all_filters()); };
  return serve(read(), read);
}

}  // namespace weir
