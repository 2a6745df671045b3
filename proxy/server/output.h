// Output: what one connection has yet to send, in order: small text that it owns, and bodies that it only refers to.
// Sent by as few system calls as there can be: pipelined answers share one. Memory is kept for the next time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/cache/body.h"
#include "proxy/net/stream.h"

namespace weir {

class Output {
 public:
  void add(std::string_view text);
  void add(const BodyPtr& body) { add(body, 0, body->size()); }              // all its blocks, held until sent
  void add(const BodyPtr& body, std::uint64_t first, std::uint64_t length);  // a part of it

  // Writes until all is gone (moved), the socket is full (again), or it broke (failed).
  Io::Kind flush(Stream& stream);

  // Writes what waits and then `pieces`, in one go; says how many bytes of `pieces` were taken.
  Io send_through(Stream& stream, std::span<const iovec> pieces);

  bool empty() const { return unsent_ == 0; }
  std::size_t unsent() const { return unsent_; }
  std::uint64_t sent() const { return sent_; }
  void clear();
  void shrink();  // the memory that is kept for the next time; where it is empty

 private:
  struct Piece {
    const char* external = nullptr;  // null: in text_, at offset
    std::size_t offset = 0;
    std::size_t length = 0;
    BodyPtr held;  // what `external` lies in
  };
  std::size_t gather(std::span<iovec> out) const;
  void consume(std::size_t bytes);
  void forget_sent();

  std::string text_;
  std::vector<Piece> pieces_;
  std::size_t first_ = 0;  // pieces before it are sent
  std::size_t done_ = 0;   // bytes of pieces_[first_] that are
  std::size_t unsent_ = 0;
  std::uint64_t sent_ = 0;  // since the connection began: for the minimum rate
};

}  // namespace weir
