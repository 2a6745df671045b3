// H2Content: what of one stream's answer is known but not sent: references to bodies, and small text of its own. Memory
// is kept for the next answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/server/output.h"

namespace weir {

class H2Content {
 public:
  void add(const BodyPtr& body, std::uint64_t first, std::uint64_t length);
  void add(std::string_view text);

  std::uint64_t left() const { return left_; }
  // The next so many bytes: small bodies are copied, larger ones referred to (libraries.md §4 has the measure).
  void move_to(Output& output, std::uint64_t bytes);
  void clear();

 private:
  struct Part {
    BodyPtr body;             // null: in text_
    std::uint64_t first = 0;  // of what is left of it
    std::uint64_t length = 0;
  };

  std::string text_;
  std::vector<Part> parts_;
  std::size_t first_ = 0;  // parts before it are gone
  std::uint64_t left_ = 0;
};

}  // namespace weir
