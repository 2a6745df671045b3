// The calls of the command: `weir CALL …`. One more is a file with its function, a declaration here, and a row in
// calls.cc.
#pragma once

#include <span>
#include <string_view>

#include "proxy/cli/options.h"

namespace weir {

struct Call {
  std::string_view name;
  std::string_view usage;    // what follows the name
  std::string_view summary;  // a line
  std::string_view details;  // what the options don't say; may be empty
  std::span<const OptionType> options;
  std::size_t least_plain = 0;  // how many arguments it takes that are no options
  std::size_t most_plain = 0;
  int (*run)(const Arguments&) = nullptr;  // returns the exit status
};

std::span<const Call> all_calls();
const Call* find_call(std::string_view name);

std::string help_text();  // all calls
std::string help_text(const Call& call);

int run_call(const Arguments& arguments);
int check_call(const Arguments& arguments);
int explain_call(const Arguments& arguments);
int purge_call(const Arguments& arguments);
int warm_call(const Arguments& arguments);
int stats_call(const Arguments& arguments);
int top_call(const Arguments& arguments);
int reload_call(const Arguments& arguments);
int schema_call(const Arguments& arguments);
int postgres_sql_call(const Arguments& arguments);
int help_call(const Arguments& arguments);
int version_call(const Arguments& arguments);

}  // namespace weir
