// A visitor of describe() that writes values as JSON; see print.h. What is not set and has no default is left out.
#include "proxy/config/print.h"

#include "proxy/base/json.h"
#include "proxy/config/shape.h"

namespace weir {
namespace {

class Printer {
 public:
  explicit Printer(JsonWriter& json) : json_(json) {}

  template <class T>
  void operator()(std::string_view name, const T& value, std::string_view, const Rules& rules = {}) {
    if constexpr (kIsOptional<T>) {
      if (!value) return;
    }
    json_.key(name);
    print(value, rules);
  }

 private:
  template <class T>
  void print(const T& value, const Rules& rules) {
    if constexpr (kIsOptional<T>) {
      print(*value, rules);
    } else if constexpr (std::is_same_v<T, bool>) {
      json_.value(value);
    } else if constexpr (std::is_same_v<T, unsigned>) {
      print_number(value, rules);
    } else if constexpr (IsEnum<T>) {
      json_.value(Words<T>::kList[static_cast<std::size_t>(value)]);
    } else if constexpr (IsScalar<T>) {
      json_.value(Scalar<T>::format(value));
    } else if constexpr (kIsList<T>) {
      print_list(value, rules);
    } else if constexpr (kIsMap<T>) {
      json_.begin_object();
      for (const auto& [key, item] : value) {
        json_.key(Scalar<std::decay_t<decltype(key)>>::format(key));
        print(item, rules);
      }
      json_.end_object();
    } else {
      print_struct(value);
    }
  }

  void print_number(unsigned value, const Rules& rules) {
    if (value == 0 && !rules.word.empty()) {
      json_.value(rules.word);
    } else {
      json_.value(value);
    }
  }

  template <class T>
  void print_list(const std::vector<T>& list, const Rules& rules) {
    if constexpr (Named<T>) {
      json_.begin_object();
      for (const auto& item : list) {
        json_.key(item.name);
        print(item, rules);
      }
      json_.end_object();
    } else {
      json_.begin_array();
      for (const auto& item : list) print(item, rules);
      json_.end_array();
    }
  }

  template <class T>
  void print_struct(const T& value) {
    if constexpr (HasWords<T>) {
      if (!value.word_text().empty()) {
        json_.value(value.word_text());
        return;
      }
    }
    json_.begin_object();
    T::describe(*this, value);
    json_.end_object();
  }

  JsonWriter& json_;
};

}  // namespace

std::string print_config(const Config& config) {
  JsonWriter json;
  json.begin_object();
  Printer printer(json);
  Config::describe(printer, config);
  json.end_object();
  return json.take();
}

}  // namespace weir
