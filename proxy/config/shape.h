// What an option takes, said for people: the "would be right" of errors, and the reference. Made from describe().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/describe.h"
#include "proxy/config/scalar.h"

namespace weir {

// "a, b or c"
std::string listed(const std::vector<std::string_view>& words, std::string_view last = "or");

struct NameCollector {
  std::vector<std::string_view> names;
  template <class T>
  void operator()(std::string_view name, T&, std::string_view, const Rules& = {}) {
    names.push_back(name);
  }
};

template <Described T>
std::vector<std::string_view> option_names() {
  NameCollector collector;
  T blank{};
  T::describe(collector, blank);
  return std::move(collector.names);
}

// The names one level below an option, where it has any of its own.
template <class T>
std::vector<std::string_view> names_inside() {
  if constexpr (kIsOptional<T>) {
    return names_inside<typename T::value_type>();
  } else if constexpr (Described<T>) {
    return option_names<T>();
  } else {
    return {};
  }
}

template <class T>
std::string shape_of(const T& value, const Rules& rules) {
  if constexpr (kIsOptional<T>) {
    return shape_of(typename T::value_type{}, rules);
  } else if constexpr (IsEnum<T>) {
    return listed({Words<T>::kList.begin(), Words<T>::kList.end()});
  } else if constexpr (IsScalar<T>) {
    std::string shape(rules.format != nullptr ? rules.format->what : Scalar<T>::kShape);
    return rules.word.empty() ? shape : std::string(rules.word) + ", or " + shape;
  } else if constexpr (kIsList<T>) {
    if constexpr (Named<typename T::value_type>) {
      return "NAME: with options below it";
    } else {
      return shape_of(typename T::value_type{}, rules) + ", or a list of such";
    }
  } else if constexpr (kIsMap<T>) {
    const auto key = rules.names != nullptr ? rules.names->what : Scalar<typename T::key_type>::kShape;
    return "a map from " + std::string(key) + " to " + shape_of(typename T::mapped_type{}, rules);
  } else if constexpr (HasWords<T>) {
    return listed({T::kWords.begin(), T::kWords.end()}) + ", or options: " + listed(option_names<T>(), "and");
  } else {
    static_cast<void>(value);
    return "options: " + listed(option_names<T>(), "and");
  }
}

// As a YAML value: in quotes where it would be read as something else.
std::string yaml_scalar(std::string_view text);

// A value that is no struct, as it may stand in the file on one line.
template <class T>
std::string inline_value(const T& value, const Rules& rules) {
  if constexpr (kIsOptional<T>) {
    return value ? inline_value(*value, rules) : std::string();
  } else if constexpr (IsEnum<T>) {
    return std::string(Words<T>::kList[static_cast<std::size_t>(value)]);
  } else if constexpr (IsScalar<T>) {
    if (!rules.word.empty() && Scalar<T>::format(value) == Scalar<T>::format(T{})) return std::string(rules.word);
    return yaml_scalar(Scalar<T>::format(value));
  } else if constexpr (kIsList<T>) {
    std::string out;
    for (const auto& item : value) out.append(out.empty() ? "" : ", ").append(inline_value(item, rules));
    return out.empty() ? "[]" : "[ " + out + " ]";
  } else if constexpr (Described<T>) {
    return {};  // has no such form
  } else {
    std::string out;
    for (const auto& [key, item] : value) {
      out.append(out.empty() ? "" : ", ").append(Scalar<std::decay_t<decltype(key)>>::format(key));
      out.append(": ").append(inline_value(item, rules));
    }
    return out.empty() ? "{}" : "{ " + out + " }";
  }
}

// Whether it is written over several lines: a struct, or a list or map of structs.
template <class T>
constexpr bool is_block() {
  if constexpr (kIsList<T>) {
    return Described<typename T::value_type>;
  } else {
    return Described<T>;
  }
}

}  // namespace weir
