// A visitor of describe() that writes conf/reference.yaml; see reference.h.
#include <utility>

#include "proxy/config/config.h"
#include "proxy/config/reference.h"
#include "proxy/config/shape.h"

namespace weir {
namespace {

constexpr std::size_t kCommentColumn = 44;

class YamlReference {
 public:
  template <class T>
  void operator()(std::string_view name, T& value, std::string_view sentence, const Rules& rules = {}) {
    const std::string key = std::string(name) + ":";
    if constexpr (std::is_same_v<std::decay_t<T>, RouteOptions>) {
      line("# " + key + " {}", std::string(sentence) + "; takes what a route takes, but name and match");
    } else if constexpr (is_block<T>()) {
      const std::string_view word = default_word(value);
      const bool outer = std::exchange(commented_, commented_ || !word.empty() || has_no_default(value));
      line(key, word.empty() ? std::string(sentence) : std::string(sentence) + "; left out: " + std::string(word));
      block(value);
      commented_ = outer;
    } else if (is_optional_block<T>()) {
      const bool outer = std::exchange(commented_, true);
      line(key, std::string(sentence) + "; left out: " + std::string(rules.otherwise));
      optional_block(value);
      commented_ = outer;
    } else if (!rules.otherwise.empty()) {
      line("# " + key + " " + std::string(rules.example),
           std::string(sentence) + "; left out: " + std::string(rules.otherwise));
    } else {
      line(key + " " +
               (rules.required && !rules.example.empty() ? std::string(rules.example) : inline_value(value, rules)),
           sentence);
    }
  }

  std::string take() { return std::move(out_); }

 private:
  // Of an option that is a word or a map: the word that it is by default. To write its map would be to set it.
  template <class T>
  static std::string_view default_word(const T& value) {
    if constexpr (HasWords<T>) return value.word_text();
    return {};
  }

  struct Count {
    int options = 0;
    template <class T>
    void operator()(std::string_view, T&, std::string_view, const Rules& = {}) {
      ++options;
    }
  };

  // None of its options has a default to show: with all of them commented out, it would be a key without a value.
  struct Shown {
    bool any = false;
    template <class T>
    void operator()(std::string_view, T&, std::string_view, const Rules& rules = {}) {
      any = any || (!kIsOptional<T> && rules.otherwise.empty());
    }
  };
  template <class T>
  static bool has_no_default(T& value) {
    if constexpr (kIsList<T>) return false;
    if constexpr (Described<T>) {
      Shown shown;
      T::describe(shown, value);
      return !shown.any;
    }
    return false;
  }

  // A map that may be left out, with more options than a line takes.
  template <class T>
  static bool is_optional_block() {
    if constexpr (kIsOptional<T>) {
      if constexpr (Described<typename T::value_type>) {
        Count count;
        typename T::value_type blank{};
        T::value_type::describe(count, blank);
        return count.options > 3;
      }
    }
    return false;
  }
  template <class T>
  void optional_block(T&) {
    if constexpr (kIsOptional<T>) {
      if constexpr (Described<typename T::value_type>) {
        typename T::value_type blank{};
        block(blank);
      }
    }
  }

  template <class T>
  void block(T& value) {
    indent_ += 2;
    if constexpr (!kIsList<T>) {
      T::describe(*this, value);
    } else if constexpr (Named<typename T::value_type>) {
      line("api:", "a name of your choice");
      typename T::value_type blank{};
      block(blank);
    } else {
      typename T::value_type blank{};
      dash_ = true;
      indent_ += 2;
      T::value_type::describe(*this, blank);
      indent_ -= 2;
    }
    indent_ -= 2;
  }

  void line(std::string_view text, std::string_view comment) {
    std::string whole(indent_ - (dash_ ? 2 : 0), ' ');
    if (commented_ && !text.starts_with('#')) whole += "# ";
    if (dash_) whole += "- ";
    dash_ = false;
    whole += text;
    whole.resize(std::max(whole.size() + 2, kCommentColumn), ' ');
    out_ += whole + "# " + std::string(comment) + "\n";
  }

  std::string out_;
  std::size_t indent_ = 0;
  bool dash_ = false;       // the next line begins an item
  bool commented_ = false;  // all of it is an example
};

}  // namespace

std::string config_reference_yaml() {
  YamlReference reference;
  Config config;
  Config::describe(reference, config);
  return "# Each option of weir with its default. One that is commented out has none: an example stands in its place.\n"
         "# Made by `weir schema --reference`; docs/config.md says what values look like.\n" +
         reference.take();
}

}  // namespace weir
