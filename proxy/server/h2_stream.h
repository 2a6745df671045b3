// H2Stream: one stream of an HTTP/2 connection: a request, its exchange, and the answer on its way out. Belongs to the
// worker's pool, is lent to a session while the stream is open, and is used again: a hit allocates nothing.
//
// Its life: open() ─► the exchange runs ─► finish(): END_STREAM waits for windows and turns ─► sent, and the exchange
// over: back to the pool. A stream that is reset goes there at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/exchange/channel.h"
#include "proxy/exchange/exchange.h"
#include "proxy/http/h2_window.h"
#include "proxy/http/priority.h"
#include "proxy/server/h2_content.h"

namespace weir {

class H2Session;

class H2Stream final : public Channel {
 public:
  explicit H2Stream(WorkerContext& worker) : exchange(worker, *this), window_in_(kWindowIn) {}

  // The most that a client may send of a request before the origin has taken it.
  static constexpr std::uint32_t kWindowIn = static_cast<std::uint32_t>(Upload::kWindow);

  // `head` and `arena` are filled.
  struct Opened {
    std::uint32_t id;
    std::size_t slot;
    std::int64_t window;
    bool client_ended;
  };
  void open(H2Session& session, const Opened& opened);
  // Cancels what is under way, and forgets all but its memory.
  void close();

  std::uint32_t id() const { return id_; }
  std::size_t slot() const { return slot_; }
  bool over() const { return over_ && ended_; }  // nothing is left to do

  // The client's side.
  [[nodiscard]] bool on_body(std::string_view bytes, std::size_t flow);  // false: past its window
  void on_end(std::string trailers);
  void on_reset();
  H2SendWindow& window_out() { return window_out_; }

  // Sending. A turn sends a frame at most, and more where nobody else waits.
  // `window_open`: the connection's.
  bool can_send(bool window_open) const;
  void take_turn();

  // Since when nothing moved that is the client's to move: for the limits of time. Nothing where it isn't waited for.
  bool client_is_slow() const;
  std::uint64_t progress() const { return progress_; }
  struct Watched {
    std::chrono::steady_clock::time_point since{};
    std::uint64_t progress = 0;
    bool slow = false;
  } watched;

  // Channel
  void send_interim(std::string_view head) override;
  void start(const ResponseStart& response) override;
  void send_whole(const BodyPtr& body) override { content_.add(body, 0, body->size()); }
  void send_slice(const BodyPtr& body, std::uint64_t first, std::uint64_t length) override {
    content_.add(body, first, length);
  }
  void send_text(std::string_view content) override { content_.add(content); }
  std::size_t send_some(std::span<const iovec> pieces) override;
  void finish(std::string_view trailers) override;
  void abort() override;
  void read_request_body(std::shared_ptr<Upload> upload) override;
  void settle_when_sent(Account account, std::string_view text) override;
  void exchange_over() override;

  RequestHead head;
  Arena arena;  // the head's
  Exchange exchange;
  Priority priority;

 private:
  std::size_t room() const;
  void wait();
  void send_content();
  void end_sent();
  void close_at_parser();
  void settle();
  void use_window();
  void give_back(std::size_t bytes);
  std::shared_ptr<Upload> let_upload_go();

  H2Session* session_ = nullptr;
  std::uint32_t id_ = 0;
  std::size_t slot_ = 0;

  // The answer.
  H2Content content_;
  std::string trailers_;
  H2SendWindow window_out_;
  bool finished_ = false;  // all of it is in content_, or sent
  bool ended_ = false;     // END_STREAM, or a reset, is in the output
  bool closed_ = false;    // the parser knows
  bool waits_ = false;     // for a turn, with something to send
  bool over_ = true;       // the exchange
  bool takes_turn_ = false;
  std::size_t turn_ = 0;  // what of it is left
  std::optional<Account> account_;
  std::string account_text_;

  // The request's body.
  std::shared_ptr<Upload> upload_;
  H2ReceiveWindow window_in_;
  std::size_t unreturned_ = 0;  // came, and its window wasn't opened again
  std::uint64_t body_bytes_ = 0, progress_ = 0;
  bool client_ended_ = false, continue_due_ = false;

  // Of a tunnel (RFC 8441): either side ends by itself, and the stream when both have.
  bool tunnels_ = false;
  std::string early_;  // what the client said before it stood
};

// The streams of one worker that are free.
class H2StreamPool {
 public:
  explicit H2StreamPool(WorkerContext& worker) : worker_(worker) {}

  std::unique_ptr<H2Stream> borrow();
  void give_back(std::unique_ptr<H2Stream> stream);
  void clear() { free_.clear(); }

 private:
  static constexpr std::size_t kKept = 256;
  WorkerContext& worker_;
  std::vector<std::unique_ptr<H2Stream>> free_;
};

}  // namespace weir
