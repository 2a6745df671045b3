// `weir schema`: what the config file may say, for editors and for people.
#include "proxy/config/schema.h"

#include <cstdio>

#include "proxy/cli/calls.h"
#include "proxy/config/reference.h"

namespace weir {

int schema_call(const Arguments& arguments) {
  if (arguments.has("markdown") && arguments.has("reference")) {
    std::fputs("weir: schema: --markdown or --reference, not both\n", stderr);
    return 2;
  }
  std::string text = config_schema() + "\n";
  if (arguments.has("markdown")) text = config_reference_markdown();
  if (arguments.has("reference")) text = config_reference_yaml();
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace weir
