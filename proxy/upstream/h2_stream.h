// H2OriginStream: one request on an HTTP/2 connection that it shares with others. One loop.
#pragma once

#include <memory>
#include <string>

#include "proxy/upstream/h2_connection.h"

namespace weir {

class H2OriginStream final : public OriginConnection, private H2Answer {
 public:
  explicit H2OriginStream(std::shared_ptr<H2OriginConnection> connection);
  ~H2OriginStream() override;

  void begin(User& user, Method method) override;
  void allow(Duration first_byte, Duration between_bytes) override;
  bool reused() const override { return number_ > 1; }
  Result<void> send_head(const H1RequestLine& line, const Fields& fields, Framing framing,
                         std::uint64_t length) override;
  void send_content(std::string_view bytes) override;
  void end_content(std::string_view trailers) override;
  bool flush() override;
  void request_written() override;
  void pause_reading(bool yes) override;
  void begin_tunnel(Duration) override {}  // there is no 101 in HTTP/2
  bool end_use() override;                 // false, always: there is nothing to keep of it
  OriginServer& server() override { return connection_->server(); }

 private:
  void on_h2_head(ResponseHead& head) override;
  void on_h2_answered() override;
  void on_h2_content(std::string_view bytes) override;
  void on_h2_end(const Fields& trailers) override;
  void on_h2_lost(Error error, bool unprocessed) override;
  void on_h2_sent() override;
  void on_h2_moving() override;
  void leave();
  void timed_out();
  void watch_answer();
  void expect_within(Duration patience);
  void read_on();
  void deliver_end();

  const std::shared_ptr<H2OriginConnection> connection_;
  Timer deadline_;
  User* user_ = nullptr;
  Method method_ = Method::get;
  H2OriginCodec::StreamId id_ = 0;  // 0: not sent yet, or lost
  Duration first_byte_{}, between_bytes_{};
  std::uint64_t number_ = 0;  // among the connection's requests
  Time since_{};              // something is expected of the origin
  std::string held_;          // content that came while nobody read; at most a stream's window
  std::string trailers_;      // the same of trailers
  Fields trailer_fields_;     // into trailers_
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);  // for work that is deferred
  bool answered_ = false;                                              // its head came
  bool ended_ = false;                                                 // its end came, and waits
  bool paused_ = false, blocked_ = false, written_ = false, reading_on_ = false;
};

}  // namespace weir
