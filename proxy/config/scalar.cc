// Reads and writes the plain kinds of single values; addresses and networks are in address.cc. See scalar.h.
#include "proxy/config/scalar.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>

#include "proxy/base/text.h"
#include "proxy/http/grammar.h"

namespace weir {
namespace {

Error not_a(std::string_view text, std::string_view shape, std::string_view right) {
  std::string detail = "\"" + printable(text) + "\" is not ";
  return Error{Side::config, Code::malformed, detail.append(shape).append(": ").append(right)};
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

constexpr std::string_view kMatchRight = "METHOD /path or [ METHOD, METHOD ] /path or /path";

// The methods before the path: one word, or words in brackets.
Result<std::vector<std::string>> parse_methods(std::string_view text, std::string_view whole) {
  std::vector<std::string> methods;
  if (text.empty()) return methods;
  if (text.front() == '[') {
    if (text.back() != ']') return not_a(whole, "a match", kMatchRight);
    text = text.substr(1, text.size() - 2);
  } else if (text.find_first_of(" \t,") != std::string_view::npos) {
    return not_a(whole, "a match", kMatchRight);
  }
  for (const auto part : split(text, ',')) {
    const auto method = trim(part);
    if (!is_token(method)) return not_a(whole, "a match", kMatchRight);
    const bool small = std::any_of(method.begin(), method.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (small) return not_a(whole, "a match", "methods in capitals, as in GET");
    if (method == "CONNECT" || method == "TRACE") {
      return not_a(whole, "a match", std::string(method) + " is refused always, so no route can have it");
    }
    if (std::find(methods.begin(), methods.end(), method) != methods.end()) {
      return not_a(whole, "a match", "each method once");
    }
    methods.emplace_back(method);
  }
  return methods;
}

}  // namespace

Result<bool> Scalar<bool>::parse(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return not_a(text, kShape, "true or false");
}
std::string Scalar<bool>::format(const bool& value) {
  return value ? "true" : "false";
}

Result<unsigned> Scalar<unsigned>::parse(std::string_view text) {
  const auto number = parse_number(text);
  if (!number) return not_a(text, kShape, "digits only");
  if (*number > std::numeric_limits<unsigned>::max()) return not_a(text, kShape, "at most 4294967295");
  return static_cast<unsigned>(*number);
}
std::string Scalar<unsigned>::format(const unsigned& value) {
  return std::to_string(value);
}

Result<int> Scalar<int>::parse(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || text.size() != 3 || *number < 100 || *number > 599) return not_a(text, kShape, "from 100 to 599");
  return static_cast<int>(*number);
}
std::string Scalar<int>::format(const int& value) {
  return std::to_string(value);
}

Result<Duration> Scalar<Duration>::parse(std::string_view text) {
  return parse_duration(text);
}
std::string Scalar<Duration>::format(const Duration& value) {
  return format_duration(value);
}

Result<Size> Scalar<Size>::parse(std::string_view text) {
  return parse_size(text);
}
std::string Scalar<Size>::format(const Size& value) {
  return format_size(value);
}

Result<Percent> Scalar<Percent>::parse(std::string_view text) {
  const auto part = parse_percent(text);
  if (!part) return not_a(text, kShape, "from 0% to 100%, as in 20%");
  return Percent{*part};
}
std::string Scalar<Percent>::format(const Percent& value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g%%", value.part * 100);
  return text.data();
}

Result<std::string> Scalar<std::string>::parse(std::string_view text) {
  return std::string(text);
}
std::string Scalar<std::string>::format(const std::string& value) {
  return value;
}

Result<Secret> Scalar<Secret>::parse(std::string_view text) {
  return Secret{std::string(text)};
}
std::string Scalar<Secret>::format(const Secret& value) {
  return value.text.empty() ? "" : "***";
}

Result<TemplateText> Scalar<TemplateText>::parse(std::string_view text) {
  return TemplateText{std::string(text)};
}
std::string Scalar<TemplateText>::format(const TemplateText& value) {
  return value.text;
}

Result<OriginUrl> Scalar<OriginUrl>::parse(std::string_view text) {
  constexpr std::string_view kRight = "http://HOST:PORT or https://HOST:PORT, without a path, or unix:/run/api.sock";
  auto url = parse_origin_url(text);
  if (!url) {
    if (text.find('@') != std::string_view::npos)
      return not_a("…", "a server's URL", kRight);  // it may hold a password
    return not_a(text, "a server's URL", kRight);
  }
  return url;
}
std::string Scalar<OriginUrl>::format(const OriginUrl& value) {
  return value.text();
}

Result<MatchConfig> Scalar<MatchConfig>::parse(std::string_view text) {
  const std::string_view whole = text;
  text = trim(text);
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return not_a(whole, "a match", kMatchRight);
  const auto before = text.substr(0, slash);
  if (!before.empty() && before.back() != ' ' && before.back() != '\t' && before.back() != ']') {
    return not_a(whole, "a match", kMatchRight);
  }
  auto methods = parse_methods(trim(before), whole);
  if (!methods) return std::move(methods).error();
  return MatchConfig{std::move(*methods), std::string(text.substr(slash))};
}
std::string Scalar<MatchConfig>::format(const MatchConfig& value) {
  return value.text();
}

std::string MatchConfig::text() const {
  if (methods.empty()) return path;
  if (methods.size() == 1) return methods.front() + " " + path;
  return "[ " + joined(methods) + " ] " + path;
}

Result<AccessLogConfig> Scalar<AccessLogConfig>::parse(std::string_view text) {
  using Kind = AccessLogConfig::Kind;
  if (text == "off") return AccessLogConfig{Kind::off, {}};
  if (text == "stdout") return AccessLogConfig{Kind::standard_output, {}};
  if (text.find('/') != std::string_view::npos) return AccessLogConfig{Kind::file, std::string(text)};
  return not_a(text, "an access log", "off, stdout, or a path with a /, as in ./access.log");
}
std::string Scalar<AccessLogConfig>::format(const AccessLogConfig& value) {
  switch (value.kind) {
    case AccessLogConfig::Kind::off: return "off";
    case AccessLogConfig::Kind::standard_output: return "stdout";
    case AccessLogConfig::Kind::file: return value.path;
  }
  return {};
}

}  // namespace weir
