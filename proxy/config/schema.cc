// A visitor of describe() that writes JSON Schema; see schema.h. A value may be ${VAR}, so numbers may be texts, too.
#include "proxy/config/schema.h"

#include <initializer_list>

#include "proxy/base/json.h"
#include "proxy/base/text.h"
#include "proxy/config/config.h"
#include "proxy/config/shape.h"

namespace weir {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// Without quotes YAML takes it for a number, as in `min_version: 1.3`.
bool is_number(std::string_view text) {
  return !text.empty() && is_digit(text.front()) && is_digit(text.back()) &&
         text.find_first_not_of("0123456789.") == std::string_view::npos;
}

template <class Texts>
std::string enumeration(const Texts& texts) {
  std::string out;
  for (const std::string_view text : texts) {
    out.append(out.empty() ? "" : ",").append(quoted(text));
    if (is_number(text)) out.append(",").append(text);
  }
  return "\"enum\":[" + out + "]";
}

std::string any_of(std::initializer_list<std::string> bodies) {
  std::string out;
  for (const auto& body : bodies) out.append(out.empty() ? "{" : ",{").append(body).append("}");
  return "\"anyOf\":[" + out + "]";
}

const std::string kVariable = R"("type":"string","pattern":"\\$\\{")";

template <class T>
std::string schema_of(const T& value, const Rules& rules);

// Collects the properties of one struct.
class Properties {
 public:
  template <class T>
  void operator()(std::string_view name, T& value, std::string_view sentence, const Rules& rules = {}) {
    std::string body = "\"description\":" + quoted(sentence);
    if constexpr (!is_block<T>() && !kIsOptional<T>) {
      if (!rules.required && rules.otherwise.empty()) body += ",\"default\":" + default_of(value, rules);
    }
    body += "," + schema_of(value, rules);
    properties_.append(properties_.empty() ? "" : ",").append(quoted(name)).append(":{").append(body).append("}");
    if (rules.required) required_.append(required_.empty() ? "" : ",").append(quoted(name));
  }

  std::string body() const {
    const std::string needed = required_.empty() ? "" : ",\"required\":[" + required_ + "]";
    return "\"type\":\"object\",\"additionalProperties\":false" + needed + ",\"properties\":{" + properties_ + "}";
  }

 private:
  template <class T>
  static std::string default_of(const T& value, const Rules& rules) {
    if constexpr (std::is_same_v<T, bool>) return value ? "true" : "false";
    if constexpr (kIsList<T>) return "[]";
    if constexpr (kIsMap<T>) return "{}";
    const std::string text = inline_value(value, rules);
    if constexpr (std::is_same_v<T, unsigned>) return rules.word.empty() ? text : quoted(text);
    return quoted(text == "\"\"" ? "" : text);
  }

  std::string properties_;
  std::string required_;
};

template <class T>
std::string scalar_schema(const Rules& rules) {
  if constexpr (std::is_same_v<T, bool>) {
    return any_of({R"("type":"boolean")", kVariable});
  } else if constexpr (std::is_same_v<T, unsigned>) {
    std::string number(Scalar<T>::kSchema);
    if (!rules.least.empty()) number = R"("type":"integer","minimum":)" + std::string(rules.least);
    if (!rules.most.empty()) number += ",\"maximum\":" + std::string(rules.most);
    if (rules.word.empty()) return any_of({number, kVariable});
    return any_of({number, enumeration(std::initializer_list<std::string_view>{rules.word}), kVariable});
  } else {
    return std::string(Scalar<T>::kSchema);
  }
}

template <class T>
std::string schema_of(const T& value, const Rules& rules) {
  if constexpr (kIsOptional<T>) {
    return schema_of(typename T::value_type{}, rules);
  } else if constexpr (IsEnum<T>) {
    return any_of({enumeration(Words<T>::kList), kVariable});
  } else if constexpr (IsScalar<T>) {
    return scalar_schema<T>(rules);
  } else if constexpr (kIsList<T>) {
    const std::string item = schema_of(typename T::value_type{}, rules);
    if constexpr (Named<typename T::value_type>) return "\"type\":\"object\",\"additionalProperties\":{" + item + "}";
    return any_of({item, "\"type\":\"array\",\"items\":{" + item + "}"});
  } else if constexpr (kIsMap<T>) {
    return "\"type\":\"object\",\"additionalProperties\":{" + schema_of(typename T::mapped_type{}, rules) + "}";
  } else {
    Properties properties;
    T blank = value;
    T::describe(properties, blank);
    if constexpr (HasWords<T>) return any_of({enumeration(T::kWords), properties.body()});
    return properties.body();
  }
}

}  // namespace

std::string config_schema() {
  return R"({"$schema":"http://json-schema.org/draft-07/schema#","title":"The config file of weir",)" +
         schema_of(Config{}, {}) + "}";
}

}  // namespace weir
