// The types of single values in the config file, and how each is read from its text and written back.
// Scalar<T> has parse(text), format(value), kShape (for people) and kSchema (the inside of its JSON Schema's object).
// Errors read `"30" is not a duration: what would be right`.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "proxy/base/ip.h"
#include "proxy/base/result.h"
#include "proxy/base/units.h"
#include "proxy/http/uri.h"

namespace weir {

struct Secret {  // never printed
  std::string text;
};

struct Percent {
  double part = 0;  // 0.2 for 20%
};

// A text with ${names} that each request fills: see route/template.h.
struct TemplateText {
  std::string text;
};

// Where to listen: a literal address, without brackets, and a port; port 0 lets the system choose.
struct ListenAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;

  bool v6() const { return host.find(':') != std::string::npos; }
  bool loopback() const;
  std::string text() const;  // 127.0.0.1:8080, [::1]:8080
};

// The same, or nothing: then there is no listener.
struct PublicAddress : ListenAddress {
  bool off() const { return host.empty(); }
};

// One address or a network: 10.0.0.0/8, ::1.
struct AddressRange {
  IpRange range;
  std::string text;

  bool contains(const Ip& address) const { return range.contains(address); }
};

bool any_contains(const std::vector<AddressRange>& ranges, const Ip& address);

// `match: [METHODS] PATH`.
struct MatchConfig {
  std::vector<std::string> methods;  // empty: any
  std::string path;
  std::string text() const;
};

struct AccessLogConfig {
  enum class Kind : std::uint8_t { off, standard_output, file } kind = Kind::standard_output;
  std::string path;
};

template <class T>
struct Scalar;  // no general form

template <class T>
concept IsScalar = requires(std::string_view text, const T& value) {
  { Scalar<T>::parse(text) } -> std::same_as<Result<T>>;
  { Scalar<T>::format(value) } -> std::same_as<std::string>;
};

#define WEIR_SCALAR(Type, shape, schema)                \
  template <>                                           \
  struct Scalar<Type> {                                 \
    static Result<Type> parse(std::string_view text);   \
    static std::string format(const Type& value);       \
    static constexpr std::string_view kShape = shape;   \
    static constexpr std::string_view kSchema = schema; \
  }

WEIR_SCALAR(bool, "true or false", R"("type":"boolean")");
WEIR_SCALAR(unsigned, "a number", R"("type":"integer","minimum":0)");
WEIR_SCALAR(int, "a status code", R"("type":"integer","minimum":100,"maximum":599)");
WEIR_SCALAR(Duration, "a duration", R"("type":"string","pattern":"^([0-9]+(ms|s|m|h|d)|.*\\$\\{.*)$")");
WEIR_SCALAR(Size, "a size", R"("type":"string","pattern":"^([0-9]+([kKMGT]i?)?B|.*\\$\\{.*)$")");
WEIR_SCALAR(Percent, "a percentage", R"("type":"string","pattern":"^([0-9.]+%|.*\\$\\{.*)$")");
WEIR_SCALAR(std::string, "a text", R"("type":["string","number"])");
WEIR_SCALAR(Secret, "a secret text", R"("type":["string","number"])");
WEIR_SCALAR(TemplateText, "a text with ${names}", R"("type":["string","number"])");
WEIR_SCALAR(ListenAddress, "ADDRESS:PORT", R"("type":"string")");
WEIR_SCALAR(PublicAddress, "ADDRESS:PORT, or nothing", R"("type":"string")");
WEIR_SCALAR(AddressRange, "an address or network", R"("type":"string")");
WEIR_SCALAR(OriginUrl, "http://HOST:PORT, https://HOST:PORT or unix:/PATH", R"("type":"string")");
WEIR_SCALAR(MatchConfig, "[METHODS] PATH", R"("type":"string")");
WEIR_SCALAR(AccessLogConfig, "off, stdout or a path", R"("type":"string")");

#undef WEIR_SCALAR

// For enums: the word of each value, in order.
template <class T>
struct Words;  // static constexpr std::array<std::string_view, N> kList

template <class T>
concept IsEnum = std::is_enum_v<T> && requires {
  Words<T>::kList;
};

}  // namespace weir
