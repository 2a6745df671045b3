// The parts of reading that need no types; see read.h.
#include "proxy/config/read.h"

#include <algorithm>

#include "proxy/base/text.h"

namespace weir {
namespace {

constexpr std::size_t kLongestText = 8 * 1024;      // of one value
constexpr std::size_t kMostText = 4 * 1024 * 1024;  // of all values, variables filled in

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f; });
}

}  // namespace

Reader::Step::Step(Reader& reader, std::string_view name, Place place)
    : reader_(reader), length_(reader.scope_.path.size()) {
  auto& scope = reader_.scope_;
  scope.path = reader_.path_of(name);
  if (scope.places != nullptr) (*scope.places)[scope.path] = place;
}

std::string Reader::path_of(std::string_view name) const {
  return scope_.path.empty() ? std::string(name) : scope_.path + "." + std::string(name);
}

void Reader::not_given() {
  if (scope_.places != nullptr) scope_.places->erase(scope_.path);
}

bool Reader::full() const {
  return diagnostics_.size() > kMostDiagnostics;
}

void Reader::error(Place place, std::string what, std::string right) {
  if (full()) return;
  diagnostics_.push_back({Diagnostic::Severity::error, file_, place, std::move(what), std::move(right)});
}

void Reader::refused(Place place, const Error& refusal) {
  auto said = diagnose(file_, place, refusal.detail);
  error(place, std::move(said.what), std::move(said.right));
}

std::optional<std::string> Reader::text_of(const YamlNode& node, bool is_template, std::string_view shape) {
  if (node.kind != YamlNode::Kind::scalar) {
    misplaced(node, std::string(shape));
    return std::nullopt;
  }
  if (node.text.size() > kLongestText) {
    error(node.place, "a text of " + std::to_string(node.text.size()) + " bytes", "at most 8 KiB");
    return std::nullopt;
  }
  auto text = expand(node.text, environment_, is_template);
  if (!text) {
    refused(node.place, text.error());
    return std::nullopt;
  }
  text_bytes_ += text->size();
  if (has_control(*text) || text->size() > kLongestText || text_bytes_ > kMostText) {
    error(node.place, has_control(*text) ? "a control byte" : "too long a text once its variables are filled in",
          has_control(*text) ? "visible characters and spaces" : "at most 8 KiB, and 4 MiB in all");
    return std::nullopt;
  }
  return std::move(text).value();
}

bool Reader::fits(const Format* format, std::string_view text, Place place, bool show) {
  if (format == nullptr || format->good(text)) return true;
  error(place, (show ? "\"" + printable(text) + "\"" : "the value") + " is not " + std::string(format->what),
        std::string(format->right));
  return false;
}

void Reader::misplaced(const YamlNode& node, std::string right) {
  switch (node.kind) {
    case YamlNode::Kind::null: return error(node.place, "no value", std::move(right));
    case YamlNode::Kind::scalar: return error(node.place, "a single value does not fit here", std::move(right));
    case YamlNode::Kind::list: return error(node.place, "a list does not fit here", std::move(right));
    case YamlNode::Kind::map: return error(node.place, "a map does not fit here", std::move(right));
  }
}

const YamlEntry* Reader::Keys::take(std::string_view name) {
  for (std::size_t i = 0; i < map_.entries.size(); ++i) {
    if (map_.entries[i].key != name) continue;
    used_[i] = true;
    return &map_.entries[i];
  }
  return nullptr;
}

void Reader::Keys::missing(std::string_view name, const std::string& shape) {
  const auto& scope = reader_.scope_;
  if (scope.places != nullptr && scope.places->contains(reader_.path_of(name))) return;  // it came with defaults
  reader_.error(map_.place, "\"" + std::string(name) + "\" is missing", shape);
}

std::string Reader::Keys::right_for(std::string_view unknown) const {
  const auto near = nearest(unknown, known_);
  if (!near.empty()) return "did you mean \"" + std::string(near) + "\"?";
  for (const auto& [name, under] : inside_) {
    if (name == unknown) return "it stands under \"" + std::string(under) + "\"";
  }
  return "here may stand " + listed(known_, "and");
}

void Reader::Keys::finish() {
  for (std::size_t i = 0; i < map_.entries.size() && !reader_.full(); ++i) {
    if (used_[i]) continue;
    const auto& entry = map_.entries[i];
    reader_.error(entry.place, "unknown key \"" + printable(entry.key) + "\"", right_for(entry.key));
  }
}

}  // namespace weir
