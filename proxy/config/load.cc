// File → text → YAML tree → structs → checked; see load.h.
#include "proxy/config/load.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "proxy/config/check.h"
#include "proxy/config/read.h"
#include "proxy/config/yaml.h"

namespace weir {
namespace {

// At most one byte more than a config file may have; nullopt with errno set.
std::optional<std::string> read_whole(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return std::nullopt;
  std::string text(kMaxConfigBytes + 1, '\0');
  const std::size_t length = std::fread(text.data(), 1, text.size(), file.get());
  if (std::ferror(file.get()) != 0) return std::nullopt;
  text.resize(length);
  return text;
}

}  // namespace

Loaded load_text(std::string file, std::string_view text, const Environment& environment) {
  Loaded loaded;
  auto root = parse_yaml(file, text, loaded.diagnostics);
  if (!root) return loaded;
  if (root->kind == YamlNode::Kind::null) {  // an empty file lacks what an empty map lacks
    root->kind = YamlNode::Kind::map;
    root->place = {1, 1};
  }
  Config& config = loaded.config.emplace();
  Reader reader(file, environment, loaded.diagnostics);
  reader.read(*root, config);
  config.file = std::move(file);
  complete_and_check(config, loaded.diagnostics);
  put_in_order(loaded.diagnostics);
  return loaded;
}

Loaded load_file(const std::string& path, const Environment& environment) {
  const auto text = read_whole(path);
  if (text) return load_text(path, *text, environment);
  Loaded failed;
  failed.diagnostics.push_back(
      {Diagnostic::Severity::error, path, {}, std::string("can't be read: ") + std::strerror(errno), {}});
  return failed;
}

}  // namespace weir
