// H2Sender: the sending half of an HTTP/2 connection: frames into the output, whose turn it is, what is settled when it
// has left. Heads and the connection's own frames go at once; content as windows and turns allow (RFC 9218 §10).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/exchange/channel.h"
#include "proxy/http/h2_window.h"
#include "proxy/http/hpack_table.h"
#include "proxy/server/accounts.h"
#include "proxy/server/output.h"

namespace weir {

class H2Stream;

class H2Sender {
 public:
  static constexpr std::size_t kMostQueued = 256 * 1024;  // then streams wait for their turns, and requests unread
  static constexpr std::size_t kFrame = kH2LeastFrame;    // no DATA frame is longer: a turn

  H2Sender(WorkerContext& worker, HpackHeads& heads) : accounts_(worker), heads_(heads) {}

  void shrink();   // nothing is open: gives memory back, but for the state of HPACK
  void restart();  // another connection; what the one before didn't send it never will

  // A frame of the connection, as one of h2_frame.h's functions appends it.
  template <class Append>
  void frame(Append append) {
    scratch_.clear();
    append(scratch_);
    output_.add(scratch_);
  }
  // Frames of streams.
  void head(std::uint32_t stream, const ResponseStart& response, bool ends);
  void interim(std::uint32_t stream, std::string_view head);
  void trailers(std::uint32_t stream, std::string_view lines);
  // The header of a DATA frame; so many bytes of content follow in output().
  void data(std::uint32_t stream, std::size_t bytes, bool ends);
  Output& output() { return output_; }

  HpackTable& table() { return table_; }
  H2SendWindow& window() { return window_; }
  // How much content may go into the output now, whoever's it is.
  std::size_t room() const;

  // Turns.
  void wait(H2Stream& stream) { waiting_.push_back(&stream); }
  void forget(H2Stream& stream) { std::erase(waiting_, &stream); }
  bool contended() const { return !waiting_.empty(); }
  // While there is room; true: somebody's turn comes when there is more of it.
  bool give_turns();

  void settle_when_sent(Account account, std::string_view text);
  std::size_t queued() const { return output_.unsent() + accounts_.memory(); }
  bool output_empty() const { return output_.empty(); }
  std::uint64_t sent() const { return output_.sent(); }
  Io::Kind write_out(Stream& to);
  // DATA frames, and their content, since the last time it was asked.
  struct Sent {
    std::uint64_t frames = 0, bytes = 0;
  };
  Sent take_sent() { return std::exchange(content_, {}); }

 private:
  H2Stream* next_turn() const;
  void begin_block();
  void add_block(std::uint32_t stream, bool ends);

  Output output_;
  Accounts accounts_;  // none where output_ is empty
  std::string scratch_, block_;
  HpackHeads& heads_;
  HpackTable table_;
  H2SendWindow window_;
  std::vector<H2Stream*> waiting_;  // those whose turn was longest ago first
  Sent content_;
};

}  // namespace weir
