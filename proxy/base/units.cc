// Reads and writes durations, sizes, rates and percentages of the config file; see units.h.
#include "proxy/base/units.h"

#include <array>
#include <limits>
#include <optional>
#include <span>

#include "proxy/base/text.h"

namespace weir {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t worth = 1;
};

constexpr std::uint64_t kSecond = 1'000'000'000;
// Largest first: the first that divides a value gives its shortest exact form.
constexpr std::array kDurations{
    Unit{"d", 86'400 * kSecond}, Unit{"h", 3'600 * kSecond}, Unit{"m", 60 * kSecond}, Unit{"s", kSecond},
    Unit{"ms", 1'000'000},       Unit{"us", 1'000},          Unit{"ns", 1},
};
constexpr std::size_t kReadDurations = 5;  // nothing that a file or a call sets is finer than a millisecond
constexpr std::array kSizes{
    Unit{"TiB", 1ULL << 40},
    Unit{"TB", 1'000'000'000'000},
    Unit{"GiB", 1ULL << 30},
    Unit{"GB", 1'000'000'000},
    Unit{"MiB", 1ULL << 20},
    Unit{"MB", 1'000'000},
    Unit{"KiB", 1ULL << 10},
    Unit{"kB", 1'000},
    Unit{"B", 1},
};
constexpr std::array kPeriods{
    Unit{"s", kSecond},
    Unit{"m", 60 * kSecond},
    Unit{"h", 3'600 * kSecond},
    Unit{"d", 86'400 * kSecond},
};

Error wrong(std::string_view text, std::string_view right) {
  std::string detail = "\"" + printable(text) + "\" is not ";
  return Error{Side::config, Code::malformed, detail.append(right)};
}

Error too_large(std::string_view text) {
  return Error{Side::config, Code::too_large, "\"" + printable(text) + "\" is too large"};
}

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
  for (const auto& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

// Digits and a unit, at most `most` in all; `right` says in an error what it should have been.
Result<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units, std::uint64_t most,
                                      std::string_view right) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  const Unit* unit = find_unit(units, text.substr(digits));
  if (digits == 0 || unit == nullptr) return wrong(text, right);
  const auto count = parse_number(text.substr(0, digits));
  if (!count || *count > most / unit->worth) return too_large(text);
  return *count * unit->worth;
}

// The shortest of the exact forms; of equally short ones that with the largest unit.
std::string format_with_unit(std::uint64_t value, std::span<const Unit> units, std::string_view zero) {
  if (value == 0) return std::string(zero);
  std::string best;
  for (const auto& unit : units) {
    if (value % unit.worth != 0) continue;
    const std::string form = std::to_string(value / unit.worth).append(unit.name);
    if (best.empty() || form.size() < best.size()) best = form;
  }
  return best;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<Duration::rep>::max());
  const auto units = std::span<const Unit>(kDurations).first(kReadDurations);
  auto ns = parse_with_unit(text, units, kMost, "a duration: a whole number and ms, s, m, h or d, as in 30s");
  if (!ns) return std::move(ns).error();
  return Duration(static_cast<Duration::rep>(*ns));
}

Result<Size> parse_size(std::string_view text) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return parse_with_unit(text, kSizes, kMost, "a size: a whole number and B, KiB, MiB, GiB, kB, MB or GB, as in 16KiB");
}

Result<Rate> parse_rate(std::string_view text) {
  constexpr std::string_view kRight = "a rate: a whole number and /s, /m, /h or /d, as in 10/s";
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return wrong(text, kRight);
  const std::string_view digits = text.substr(0, slash);
  const Unit* period = find_unit(kPeriods, text.substr(slash + 1));
  if (period == nullptr || digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return wrong(text, kRight);
  }
  const auto count = parse_number(digits);
  if (!count) return too_large(text);
  return Rate{*count, Duration(static_cast<Duration::rep>(period->worth))};
}

Result<double> parse_percent(std::string_view text) {
  constexpr std::string_view kRight = "a percentage from 0% to 100%, as in 20%";
  if (text.empty() || text.back() != '%') return wrong(text, kRight);
  const std::string_view number = text.substr(0, text.size() - 1);
  const auto point = number.find('.');
  const auto whole = parse_number(number.substr(0, point));
  if (!whole || *whole > 100) return wrong(text, kRight);
  double percent = static_cast<double>(*whole);
  if (point != std::string_view::npos) {
    const std::string_view digits = number.substr(point + 1);
    const auto fraction = parse_number(digits);
    if (!fraction || digits.size() > 6) return wrong(text, kRight);
    double scale = 1;
    for (std::size_t i = 0; i < digits.size(); ++i) scale *= 10;
    percent += static_cast<double>(*fraction) / scale;
  }
  if (percent > 100) return wrong(text, kRight);
  return percent / 100;
}

std::string format_duration(Duration value) {
  if (value < Duration::zero()) {
    return "-" + format_with_unit(0 - static_cast<std::uint64_t>(value.count()), kDurations, "0s");
  }
  return format_with_unit(static_cast<std::uint64_t>(value.count()), kDurations, "0s");
}

std::string format_size(Size value) {
  return format_with_unit(value, kSizes, "0B");
}

std::string format_rate(Rate value) {
  const auto ns = static_cast<std::uint64_t>(value.per.count());
  for (const auto& period : kPeriods) {
    if (period.worth == ns) return std::to_string(value.count).append("/").append(period.name);
  }
  return std::to_string(value.count).append("/").append(format_duration(value.per));
}

}  // namespace weir
