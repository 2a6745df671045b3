// Lays figures out in columns; see figures.h.
#include "proxy/cli/figures.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "proxy/base/text.h"

namespace weir {
namespace {

template <class... Values>
std::string format(const char* form, Values... values) {
  std::array<char, 400> text{};
  const int length = std::snprintf(text.data(), text.size(), form, values...);
  return {text.data(), static_cast<std::size_t>(std::clamp(length, 0, static_cast<int>(text.size()) - 1))};
}

std::string latency_text(const JsonValue& latency) {
  return "p50 " + milliseconds(latency.number("p50")) + "   p95 " + milliseconds(latency.number("p95")) + "   p99 " +
         milliseconds(latency.number("p99"));
}

std::string rate_text(const JsonValue& recent) {
  return format("%.1f/s", recent.number("requests_per_second").value_or(0));
}

std::string results_text(const JsonValue& results) {
  std::string text;
  for (const auto& [word, value] : results.members()) {
    const auto count = results.count(word);
    if (count == 0) continue;
    text.append(text.empty() ? "" : "   ").append(word).append(" ").append(grouped(count));
  }
  return text.empty() ? "none" : text;
}

std::string row(std::string_view name, const std::string& rest) {
  return format("%-10.*s ", static_cast<int>(name.size()), name.data()) + rest;
}

// At most `width` characters; a longer text ends in "…".
std::string fitted(std::string text, std::size_t width) {
  if (text.size() <= width) return text.append(width - text.size(), ' ');
  std::size_t end = width - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;  // not within a character
  text.resize(end);
  return text + "…";
}

struct RouteRow {
  std::string name;
  JsonValue figures;
  double busy = 0;
};

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (auto at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string percent(std::optional<double> part) {
  return part ? format("%.1f %%", *part * 100) : "-";
}

std::string milliseconds(std::optional<double> ms) {
  if (!ms) return "-";
  if (*ms >= 1000) return format("%.1f s", *ms / 1000);
  return *ms >= 10 ? format("%.0f ms", *ms) : format("%.2f ms", *ms);
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return format(unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::max(seconds, 0.0));
  const auto two = [](std::uint64_t big, const char* unit, std::uint64_t small, const char* other) {
    return std::to_string(big) + unit + " " + std::to_string(small) + other;
  };
  if (whole >= 86400) return two(whole / 86400, "d", whole / 3600 % 24, "h");
  if (whole >= 3600) return two(whole / 3600, "h", whole / 60 % 60, "m");
  if (whole >= 60) return two(whole / 60, "m", whole % 60, "s");
  return std::to_string(whole) + "s";
}

std::vector<std::string> summary_lines(const JsonValue& stats) {
  const JsonValue& recent = stats["recent"];
  const std::string seconds = format("%.0f s", recent.number("seconds").value_or(0));
  return {
      row("up", duration_text(stats.number("uptime_seconds").value_or(0))),
      row("requests", grouped(stats.count("requests")) + "   lately " + rate_text(recent) + " (last " + seconds + ")"),
      row("hit rate", percent(stats.number("hit_rate")) + "   lately " + percent(recent.number("hit_rate"))),
      row("latency", latency_text(stats["latency_ms"])),
      row("  lately", latency_text(recent["latency_ms"])),
      row("results", results_text(stats["results"])),
      row("origin", grouped(stats.count("fetches")) + " fetches, " + grouped(stats.count("fetch_failures")) +
                        " failed, first byte " + latency_text(stats["origin_first_byte_ms"])),
      row("memory", bytes_text(stats.count("bytes")) + " of " + bytes_text(stats.count("budget")) + ", " +
                        grouped(stats.count("objects")) + " objects, " + grouped(stats.count("evictions")) +
                        " evictions"),
  };
}

std::vector<std::string> route_lines(const JsonValue& stats, bool lately) {
  std::vector<RouteRow> rows;
  for (auto& [name, figures] : stats["routes"].members()) {
    const double busy = lately ? figures["recent"].number("requests_per_second").value_or(0)
                               : static_cast<double>(figures.count("requests"));
    rows.push_back({printable(name), figures, busy});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const RouteRow& a, const RouteRow& b) { return a.busy > b.busy; });
  std::vector<std::string> lines{format("%-24s %12s %12s %9s %9s %9s %9s", "route", lately ? "requests/s" : "requests",
                                        "sent", "hit rate", "p50", "p95", "p99")};
  for (const auto& [name, figures, busy] : rows) {
    const JsonValue shown = lately ? figures["recent"] : figures;
    const JsonValue& latency = shown["latency_ms"];
    const std::string count = lately ? format("%.1f", busy) : grouped(figures.count("requests"));
    lines.push_back(fitted(name, 24) +
                    format(" %12s %12s %9s %9s %9s %9s", count.c_str(),
                           bytes_text(figures.count("client_bytes")).c_str(), percent(shown.number("hit_rate")).c_str(),
                           milliseconds(latency.number("p50")).c_str(), milliseconds(latency.number("p95")).c_str(),
                           milliseconds(latency.number("p99")).c_str()));
  }
  return lines;
}

std::vector<std::string> hottest_lines(const JsonValue& stats) {
  std::vector<std::string> lines{format("%12s %10s %8s  %s", "hits", "bytes", "ttl", "hottest keys")};
  for (const auto& key : stats["hottest"].items()) {
    const auto ttl = key.number("ttl").value_or(0);
    lines.push_back(format("%12s %10s %8s  ", grouped(key.count("hits")).c_str(),
                           bytes_text(key.count("bytes")).c_str(), ttl > 0 ? duration_text(ttl).c_str() : "stale") +
                    printable(key.text("url")));
  }
  return lines;
}

}  // namespace weir
