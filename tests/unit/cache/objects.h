// Makes requests, bodies and objects for the tests of the cache. Not for anything else.
#pragma once

#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/arena.h"
#include "proxy/cache/body.h"
#include "proxy/cache/key.h"
#include "proxy/cache/object.h"
#include "proxy/cache/vary.h"
#include "proxy/http/message.h"

namespace weir::test {

using Lines = std::vector<std::pair<std::string_view, std::string_view>>;

inline Fields fields(const Lines& lines) {
  Fields out;
  for (const auto& [name, value] : lines) out.add(name, value);
  return out;
}

inline RequestHead get(std::string_view path, const Lines& lines = {}) {
  RequestHead head;
  head.method_text = "GET";
  head.authority = "example.com";
  const auto question = path.find('?');
  head.path = path.substr(0, question);
  head.has_query = question != std::string_view::npos;
  if (head.has_query) head.query = path.substr(question + 1);
  head.fields = fields(lines);
  return head;
}

inline Block block(std::string_view text) {
  Block made{std::shared_ptr<char[]>(new char[text.size() + 1]), text.size() + 1, text.size()};
  std::memcpy(made.bytes.get(), text.data(), text.size());
  return made;
}

inline BodyPtr body(std::string_view text) {
  return std::make_shared<const Body>(std::vector<Block>{block(text)});
}

// The key bytes of a GET for that path on example.com.
inline std::string key_of(std::string_view path, const KeySpec& spec = {}) {
  Arena arena;
  return std::string(make_key(spec, get(path), arena).bytes);
}

inline Time at(std::int64_t seconds) {
  return Time{std::chrono::seconds(seconds)};
}

inline std::shared_ptr<Object> object(std::string_view path, std::string_view content) {
  auto made = std::make_shared<Object>();
  made->key = key_of(path);
  made->digest = hash128(made->key);
  made->head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
  made->body = body(content);
  made->life.fresh_for = std::chrono::hours(1);
  return made;
}

// A variant of `path` for the requests that have these fields, varying by their names.
inline std::shared_ptr<Object> variant(std::string_view path, std::string_view content, const Lines& request) {
  auto made = object(path, content);
  for (const auto& [name, value] : request) {
    made->vary_names.emplace_back(name);
    made->vary_values.push_back(vary_value(fields(request), name));
  }
  return made;
}

}  // namespace weir::test
