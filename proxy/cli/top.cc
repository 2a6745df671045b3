// `weir top`: a live view in a terminal, drawn anew each second until Ctrl-C.
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "proxy/cli/calls.h"
#include "proxy/cli/client.h"
#include "proxy/cli/figures.h"

namespace weir {
namespace {

constexpr std::string_view kName = "top";
constexpr std::size_t kRoutes = 12;  // shown

volatile std::sig_atomic_t interrupted = 0;

extern "C" void weir_top_interrupt(int) {
  interrupted = 1;
}

struct Screen {
  std::size_t rows = 0;  // 0: no terminal, no bound
  std::size_t columns = 0;

  static Screen now() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {};
    return {size.ws_row, size.ws_col};
  }
};

std::vector<std::string> view(const JsonValue& stats) {
  std::vector<std::string> lines = summary_lines(stats);
  lines.emplace_back();
  auto routes = route_lines(stats, true);
  if (routes.size() > kRoutes + 1) routes.resize(kRoutes + 1);
  lines.insert(lines.end(), routes.begin(), routes.end());
  lines.emplace_back();
  const auto keys = hottest_lines(stats);
  lines.insert(lines.end(), keys.begin(), keys.end());
  return lines;
}

// Over what was drawn before, each line to its end, so that nothing flickers.
void draw(const std::vector<std::string>& lines, const Screen& screen) {
  std::string out = "\x1b[H";
  std::size_t row = 0;
  for (const auto& line : lines) {
    if (screen.rows > 0 && ++row >= screen.rows) break;
    const std::size_t width = screen.columns > 0 ? screen.columns : line.size();
    out.append(line, 0, width).append("\x1b[K\r\n");
  }
  out += "\x1b[J";
  std::fputs(out.c_str(), stdout);
  std::fflush(stdout);
}

Result<std::vector<std::string>> look(const AdminClient& client) {
  const auto answer = client.ask("GET", "/admin/cache/stats?keys=10");
  if (!answer) return answer.error();
  const auto json = JsonValue::parse(*answer);
  if (!json) return json.error();
  return view(*json);
}

int watch(const AdminClient& client) {
  struct sigaction action {};
  action.sa_handler = weir_top_interrupt;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  std::fputs("\x1b[?1049h\x1b[?25l", stdout);  // a screen of its own, without the cursor
  std::string why;
  while (interrupted == 0 && why.empty()) {
    const auto lines = look(client);
    if (lines) {
      draw(*lines, Screen::now());
    } else {
      why = lines.error().detail;
    }
    if (why.empty()) std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  std::fputs("\x1b[?25h\x1b[?1049l", stdout);
  std::fflush(stdout);
  return why.empty() || interrupted != 0 ? 0 : failed(kName, why);
}

}  // namespace

int top_call(const Arguments& arguments) {
  const auto client = AdminClient::from(arguments);
  if (!client) return wrong_usage(kName, client.error().detail);
  if (!arguments.has("once")) return watch(*client);
  const auto lines = look(*client);
  if (!lines) return failed(kName, lines.error().detail);
  for (const auto& line : *lines) std::printf("%s\n", line.c_str());
  return 0;
}

}  // namespace weir
