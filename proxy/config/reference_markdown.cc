// A visitor of describe() that writes the tables of docs/config.md, one a struct; see reference.h.
#include <string_view>

#include "proxy/config/config.h"
#include "proxy/config/reference.h"
#include "proxy/config/shape.h"

namespace weir {
namespace {

constexpr std::string_view kIntroduction = R"(# The config file

One YAML file. Made by `weir schema --markdown` from the descriptions in `proxy/config/`; `weir schema` prints the same as a
JSON Schema for editors, and `conf/reference.yaml` has each option with its default.

`weir check -c FILE` says all that is wrong with a file, `weir explain -c FILE 'GET /path'` what it does with a request.

## Values
- Durations: `250ms 30s 5m 1h 7d`. Sizes: `16KiB 512MiB 1GB`. Percentages: `20%`. `true` and `false`, not `yes` or `on`.
- A list of one needs no brackets: `tags: search` is `tags: [ search ]`.
- `${VAR}` stands for an environment variable, `${VAR:-default}` for one that may be unset or empty. Their names are in
  capitals (`A-Z 0-9 _`). They are filled in inside values, after YAML was read: what comes from the environment never adds
  structure. In `tags`, `urls` and `prefixes` names in small letters are filled in by each request: what the path's `{name}`
  matched, and `${user}`, the digest of `key.user`.
- Inside `{ }` and `[ ]` YAML wants quotes around a text with any of `{ } [ ] ,`.
- Unknown keys, keys given twice, merge keys (`<<`), several documents and texts over several lines are errors.

## Matching
`match: [METHODS] PATH`, as in `GET /api/videos/{id}`, `[ PUT, PATCH ] /api/videos/{id}`, `/media/{path...}`, or a list of
such. Without methods any method matches; `GET` matches `HEAD` too. The first route that matches wins; one that can never be
reached is an error.

| in a path | matches |
| --- | --- |
| `/videos/new` | this very path |
| `{id}` | one segment that is not empty |
| `{path...}`, only at the end | the rest, at least one segment |
| `/` at the end | the path, and everything below it: `/api/` matches `/api/` and `/api/videos`; `/` matches all |

## Modes of the cache
| `cache:` | what is kept |
| --- | --- |
| `off` | nothing: requests are forwarded |
| `origin`, or a map without `ttl` | what the origin's own headers allow |
| a map with `ttl` (or `adaptive`) | the same, and for `ttl` what the origin's headers say nothing about |

Neither ever keeps `no-store`. `private` is kept only for a user that `key.user` names; an empty value names nobody. An answer
to `Authorization` that RFC 9111 forbids to share is kept only where the key holds that field, too: `key.user: { header:
Authorization }`, or another `key.user` beside `key.headers: [ Authorization ]`. On routes with a `ttl` only harmless request
fields, those in the key and those in `request.forward` reach the origin: what is not in the key must not change the answer.

`defaults` are merged into each route key by key; lists are replaced. `cache: off` and `cache: origin` in a route drop the
lifetimes of defaults, and keep what they say on stale copies.
)";

class MarkdownReference {
 public:
  explicit MarkdownReference(std::string path) : path_(std::move(path)) {}

  template <class T>
  void operator()(std::string_view name, T& value, std::string_view sentence, const Rules& rules = {}) {
    const std::string code = "`" + std::string(name) + "`";
    if constexpr (std::is_same_v<std::decay_t<T>, RouteOptions>) {
      row(code, "what a route takes, but `name` and `match`", "", sentence);
    } else if constexpr (has_options<T>()) {
      const std::string path = path_.empty() ? std::string(name) : path_ + "." + std::string(name);
      row(code, takes(value, rules, path), standard(value, rules), sentence);
      below(value, path);
    } else {
      row(code, takes(value, rules, {}), standard(value, rules), sentence);
    }
  }

  std::string take() const {
    const std::string title = path_.empty() ? "Options" : path_;
    return "\n## " + title + "\n| option | takes | default | meaning |\n| --- | --- | --- | --- |\n" + rows_ +
           sections_;
  }

 private:
  template <class T>
  static constexpr bool has_options() {
    if constexpr (kIsOptional<T>) {
      return Described<typename T::value_type>;
    } else {
      return is_block<T>();
    }
  }

  template <class T>
  void below(const T&, const std::string& path) {
    if constexpr (kIsOptional<T>) {
      below(typename T::value_type{}, path);
    } else if constexpr (kIsList<T>) {
      below(typename T::value_type{}, Named<typename T::value_type> ? path + ".NAME" : path);
    } else {
      MarkdownReference inside(path);
      T blank{};
      T::describe(inside, blank);
      sections_ += inside.take();
    }
  }

  template <class T>
  static std::string takes(const T& value, const Rules& rules, const std::string& path) {
    if (!path.empty()) {
      if constexpr (HasWords<T>) return listed({T::kWords.begin(), T::kWords.end()}) + ", or the options of " + path;
      if constexpr (kIsList<T>) {
        return Named<typename T::value_type> ? "options by NAME" : "a list of options";
      }
      return "options";
    }
    std::string out = shape_of(value, rules);
    const std::string least(rules.least);
    const std::string most(rules.most);
    if (!least.empty() && !most.empty()) return out + " from " + least + " to " + most;
    if (!least.empty()) return out + ", at least " + least;
    if (!most.empty()) return out + ", at most " + most;
    return out;
  }

  template <class T>
  static std::string standard(const T& value, const Rules& rules) {
    if (rules.required) return "required";
    if (!rules.otherwise.empty()) return std::string(rules.otherwise);
    if constexpr (has_options<T>()) {
      static_cast<void>(value);
      return "";
    } else {
      return "`" + inline_value(value, rules) + "`";
    }
  }

  void row(std::string_view name, std::string_view what, std::string_view standard, std::string_view sentence) {
    rows_.append("| ").append(name).append(" | ").append(what).append(" | ").append(standard);
    rows_.append(" | ").append(sentence).append(" |\n");
  }

  std::string path_;
  std::string rows_;
  std::string sections_;  // of the structs below
};

}  // namespace

std::string config_reference_markdown() {
  MarkdownReference reference("");
  Config config;
  Config::describe(reference, config);
  return std::string(kIntroduction) + reference.take();
}

}  // namespace weir
