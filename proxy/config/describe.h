// How an option is described: once, in its struct's describe(), as name, value, a sentence, and rules. The reader, the
// JSON Schema, the reference page, the reference file and the masked print are visitors of the same descriptions.
//
//   static void describe(auto& field, auto& self) {
//     field("ttl", self.ttl, "how long a response is fresh", {.least = "1s"});
//   }
//
// What a value can be: a scalar (scalar.h), a struct with describe(), a std::optional, a list (std::vector), a map
// (std::map), or a map by name into a vector of structs that say kNamed.
#pragma once

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// A form that a text must have.
struct Format {
  std::string_view what;   // "a field name"
  std::string_view right;  // "a token such as X-Trace"
  bool (*good)(std::string_view) = nullptr;
};

struct Rules {
  std::string_view least = {};  // bounds of a number, size, duration or percentage, as the file writes them
  std::string_view most = {};
  std::string_view word = {};      // may stand for 0: `workers: auto`
  const Format* format = nullptr;  // of a text, or of each text in a list or map
  const Format* names = nullptr;   // of the keys of a map
  bool required = false;
  std::string_view otherwise = {};  // what holds where it is left out, if no plain value says it
  std::string_view example = {};    // for the reference file, where there is no default to show
};

struct AnyField {
  template <class T>
  void operator()(std::string_view, T&, std::string_view, const Rules& = {}) {}
};

template <class T>
concept Described = requires(T& value, AnyField& field) {
  T::describe(field, value);
};

// A struct that may be given as one word instead of as a map: `cache: off`.
template <class T>
concept HasWords = Described<T> && requires(T& value, std::string_view word) {
  T::kWords;
  value.set_word(word);
  value.word_text();
};

template <class T>
concept Named = Described<T> && T::kNamed;

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <class T>
inline constexpr bool kIsList = false;
template <class T>
inline constexpr bool kIsList<std::vector<T>> = true;

template <class T>
inline constexpr bool kIsMap = false;
template <class K, class T, class C>
inline constexpr bool kIsMap<std::map<K, T, C>> = true;

}  // namespace weir
