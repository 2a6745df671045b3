// Pending output; see output.h.
#include "proxy/server/output.h"

#include <algorithm>
#include <array>

namespace weir {
namespace {

constexpr std::size_t kMostPieces = 64;  // for one system call
constexpr std::size_t kMostSentKept = 256;

}  // namespace

void Output::add(std::string_view text) {
  if (text.empty()) return;
  const std::size_t offset = text_.size();
  text_.append(text);
  unsent_ += text.size();
  const bool extends = first_ < pieces_.size() && pieces_.back().external == nullptr &&
                       pieces_.back().offset + pieces_.back().length == offset;
  if (extends) {
    pieces_.back().length += text.size();
  } else {
    pieces_.push_back({nullptr, offset, text.size(), nullptr});
  }
}

void Output::add(const BodyPtr& body, std::uint64_t first, std::uint64_t length) {
  unsent_ += static_cast<std::size_t>(length);
  for (const Block& block : body->blocks()) {
    if (length == 0) return;
    if (first >= block.used) {
      first -= block.used;
      continue;
    }
    const auto part = std::min<std::uint64_t>(block.used - first, length);
    pieces_.push_back({block.bytes.get() + first, 0, static_cast<std::size_t>(part), body});
    first = 0;
    length -= part;
  }
}

std::size_t Output::gather(std::span<iovec> out) const {
  std::size_t count = 0;
  std::size_t skip = done_;
  for (std::size_t i = first_; i < pieces_.size() && count < out.size(); ++i) {
    const Piece& piece = pieces_[i];
    const char* begin = piece.external != nullptr ? piece.external : text_.data() + piece.offset;
    out[count++] = {const_cast<char*>(begin) + skip, piece.length - skip};
    skip = 0;
  }
  return count;
}

void Output::consume(std::size_t bytes) {
  unsent_ -= bytes;
  sent_ += bytes;
  if (unsent_ == 0) return clear();
  while (bytes > 0) {
    const std::size_t left = pieces_[first_].length - done_;
    if (bytes < left) {
      done_ += bytes;
      return;
    }
    bytes -= left;
    done_ = 0;
    ++first_;
  }
  if (first_ >= kMostSentKept) forget_sent();
}

// A client that always has more to get than it takes: what it took must not pile up.
void Output::forget_sent() {
  pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
  std::size_t begin = text_.size();
  for (const Piece& piece : pieces_) {
    if (piece.external == nullptr) begin = std::min(begin, piece.offset);
  }
  text_.erase(0, begin);
  for (Piece& piece : pieces_) {
    if (piece.external == nullptr) piece.offset -= begin;
  }
}

void Output::clear() {
  text_.clear();
  pieces_.clear();
  first_ = done_ = unsent_ = 0;
}

void Output::shrink() {
  if (!empty()) return;
  std::string().swap(text_);
  std::vector<Piece>().swap(pieces_);
  first_ = done_ = 0;
}

Io::Kind Output::flush(Stream& stream) {
  std::array<iovec, kMostPieces> pieces;
  while (unsent_ > 0) {
    const Io io = stream.write({pieces.data(), gather(pieces)});
    if (io.kind != Io::Kind::moved) return io.kind;
    consume(io.bytes);
  }
  return Io::Kind::moved;
}

Io Output::send_through(Stream& stream, std::span<const iovec> more) {
  std::array<iovec, kMostPieces> pieces;
  const std::size_t own = gather({pieces.data(), kMostPieces / 2});
  std::size_t covered = 0;
  for (std::size_t i = 0; i < own; ++i) covered += pieces[i].iov_len;
  const std::size_t waiting = unsent_;
  std::size_t count = own;
  if (covered == waiting) {  // else not all of our own fits in one call: the others wait
    for (const iovec& piece : more.first(std::min(more.size(), kMostPieces - own))) pieces[count++] = piece;
  }
  Io io = stream.write({pieces.data(), count});
  if (io.kind != Io::Kind::moved) return io;
  const std::size_t ours = std::min(io.bytes, waiting);
  if (ours > 0) consume(ours);
  sent_ += io.bytes - ours;
  io.bytes -= ours;
  return io;
}

}  // namespace weir
