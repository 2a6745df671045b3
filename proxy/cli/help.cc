// `weir help`: the calls, or one with its options, from the table in calls.cc.
#include <algorithm>
#include <cstdio>
#include <string>

#include "proxy/base/text.h"
#include "proxy/cli/calls.h"

namespace weir {
namespace {

// Rows in two columns.
class Columns {
 public:
  void add(std::string left, std::string_view right) {
    width_ = std::max(width_, left.size());
    rows_.emplace_back(std::move(left), right);
  }
  std::string text() const {
    std::string out;
    for (const auto& [left, right] : rows_) {
      out.append("  ").append(left).append(width_ + 3 - left.size(), ' ').append(right).append("\n");
    }
    return out;
  }

 private:
  std::size_t width_ = 0;
  std::vector<std::pair<std::string, std::string_view>> rows_;
};

std::string form_of(const OptionType& option) {
  std::string form;
  if (option.letter != 0) form.append("-").append(1, option.letter).append(", ");
  form.append("--").append(option.name);
  if (!option.value.empty()) form.append(" ").append(option.value);
  return form;
}

}  // namespace

std::string help_text() {
  Columns calls;
  for (const auto& call : all_calls()) calls.add(std::string(call.name), call.summary);
  return "weir is a caching reverse proxy.\n\nusage: weir CALL [OPTIONS]\n\n" + calls.text() +
         "\n`weir help CALL` says more. Exit status: 0 done, 1 failed (the reason on standard error), 2 wrong usage.\n";
}

std::string help_text(const Call& call) {
  Columns options;
  for (const auto& option : call.options) options.add(form_of(option), option.meaning);
  std::string out = "usage: weir " + std::string(call.name);
  if (!call.usage.empty()) out.append(" ").append(call.usage);
  out.append("\n\n").append(call.name).append(" ").append(call.summary).append(".\n");
  if (!call.details.empty()) out.append("\n").append(call.details).append("\n");
  const std::string list = options.text();
  if (!list.empty()) out.append("\n").append(list);
  return out;
}

int help_call(const Arguments& arguments) {
  if (arguments.plain().empty()) {
    std::fputs(help_text().c_str(), stdout);
    return 0;
  }
  const std::string& name = arguments.plain().front();
  if (const Call* const call = find_call(name)) {
    std::fputs(help_text(*call).c_str(), stdout);
    return 0;
  }
  std::fprintf(stderr, "weir: there is no call \"%s\"; `weir help` lists them\n", printable(name).c_str());
  return 2;
}

}  // namespace weir
