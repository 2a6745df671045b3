// What proxy/base/text.h promises, row by row.
#include "proxy/base/text.h"

#include <array>

#include "tests/support/catch.h"

using namespace weir;
using namespace std::string_literals;

TEST_CASE("case-blind comparison folds A-Z and nothing else", "[text]") {
  CHECK(equals_ignoring_case("", ""));
  CHECK(equals_ignoring_case("Content-Type", "cONTENT-tYPE"));
  CHECK(equals_ignoring_case("x", "X"));
  CHECK_FALSE(equals_ignoring_case("Content-Type", "Content-Typ"));
  CHECK_FALSE(equals_ignoring_case("Content-Type", "Content_Type"));
  for (int c = 0; c < 256; ++c) {  // long enough for the eight-bytes-at-once way, and too short for it
    for (const std::size_t n : {3U, 8U, 21U}) {
      std::string a(n, 'q');
      std::string b(n, 'q');
      a[n / 2] = static_cast<char>(c);
      b[n / 2] = static_cast<char>(c ^ 0x20);
      const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
      INFO(c << " of " << n);
      CHECK(equals_ignoring_case(a, b) == letter);
      CHECK(equals_ignoring_case(a, a));
    }
  }
}

TEST_CASE("trim takes spaces and tabs, and only at the ends", "[text]") {
  CHECK(trim(" \t a b\t ") == "a b");
  CHECK(trim("\r\n") == "\r\n");
  CHECK(trim(" \t").empty());
}

TEST_CASE("split keeps empty parts", "[text]") {
  CHECK(split("a,,b", ',') == std::vector<std::string_view>{"a", "", "b"});
  CHECK(split("", ',') == std::vector<std::string_view>{""});
  CHECK(split("a,", ',') == std::vector<std::string_view>{"a", ""});
}

TEST_CASE("numbers are digits that fit", "[text]") {
  CHECK(parse_number("0") == 0U);
  CHECK(parse_number("007") == 7U);
  CHECK(parse_number("18446744073709551615") == UINT64_MAX);
  for (const auto wrong :
       {"", "-1", "+1", " 1", "1 ", "0x10", "1e3", "18446744073709551616", "99999999999999999999999"}) {
    INFO(wrong);
    CHECK_FALSE(parse_number(wrong));
  }
}

TEST_CASE("globs", "[text]") {
  struct Row {
    std::string_view pattern, text;
    bool matches;
  };
  for (const auto& row : {Row{"*", "", true}, Row{"", "", true}, Row{"", "a", false}, Row{"a*c", "abbbc", true},
                          Row{"a*c", "abbbd", false}, Row{"/api/*/x", "/api/1/2/x", true}, Row{"?", "", false},
                          Row{"a?c", "abc", true}, Row{"*a*b*", "xxaxxbxx", true}, Row{"*a*b*", "xxbxxaxx", false},
                          Row{"a", "A", false}, Row{"**", "x", true}, Row{"[a]", "a", false}}) {
    INFO(row.pattern << " on " << row.text);
    CHECK(glob_match(row.pattern, row.text) == row.matches);
  }
}

TEST_CASE("a hostile glob ends", "[text]") {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  CHECK_FALSE(glob_match(pattern + "b", std::string(4000, 'a')));
}

TEST_CASE("the nearest word is near", "[text]") {
  constexpr std::array<std::string_view, 4> kWords{"timeout", "upstream", "cache", "ttl"};
  CHECK(nearest("timout", kWords) == "timeout");
  CHECK(nearest("upstraem", kWords) == "upstream");
  CHECK(nearest("CACHE", kWords) == "cache");
  CHECK(nearest("tll", kWords) == "ttl");
  CHECK(nearest("listeners", kWords).empty());
  CHECK(nearest("", kWords).empty());
  CHECK(nearest(std::string(1000, 'x'), kWords).empty());
}

TEST_CASE("what is printed steers no terminal", "[text]") {
  CHECK(printable("plain ü") == "plain ü");
  CHECK(printable("a\"b\\c") == R"(a\"b\\c)");
  CHECK(printable("\r\n\t\x1b[2J\0"s) == R"(\r\n\t\u001b[2J\u0000)");
  CHECK(printable("\xff\xc3") == R"(\u00ff\u00c3)");
  CHECK(printable("\xc2\x9b") == R"(\u009b)");  // a C1 control
  CHECK(printable("\x7f") == R"(\u007f)");
}

TEST_CASE("UTF-8 sequences are the ones of the standard", "[text]") {
  CHECK(utf8_sequence("") == 0);
  CHECK(utf8_sequence("a") == 1);
  CHECK(utf8_sequence("é") == 2);
  CHECK(utf8_sequence("€") == 3);
  CHECK(utf8_sequence("𝄞") == 4);
  for (const auto wrong : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xc3"}) {
    INFO(printable(wrong));
    CHECK(utf8_sequence(wrong) == 0);
  }
}

TEST_CASE("tokens compare whole", "[text]") {
  CHECK(equals_constant_time("secret", "secret"));
  CHECK_FALSE(equals_constant_time("secret", "secreT"));
  CHECK_FALSE(equals_constant_time("secret", "secre"));
  CHECK(equals_constant_time("", ""));
}

TEST_CASE("a number as sixteen hexadecimal digits") {
  const auto text = [](std::uint64_t number) {
    const auto digits = hex_of(number);
    return std::string(digits.data(), digits.size());
  };
  CHECK(text(0) == "0000000000000000");
  CHECK(text(0x0123456789abcdef) == "0123456789abcdef");
  CHECK(text(0xfedcba9876543210) == "fedcba9876543210");
  CHECK(text(~std::uint64_t{0}) == "ffffffffffffffff");
  CHECK(text(0x9a) == "000000000000009a");
}
