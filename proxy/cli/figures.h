// The figures of /admin/cache/stats as lines for people: what `weir stats` prints once and `weir top` again and again.
// Pure text; control bytes that a URL may hold are escaped.
#pragma once

#include <string>
#include <vector>

#include "proxy/cli/json.h"

namespace weir {

// Of the whole: requests, hit rate, latencies, results, memory.
std::vector<std::string> summary_lines(const JsonValue& stats);
// A table of routes, the busiest lately first (or since the start, where `lately` is false).
std::vector<std::string> route_lines(const JsonValue& stats, bool lately);
// The objects with the most hits, where they were asked for.
std::vector<std::string> hottest_lines(const JsonValue& stats);

std::string grouped(std::uint64_t number);           // 1,234,567
std::string percent(std::optional<double> part);     // 93.4 %, or - where there is none
std::string milliseconds(std::optional<double> ms);  // 0.12 ms, 3.1 s, or -
std::string bytes_text(std::uint64_t bytes);         // 1.5 GiB
std::string duration_text(double seconds);           // 2d 3h, 5m 20s

}  // namespace weir
