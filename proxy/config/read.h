// Reader: fills the structs of config.h from the YAML tree by their describe(). A value is read over what stands there,
// so that a route that begins as a copy of defaults is merged with them key by key; lists are replaced. Says everything
// that is wrong, with its place, and goes on. One reader a file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "proxy/base/text.h"
#include "proxy/config/describe.h"
#include "proxy/config/expand.h"
#include "proxy/config/place.h"
#include "proxy/config/route_config.h"
#include "proxy/config/scalar.h"
#include "proxy/config/shape.h"
#include "proxy/config/yaml.h"

namespace weir {

class Reader {
 public:
  Reader(std::string file, const Environment& environment, Diagnostics& diagnostics)
      : file_(std::move(file)), environment_(environment), diagnostics_(diagnostics) {}

  template <class T>
  void read(const YamlNode& node, T& out, const Rules& rules = {});

 private:
  class Keys;

  struct Scope {  // where places are noted, and under which path
    Places* places = nullptr;
    std::string path;
  };

  // One step down for as long as it lives.
  class Step {
   public:
    Step(Reader& reader, std::string_view name, Place place);
    ~Step() { reader_.scope_.path.resize(length_); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    Reader& reader_;
    std::size_t length_;
  };

  void error(Place place, std::string what, std::string right);
  bool full() const;
  // The text of a scalar with its variables filled in; nothing once it is said what is wrong.
  std::optional<std::string> text_of(const YamlNode& node, bool is_template, std::string_view shape);
  bool fits(const Format* format, std::string_view text, Place place, bool show = true);
  void misplaced(const YamlNode& node, std::string right);
  void refused(Place place, const Error& error);
  std::string path_of(std::string_view name) const;
  void not_given();  // what was refused: the default that stands in its place is not what the file says

  template <class T>
  void read_scalar(const YamlNode& node, T& out, const Rules& rules);
  template <class T>
  void check_bounds(const T& value, Place place, std::string_view text, const Rules& rules);
  template <class T>
  void read_enum(const YamlNode& node, T& out);
  template <class T>
  void read_list(const YamlNode& node, std::vector<T>& out, const Rules& rules);
  template <class T>
  void read_named(const YamlNode& node, std::vector<T>& out);
  template <class K, class T, class C>
  void read_map(const YamlNode& node, std::map<K, T, C>& out, const Rules& rules);
  template <class T>
  void read_worded(const YamlNode& node, T& out);
  template <class T>
  void read_struct(const YamlNode& node, T& out);
  template <class T>
  T blank() const;

  std::string file_;
  const Environment& environment_;
  Diagnostics& diagnostics_;
  Scope scope_;
  std::size_t text_bytes_ = 0;
  RouteOptions defaults_;  // once `defaults:` was read
};

// The keys of one map: what describe() calls.
class Reader::Keys {
 public:
  Keys(Reader& reader, const YamlNode& map) : reader_(reader), map_(map), used_(map.entries.size()) {}

  template <class T>
  void operator()(std::string_view name, T& value, std::string_view, const Rules& rules = {}) {
    known_.push_back(name);
    for (const auto inside : names_inside<T>()) inside_.emplace_back(inside, name);
    if (const YamlEntry* const entry = take(name)) {
      const Step step(reader_, name, entry->place);
      const std::size_t said = reader_.diagnostics_.size();
      reader_.read(entry->value, value, rules);
      if (IsScalar<T> && reader_.diagnostics_.size() > said) reader_.not_given();
    } else if (rules.required) {
      missing(name, shape_of(value, rules));
    }
  }

  void finish();  // what was not taken is unknown

 private:
  const YamlEntry* take(std::string_view name);
  void missing(std::string_view name, const std::string& shape);
  std::string right_for(std::string_view unknown) const;

  Reader& reader_;
  const YamlNode& map_;
  std::vector<bool> used_;
  std::vector<std::string_view> known_;
  std::vector<std::pair<std::string_view, std::string_view>> inside_;  // name, and the option that it stands under
};

template <class T>
void Reader::read(const YamlNode& node, T& out, const Rules& rules) {
  if (full()) return;
  if constexpr (kIsOptional<T>) {
    typename T::value_type value = out.value_or(typename T::value_type{});
    read(node, value, rules);
    out = std::move(value);
  } else if (node.kind == YamlNode::Kind::null) {
    error(node.place, "no value", shape_of(out, rules));
  } else if constexpr (IsEnum<T>) {
    read_enum(node, out);
  } else if constexpr (IsScalar<T>) {
    read_scalar(node, out, rules);
  } else if constexpr (kIsList<T>) {
    if constexpr (Named<typename T::value_type>) {
      read_named(node, out);
    } else {
      read_list(node, out, rules);
    }
  } else if constexpr (kIsMap<T>) {
    read_map(node, out, rules);
  } else if constexpr (HasWords<T>) {
    read_worded(node, out);
  } else {
    read_struct(node, out);
  }
}

template <class T>
void Reader::read_scalar(const YamlNode& node, T& out, const Rules& rules) {
  constexpr bool kTemplate = std::is_same_v<T, TemplateText>;
  const auto text = text_of(node, kTemplate, shape_of(out, rules));
  if (!text) return;
  if (!rules.word.empty() && *text == rules.word) {
    out = T{};
    return;
  }
  auto value = Scalar<T>::parse(*text);
  if (!value) return refused(node.place, value.error());
  if (!fits(rules.format, *text, node.place, !std::is_same_v<T, Secret>)) return;
  check_bounds(*value, node.place, *text, rules);
  out = std::move(value).value();
}

template <class T>
void Reader::check_bounds(const T& value, Place place, std::string_view text, const Rules& rules) {
  if constexpr (requires { value < value; } || std::is_same_v<T, Percent>) {
    const auto below = [](const T& a, const T& b) {
      if constexpr (std::is_same_v<T, Percent>) {
        return a.part < b.part;
      } else {
        return a < b;
      }
    };
    if (!rules.least.empty() && below(value, *Scalar<T>::parse(rules.least))) {
      error(place, std::string(text) + " is too little", "at least " + std::string(rules.least));
    }
    if (!rules.most.empty() && below(*Scalar<T>::parse(rules.most), value)) {
      error(place, std::string(text) + " is too much", "at most " + std::string(rules.most));
    }
  }
}

template <class T>
void Reader::read_enum(const YamlNode& node, T& out) {
  const auto text = text_of(node, false, shape_of(out, {}));
  if (!text) return;
  constexpr auto& kList = Words<T>::kList;
  for (std::size_t i = 0; i < kList.size(); ++i) {
    if (*text != kList[i]) continue;
    out = static_cast<T>(i);
    return;
  }
  error(node.place, "\"" + printable(*text) + "\" is not known here", shape_of(out, {}));
}

template <class T>
void Reader::read_list(const YamlNode& node, std::vector<T>& out, const Rules& rules) {
  out.clear();
  const auto add = [&](const YamlNode& item) {
    const Step step(*this, std::to_string(out.size()), item.place);
    T value = blank<T>();
    read(item, value, rules);
    out.push_back(std::move(value));
  };
  if (node.kind != YamlNode::Kind::list) return add(node);  // a list of one needs no brackets
  for (const auto& item : node.items) add(item);
}

template <class T>
void Reader::read_named(const YamlNode& node, std::vector<T>& out) {
  if (node.kind != YamlNode::Kind::map) return misplaced(node, "NAME: with options below it");
  if (node.entries.empty()) return error(node.place, "nothing in it", shape_of(out, {}));
  out.clear();
  for (const auto& entry : node.entries) {
    fits(&kRouteName, entry.key, entry.place);
    const Step step(*this, entry.key, entry.place);
    T value{};
    read(entry.value, value, {});
    value.name = entry.key;
    value.place = entry.place;
    out.push_back(std::move(value));
  }
}

template <class K, class T, class C>
void Reader::read_map(const YamlNode& node, std::map<K, T, C>& out, const Rules& rules) {
  if (node.kind != YamlNode::Kind::map) return misplaced(node, shape_of(out, rules));
  for (const auto& entry : node.entries) {
    auto key = Scalar<K>::parse(entry.key);
    if (!key) {
      refused(entry.place, key.error());
      continue;
    }
    if (!fits(rules.names, entry.key, entry.place)) continue;
    const Step step(*this, entry.key, entry.place);
    T value{};
    read(entry.value, value, rules);
    out[*key] = std::move(value);
  }
}

template <class T>
void Reader::read_worded(const YamlNode& node, T& out) {
  if (node.kind != YamlNode::Kind::scalar) {
    out.set_map();
    return read_struct(node, out);
  }
  const auto text = text_of(node, false, shape_of(out, {}));
  if (!text) return;
  for (const auto word : T::kWords) {
    if (*text == word) return out.set_word(word);
  }
  error(node.place, "\"" + printable(*text) + "\" is not known here", shape_of(out, {}));
}

template <class T>
void Reader::read_struct(const YamlNode& node, T& out) {
  if (node.kind != YamlNode::Kind::map) return misplaced(node, shape_of(out, {}));
  const Scope outer = scope_;
  if constexpr (requires { out.place; }) out.place = node.place;
  if constexpr (requires { out.places; }) scope_ = Scope{&out.places, {}};
  Keys keys(*this, node);
  T::describe(keys, out);
  keys.finish();
  scope_ = outer;
  if constexpr (std::is_same_v<T, RouteOptions>) defaults_ = out;
}

template <class T>
T Reader::blank() const {
  T value{};
  if constexpr (std::is_base_of_v<RouteOptions, T>) static_cast<RouteOptions&>(value) = defaults_;
  return value;
}

}  // namespace weir
