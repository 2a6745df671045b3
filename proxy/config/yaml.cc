// Builds the tree from yaml-cpp's events, and is the one place where its exceptions end; see yaml.h.
#include "proxy/config/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <set>
#include <sstream>

#include "proxy/base/check.h"
#include "proxy/base/text.h"
#include "proxy/config/source.h"

namespace weir {
namespace {

constexpr std::size_t kMaxTextBytes = 4 * kMaxConfigBytes;  // of all scalars, aliases expanded

struct Stop {  // ends the walk; thrown through yaml-cpp and caught in this file
  Place place;
  std::string what;
  std::string right;
};

Place place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {1, 1};
  return {static_cast<unsigned>(mark.line) + 1, static_cast<unsigned>(mark.column) + 1};
}

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const ConfigSource& source, const std::string& file, Diagnostics& diagnostics)
      : source_(source), file_(file), diagnostics_(diagnostics) {}

  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) throw Stop{place_of(mark), "a second document", "one document a file"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.place = place_of(mark);
    add(std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.place = place_of(mark);
    node.text = text;
    const bool quoted = tag == "!";
    if (quoted && !source_.quote_closes(node.place)) {
      throw Stop{node.place, "a quote that is not closed on its line", "a quoted text stands on one line"};
    }
    if (!quoted) check_tag(tag, node.place);
    ConfigSource::restore_matches(node.text);
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Stop{place_of(mark), "an alias inside of what it stands for", "aliases of what stands before"};
    }
    const Place place = place_of(mark);
    charge(found->second, place, open_.size());
    YamlNode copy = found->second;
    copy.place = place;
    add(std::move(copy), 0);
  }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::optional<YamlEntry> entry;  // a map's key whose value comes next
    std::set<std::string, std::less<>> keys;
  };

  void check_tag(const std::string& tag, Place place) {
    if (!tag.empty() && tag != "?" && tag != "!") throw Stop{place, "the YAML tag " + printable(tag), "no tags"};
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const Place place = place_of(mark);
    check_tag(tag, place);
    if (open_.size() >= kMaxConfigDepth) throw Stop{place, "nested too deeply", "at most 64 levels"};
    Open next;
    next.node.kind = kind;
    next.node.place = place;
    next.anchor = anchor;
    open_.push_back(std::move(next));
  }

  void close() {
    WEIR_CHECK(!open_.empty());
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }

  // Puts a finished node where it belongs.
  void add(YamlNode node, YAML::anchor_t anchor) {
    charge_one(node.text.size(), node.place);
    if (anchor != 0) {
      charge(node, node.place, open_.size());
      anchors_[anchor] = node;
    }
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.entry) {
      begin_entry(parent, std::move(node));
    } else {
      if (node.kind == YamlNode::Kind::null) node.place = parent.entry->place;  // yaml-cpp points to the next line
      parent.entry->value = std::move(node);
      finish_entry(parent);
    }
  }

  void begin_entry(Open& parent, YamlNode key) {
    if (key.kind != YamlNode::Kind::scalar) throw Stop{key.place, "a key that is not a text", "KEY: VALUE"};
    if (key.text == "<<") throw Stop{key.place, "a merge key", "no <<; what all routes share stands under defaults"};
    parent.entry = YamlEntry{std::move(key.text), key.place, {}};
  }

  void finish_entry(Open& parent) {
    if (parent.keys.insert(parent.entry->key).second) {
      parent.node.entries.push_back(std::move(*parent.entry));
    } else if (diagnostics_.size() <= kMostDiagnostics) {
      diagnostics_.push_back({Diagnostic::Severity::error, file_, parent.entry->place,
                              "the key \"" + printable(parent.entry->key) + "\" a second time", "each key once"});
    }
    parent.entry.reset();
  }

  void charge_one(std::size_t bytes, Place place) {
    bytes_ += bytes;
    if (++nodes_ > kMaxConfigNodes)
      throw Stop{place, "too many values", "at most 100,000, aliases counted as what they stand for"};
    if (bytes_ > kMaxTextBytes)
      throw Stop{place, "too much text", "at most 4 MiB, aliases counted as what they stand for"};
  }

  // A copy of a whole tree, which will stand at this depth.
  void charge(const YamlNode& node, Place place, std::size_t depth) {
    if (depth > kMaxConfigDepth) throw Stop{place, "nested too deeply", "at most 64 levels"};
    charge_one(node.text.size(), place);
    for (const auto& item : node.items) charge(item, place, depth + 1);
    for (const auto& entry : node.entries) {
      bytes_ += entry.key.size();
      charge(entry.value, place, depth + 1);
    }
  }

  const ConfigSource& source_;
  const std::string& file_;
  Diagnostics& diagnostics_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  YamlNode root_;
  std::size_t documents_ = 0;
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
};

// What yaml-cpp says, and a hint where its words hide the usual cause.
Diagnostic syntax_error(const std::string& file, const YAML::Exception& error) {
  std::string right = "valid YAML";
  if (error.msg.find("flow") != std::string::npos) right = "in { } and [ ], quotes around a text with any of { } [ ] ,";
  if (error.msg.find("illegal map value") != std::string::npos)
    right = "KEY: VALUE, indented with spaces like its neighbours";
  if (error.msg == YAML::ErrorMsg::BAD_FILE) {  // so it calls what exhausts its depth guard
    return {Diagnostic::Severity::error, file, place_of(error.mark), "nested too deeply", "at most 64 levels"};
  }
  return {Diagnostic::Severity::error, file, place_of(error.mark), "no valid YAML: " + printable(error.msg),
          std::move(right)};
}

}  // namespace

const YamlEntry* YamlNode::find(std::string_view key) const {
  for (const auto& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

std::optional<YamlNode> parse_yaml(const std::string& file, std::string_view text, Diagnostics& diagnostics) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const ConfigSource source(text);
  if (auto wrong = source.wrong(file)) {
    diagnostics.push_back(std::move(*wrong));
    return std::nullopt;
  }
  TreeBuilder builder(source, file, diagnostics);
  try {
    std::istringstream in(source.for_yaml());
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {}
    return builder.take();
  } catch (const Stop& stop) {
    diagnostics.push_back({Diagnostic::Severity::error, file, stop.place, stop.what, stop.right});
  } catch (const YAML::Exception& error) {
    diagnostics.push_back(syntax_error(file, error));
  }
  return std::nullopt;
}

}  // namespace weir
