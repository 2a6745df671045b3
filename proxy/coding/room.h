// Room: where a C library writes at the end of a string. What it leaves unused is cut off again.
#pragma once

#include <cstddef>
#include <string>

namespace weir {

class Room {
 public:
  Room(std::string& out, std::size_t size) : out_(out), begin_(out.size()) { out_.resize(begin_ + size); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  ~Room() { out_.resize(begin_ + used_); }

  char* data() const { return out_.data() + begin_; }
  std::size_t size() const { return out_.size() - begin_; }
  void use(std::size_t bytes) { used_ = bytes; }

 private:
  std::string& out_;
  std::size_t begin_;
  std::size_t used_ = 0;
};

}  // namespace weir
