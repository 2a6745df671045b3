// Whatever a config file holds, it is taken or refused in bounded time: each refusal has a place within the file and no
// control byte, the same text gives the same answer, and what was taken can be printed and explained.
#include <algorithm>
#include <array>
#include <string>

#include "proxy/base/text.h"
#include "proxy/config/print.h"
#include "proxy/route/compile.h"
#include "proxy/route/explain.h"
#include "tests/fuzz/fuzz.h"

using namespace weir;

namespace {

std::optional<std::string> variable(const std::string& name) {
  if (name == "SET") return "http://a:1";
  if (name == "ODD") return "x: [ 1 ]\n\x01\xff";
  return std::nullopt;
}

void check_diagnostics(std::string_view text, const Prepared& prepared) {
  WEIR_CHECK(prepared.ok() != has_errors(prepared.diagnostics));
  WEIR_CHECK(prepared.diagnostics.size() <= kMostDiagnostics + 1);
  const auto lines = static_cast<unsigned>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const Diagnostic& diagnostic : prepared.diagnostics) {
    WEIR_CHECK(!diagnostic.what.empty() && diagnostic.place.line <= lines);
    const std::string said = diagnostic.text();
    WEIR_CHECK(std::none_of(said.begin(), said.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }));
  }
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  static constexpr std::array<std::string_view, 44> kWords{"\n",
                                                           "\n  ",
                                                           "\n    - ",
                                                           ": ",
                                                           "- ",
                                                           "[ ",
                                                           " ]",
                                                           "{ ",
                                                           " }",
                                                           ", ",
                                                           "\"",
                                                           "'",
                                                           "#",
                                                           "&x ",
                                                           "*x",
                                                           "<<: ",
                                                           "---\n",
                                                           "|\n  ",
                                                           "!!str ",
                                                           "${SET}",
                                                           "${ODD}",
                                                           "${NONE:-1s}",
                                                           "${id}",
                                                           "match:",
                                                           "match: [ PUT ] /x",
                                                           "/{id}",
                                                           "/{a...}",
                                                           "/",
                                                           "GET ",
                                                           "ttl: 1s",
                                                           "cache: off",
                                                           "cache: origin",
                                                           "tags: ",
                                                           "routes:",
                                                           "defaults:",
                                                           "upstreams:",
                                                           "name: ",
                                                           "servers: ",
                                                           "user: { header: X }",
                                                           "99999999999999999999",
                                                           "-1",
                                                           "5%",
                                                           "1KiB",
                                                           "\xff"};
  return kWords;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = weir::test::text_of(data, size);
  const auto prepared = prepare_text("f", text, {}, variable, Certificates::unread);
  check_diagnostics(text, prepared);
  WEIR_CHECK(text_of(prepare_text("f", text, {}, variable, Certificates::unread).diagnostics) ==
             text_of(prepared.diagnostics));
  if (!prepared.ok()) return 0;
  WEIR_CHECK(print_config(*prepared.config).starts_with("{\"listen\":"));
  for (const std::string_view request : {"GET /", "PUT /x?b=1&a=2", "/a/b/c"}) {
    const auto explained = explain(*prepared.config, *prepared.routes, request, {{"X", "y"}});
    WEIR_CHECK(explained.ok() && !explained->text().empty());
  }
  return 0;
}
