// Writes JSON: for the admin endpoint, the logs and the command line. Keeps track of commas and nesting; the caller
// opens and closes in order. Reading is simdjson's work.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

class JsonWriter {
 public:
  JsonWriter() = default;
  // Writes into the memory of a text that is no longer needed; take() gives it back.
  explicit JsonWriter(std::string memory) : out_(std::move(memory)) { out_.clear(); }

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool yes);
  JsonWriter& value(std::int64_t n);
  JsonWriter& value(std::uint64_t n);
  JsonWriter& value(unsigned n) { return value(static_cast<std::uint64_t>(n)); }
  JsonWriter& value(int n) { return value(static_cast<std::int64_t>(n)); }
  JsonWriter& value(double n);  // at most three decimals; NaN and infinity are null
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);      // a value that is JSON already
  JsonWriter& members(std::string_view json);  // of the open object: "name":value,… as JSON already

  template <class T>
  JsonWriter& field(std::string_view name, const T& v) {
    key(name);
    return value(v);
  }

  std::string take() { return std::move(out_); }
  const std::string& text() const { return out_; }

 private:
  void separate();
  void open(char bracket);
  void close(char bracket);

  static constexpr unsigned kDeepest = 64;

  std::string out_;
  std::uint64_t filled_ = 0;  // a bit for each open object or array: has it a member?
  unsigned depth_ = 0;
  bool after_key_ = false;
};

// Appends text in quotes; invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace weir
