// From argv to a call: finds it, reads its options, runs it. Says what was meant where a word is nearly right. See
// command_line.h.
#include "proxy/cli/command_line.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "proxy/base/text.h"
#include "proxy/cli/calls.h"

namespace weir {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUse = 2;

int wrong_use(const std::string& what, const std::string& more) {
  std::fprintf(stderr, "weir: %s\n%s\n", what.c_str(), more.c_str());
  return kWrongUse;
}

int unknown_call(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& call : all_calls()) names.push_back(call.name);
  const auto near = nearest(name, names);
  const std::string meant = near.empty() ? "" : " (did you mean \"" + std::string(near) + "\"?)";
  return wrong_use("there is no call \"" + printable(name) + "\"" + meant, "`weir help` lists the calls");
}

bool asks_for_help(std::span<const std::string_view> words) {
  for (const auto word : words) {
    if (word == "--") return false;
    if (word == "--help" || word == "-h") return true;
  }
  return false;
}

int run(const Call& call, std::span<const std::string_view> words) {
  if (asks_for_help(words)) {
    std::fputs(help_text(call).c_str(), stdout);
    return 0;
  }
  const std::string name(call.name);
  const std::string usage =
      "usage: weir " + name + " " + std::string(call.usage) + "\n`weir help " + name + "` says more";
  const auto arguments = Arguments::parse(words, call.options);
  if (!arguments) return wrong_use(name + ": " + arguments.error().detail, usage);
  const std::size_t plain = arguments->plain().size();
  if (plain > call.most_plain) {
    return wrong_use(name + ": too many arguments, \"" + printable(arguments->plain()[call.most_plain]) + "\"", usage);
  }
  if (plain < call.least_plain) return wrong_use(name + ": an argument is missing", usage);
  return call.run(*arguments);
}

int find_and_run(std::span<const std::string_view> words) {
  if (words.empty()) {
    std::fputs(help_text().c_str(), stderr);
    return kWrongUse;
  }
  std::string_view name = words.front();
  if (name == "--help" || name == "-h") name = "help";
  if (name == "--version") name = "version";
  const Call* const call = find_call(name);
  return call == nullptr ? unknown_call(name) : run(*call, words.subspan(1));
}

}  // namespace

int run_command_line(int argc, char** argv) {
  std::vector<std::string_view> words;
  for (int i = 1; i < argc; ++i) words.emplace_back(argv[i]);
  const int status = find_and_run(words);
  if (std::fflush(stdout) == 0) return status;
  std::fprintf(stderr, "weir: can't write to standard output: %s\n", std::strerror(errno));
  return status == 0 ? kFailed : status;
}

}  // namespace weir
