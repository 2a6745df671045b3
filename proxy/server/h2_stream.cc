// One stream; see h2_stream.h. How its exchange sends and receives.
#include "proxy/server/h2_stream.h"

#include <algorithm>
#include <utility>

#include "proxy/server/h2_session.h"

namespace weir {
namespace {

constexpr std::uint64_t kAtOnce = 8 * 1024;  // an answer so small waits for no turn where nobody else does

}  // namespace

void H2Stream::open(H2Session& session, const Opened& opened) {
  session_ = &session;
  id_ = opened.id;
  slot_ = opened.slot;
  window_out_ = H2SendWindow(opened.window);
  window_in_ = H2ReceiveWindow(kWindowIn);
  watched = {};
  finished_ = ended_ = closed_ = waits_ = over_ = tunnels_ = false;
  client_ended_ = opened.client_ended;
  continue_due_ = head.expect_continue;
  turn_ = unreturned_ = 0;
  body_bytes_ = progress_ = 0;
  priority = parse_priority(head.fields.value(Name::priority));
}

void H2Stream::close() {
  if (session_ == nullptr) return;
  if (exchange.under_way()) exchange.cancel();
  if (account_) {
    account_->cut_off(content_.left());
    settle();  // what of it is in the output still leaves
  }
  let_upload_go();
  if (waits_) session_->sender().forget(*this);
  give_back(unreturned_);
  session_ = nullptr;
  content_.clear();
  trailers_.clear();
  early_.clear();
  over_ = true;
  waits_ = false;
}

// --- the client's side ---

bool H2Stream::on_body(std::string_view bytes, std::size_t flow) {
  if (!window_in_.take(flow)) return false;
  body_bytes_ += bytes.size();
  progress_ += flow;
  if (upload_ && !tunnels_ && exchange.route != nullptr && body_bytes_ > exchange.route->max_request_body) {
    give_back(unreturned_);
    let_upload_go()->abandon(Upload::End::too_large);  // one whose length wasn't said
  }
  if (!upload_ && exchange.upgrade.empty()) {  // nobody wants it: the stream's window isn't opened again
    session_->use_window(flow);
    return true;
  }
  unreturned_ += flow;
  session_->hold(flow);
  upload_ ? upload_->append(bytes) : void(early_.append(bytes));
  return true;
}

void H2Stream::on_end(std::string trailers) {
  client_ended_ = true;
  if (upload_) upload_->finish(std::move(trailers));
}

// The origin has taken some of the body: the client may send as much again.
void H2Stream::use_window() {
  if (session_ == nullptr || !upload_) return;
  const std::size_t used = unreturned_ - std::min(unreturned_, upload_->waiting());
  give_back(used);
  const std::uint32_t increment = client_ended_ ? 0 : window_in_.give_back(used);
  if (increment > 0) session_->grant(id_, increment);
}

void H2Stream::give_back(std::size_t bytes) {
  unreturned_ -= bytes;
  session_->let_go(bytes);
}

void H2Stream::read_request_body(std::shared_ptr<Upload> upload) {
  upload_ = std::move(upload);
  upload_->on_room([this] { use_window(); });
  if (!early_.empty()) upload_->append(std::exchange(early_, {}));
  if (client_ended_) upload_->finish({});
  upload_->on_wanted([this] {
    if (std::exchange(continue_due_, false) && !exchange.started) send_interim("HTTP/1.1 100 Continue\r\n\r\n");
  });
}

std::shared_ptr<Upload> H2Stream::let_upload_go() {
  if (upload_) {
    upload_->on_room({});
    upload_->on_wanted({});
  }
  return std::exchange(upload_, nullptr);
}

// The client's to move: content of its own that there is room for, or a window that it keeps shut.
bool H2Stream::client_is_slow() const {
  if (session_ == nullptr) return false;
  if (tunnels_) return false;  // the exchange watches over it
  if (waits_) return !can_send(session_->sender().window().left() > 0);
  // What it sends once it is being answered, a call of gRPC say, it may take its time with.
  return upload_ && !client_ended_ && !continue_due_ && !upload_->full() && !exchange.started &&
         session_->takes_content();
}

// --- sending ---

void H2Stream::send_interim(std::string_view head_lines) {
  if (session_ == nullptr) return;
  session_->sender().interim(id_, head_lines);
  session_->flush_later();
}

void H2Stream::start(const ResponseStart& response) {
  if (session_ == nullptr) return;
  tunnels_ = !response.tunnel.empty();
  const bool ends = !response.body || response.length == 0;
  session_->sender().head(id_, response, ends);
  if (ends) return end_sent();
  session_->flush_later();
}

// What may leave now: outside of its turn nothing while others wait for theirs.
std::size_t H2Stream::room() const {
  const H2Sender& sender = session_->sender();
  if ((sender.contended() && turn_ == 0) || window_out_.left() <= 0) return 0;
  const std::size_t most = std::min(static_cast<std::size_t>(window_out_.left()), sender.room());
  return turn_ > 0 ? std::min(most, turn_) : most;
}

void H2Stream::wait() {
  if (!std::exchange(waits_, true)) session_->sender().wait(*this);
  session_->flush_later();
}

std::size_t H2Stream::send_some(std::span<const iovec> pieces) {
  if (session_ == nullptr || ended_) return 0;
  H2Sender& sender = session_->sender();
  std::size_t offered = 0, taken = 0;
  for (const iovec& piece : pieces) offered += piece.iov_len;
  std::size_t index = 0, done = 0;  // of pieces[index]
  for (std::size_t left; (left = std::min({offered - taken, room(), H2Sender::kFrame})) > 0;) {
    sender.data(id_, left, false);
    window_out_.take(left);
    taken += left;
    turn_ -= std::min(turn_, left);
    while (left > 0) {
      const iovec& piece = pieces[index];
      const std::size_t part = std::min(piece.iov_len - done, left);
      sender.output().add({static_cast<const char*>(piece.iov_base) + done, part});
      left -= part;
      done += part;
      if (done == piece.iov_len) {
        ++index;
        done = 0;
      }
    }
  }
  progress_ += taken;
  if (taken < offered)
    wait();
  else
    session_->flush_later();
  return taken;
}

void H2Stream::finish(std::string_view trailers) {
  if (session_ == nullptr || ended_) return;
  finished_ = true;
  trailers_ = trailers;
  if (turn_ > 0 || (content_.left() <= kAtOnce && !session_->sender().contended())) return send_content();
  wait();
}

// Of an answer that is known to its end: as much as may leave, and END_STREAM with the last of it.
void H2Stream::send_content() {
  H2Sender& sender = session_->sender();
  for (std::size_t part;
       (part = static_cast<std::size_t>(std::min<std::uint64_t>({content_.left(), room(), H2Sender::kFrame}))) > 0;) {
    const bool ends = part == content_.left() && trailers_.empty();
    sender.data(id_, part, ends);
    window_out_.take(part);
    turn_ -= std::min(turn_, part);
    progress_ += part;
    content_.move_to(sender.output(), part);
    if (ends) return end_sent();
  }
  if (content_.left() > 0) return wait();
  trailers_.empty() ? sender.data(id_, 0, true) : sender.trailers(id_, trailers_);
  end_sent();
}

bool H2Stream::can_send(bool window_open) const {
  return (window_open && window_out_.left() > 0) || (finished_ && content_.left() == 0);
}

// The exchange may be over at the end of it, and the stream in the pool.
void H2Stream::take_turn() {
  waits_ = false;
  takes_turn_ = true;
  turn_ = H2Sender::kFrame;
  finished_ ? send_content() : exchange.on_channel_room();
  turn_ = 0;
  takes_turn_ = false;
  if (over()) session_->release(*this);
}

void H2Stream::close_at_parser() {
  if (!std::exchange(closed_, true)) session_->answered(*this);
}

// Its place is its own until the exchange is over, too.
void H2Stream::end_sent() {
  ended_ = true;
  if (!tunnels_ && over_) close_at_parser();
  settle();
  session_->flush_later();
}

// The answer can't be completed: the client must not take what it got for whole.
void H2Stream::abort() {
  if (session_ == nullptr || closed_ || (ended_ && !tunnels_)) return;
  content_.clear();
  ended_ = closed_ = true;
  session_->cut(*this, tunnels_ ? H2Code::cancel : H2Code::internal_error);
}

void H2Stream::settle_when_sent(Account account, std::string_view text) {
  account_ = std::move(account);
  account_text_ = text;
  if (ended_ || session_ == nullptr) settle();
}

void H2Stream::settle() {
  if (!account_ || session_ == nullptr) return;
  session_->sender().settle_when_sent(std::move(*account_), account_text_);
  account_.reset();
}

void H2Stream::exchange_over() {
  over_ = true;
  if (upload_) {  // nobody takes the rest of the body
    let_upload_go();
    if (session_ != nullptr) give_back(unreturned_);
  }
  if (session_ == nullptr || !ended_) return;
  close_at_parser();
  if (!takes_turn_) session_->release(*this);
}

// --- the pool ---

std::unique_ptr<H2Stream> H2StreamPool::borrow() {
  if (free_.empty()) return std::make_unique<H2Stream>(worker_);
  auto stream = std::move(free_.back());
  free_.pop_back();
  return stream;
}

void H2StreamPool::give_back(std::unique_ptr<H2Stream> stream) {
  stream->close();
  if (free_.size() < kKept) free_.push_back(std::move(stream));
}

}  // namespace weir
