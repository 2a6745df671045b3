// HTTP dates, by civil-calendar arithmetic and without the C library's locale and time zones; see date.h.
#include "proxy/http/date.h"

#include <cstring>

#include "proxy/base/text.h"

namespace weir {
namespace {

constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::array<std::string_view, 7> kLongDays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                    "Thursday", "Friday", "Saturday"};
constexpr std::int64_t kDay = 86400;

struct Civil {
  std::int64_t year = 0;
  int month = 0;  // 1-12
  int day = 0;    // 1-31
};

// The proleptic Gregorian calendar in eras of 400 years that begin on 1 March, so that leap days come last.
constexpr std::int64_t days_since_1970(Civil date) {
  const std::int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

constexpr Civil civil_of(std::int64_t days) {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * day_of_year + 2) / 153;
  const int month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
          static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1)};
}

static_assert(days_since_1970({1970, 1, 1}) == 0 && days_since_1970({2000, 3, 1}) == 11017);

constexpr int days_in(std::int64_t year, int month) {
  constexpr std::array<int, 12> kDaysIn{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDaysIn[static_cast<std::size_t>(month - 1)];
}

// Takes a date apart from the front; once something is wrong, everything after it is.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  void expect(std::string_view literal) {
    if (!rest_.starts_with(literal)) {
      (void)fail();
      return;
    }
    rest_.remove_prefix(literal.size());
  }

  int number(std::size_t digits) {
    if (rest_.size() < digits) return fail();
    int n = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (!is_digit(c)) return fail();
      n = n * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return n;
  }

  // One of a row of three-letter words, as its number from 0.
  int word(std::string_view row) {
    for (std::size_t i = 0; i < row.size(); i += 3) {
      if (!rest_.starts_with(row.substr(i, 3))) continue;
      rest_.remove_prefix(3);
      return static_cast<int>(i / 3);
    }
    return fail();
  }

  // asctime's day: two digits, or a space and one.
  int padded_day() {
    if (!rest_.starts_with(' ')) return number(2);
    rest_.remove_prefix(1);
    return number(1);
  }

  bool skip_long_day() {
    for (const auto day : kLongDays) {
      if (!rest_.starts_with(day) || !rest_.substr(day.size()).starts_with(',')) continue;
      rest_.remove_prefix(day.size());
      return true;
    }
    return false;
  }

  std::string_view rest() const { return rest_; }
  bool complete() const { return ok_ && rest_.empty(); }

 private:
  int fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

struct Parts {
  Civil date;
  std::int64_t seconds = -1;  // within the day; negative: no such time
};

std::int64_t read_time(Reader& in) {
  const int hour = in.number(2);
  in.expect(":");
  const int minute = in.number(2);
  in.expect(":");
  const int second = in.number(2);
  if (hour > 23 || minute > 59 || second > 60) return -1;  // 60: a leap second
  return hour * 3600 + minute * 60 + second;
}

Parts read_fixdate(Reader& in) {  // Sun, 06 Nov 1994 08:49:37 GMT
  Parts parts;
  in.expect(", ");
  parts.date.day = in.number(2);
  in.expect(" ");
  parts.date.month = in.word(kMonths) + 1;
  in.expect(" ");
  parts.date.year = in.number(4);
  in.expect(" ");
  parts.seconds = read_time(in);
  in.expect(" GMT");
  return parts;
}

Parts read_rfc850(Reader& in, WallTime now) {  // Sunday, 06-Nov-94 08:49:37 GMT
  Parts parts;
  in.expect(", ");
  parts.date.day = in.number(2);
  in.expect("-");
  parts.date.month = in.word(kMonths) + 1;
  in.expect("-");
  const std::int64_t two_digits = in.number(2);
  in.expect(" ");
  parts.seconds = read_time(in);
  in.expect(" GMT");
  // More than 50 years ahead means the last year with these digits (RFC 9110 §5.6.7).
  const std::int64_t this_year = civil_of((now >= 0 ? now : now - kDay + 1) / kDay).year;
  parts.date.year = this_year - this_year % 100 + two_digits;
  if (parts.date.year > this_year + 50) parts.date.year -= 100;
  if (parts.date.year <= this_year - 50) parts.date.year += 100;
  return parts;
}

Parts read_asctime(Reader& in) {  // Sun Nov  6 08:49:37 1994
  Parts parts;
  in.expect(" ");
  parts.date.month = in.word(kMonths) + 1;
  in.expect(" ");
  parts.date.day = in.padded_day();
  in.expect(" ");
  parts.seconds = read_time(in);
  in.expect(" ");
  parts.date.year = in.number(4);
  return parts;
}

void put_two(char* at, std::int64_t n) {
  at[0] = static_cast<char>('0' + n / 10);
  at[1] = static_cast<char>('0' + n % 10);
}

}  // namespace

DateText format_date(WallTime t) noexcept {
  constexpr WallTime kLast = 253402300799;  // the end of the year 9999
  t = t < 0 ? 0 : t > kLast ? kLast : t;
  const std::int64_t days = t / kDay;
  const std::int64_t seconds = t % kDay;
  const Civil date = civil_of(days);
  DateText out;
  std::memcpy(out.data(), "Thu, 00 Jan 0000 00:00:00 GMT", kDateLength);
  std::memcpy(out.data(), kDays.data() + 3 * ((days + 4) % 7), 3);  // 1 January 1970 was a Thursday
  put_two(out.data() + 5, date.day);
  std::memcpy(out.data() + 8, kMonths.data() + 3 * (date.month - 1), 3);
  put_two(out.data() + 12, date.year / 100);
  put_two(out.data() + 14, date.year % 100);
  put_two(out.data() + 17, seconds / 3600);
  put_two(out.data() + 20, seconds / 60 % 60);
  put_two(out.data() + 23, seconds % 60);
  return out;
}

std::optional<WallTime> parse_date(std::string_view text, WallTime now) noexcept {
  Reader in(text);
  Parts parts;
  if (in.skip_long_day()) {
    parts = read_rfc850(in, now);
  } else {
    (void)in.word(kDays);
    parts = in.rest().starts_with(',') ? read_fixdate(in) : read_asctime(in);
  }
  const Civil& date = parts.date;
  if (!in.complete() || parts.seconds < 0 || date.day < 1 || date.day > days_in(date.year, date.month)) {
    return std::nullopt;
  }
  return days_since_1970(date) * kDay + parts.seconds;
}

}  // namespace weir
