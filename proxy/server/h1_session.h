// H1Session: HTTP/1.1 with a client: read buffer, parser, exchange, output.
//
// One request at a time: bytes ─► head ─► exchange (─► its body to an upload, or to nowhere) ─► answer ─► next head.
// Pipelined requests wait in the buffer; their answers leave together. After a 101 no bytes are parsed any more: all of
// them go to the upload, and the connection ends with that exchange.
#pragma once

#include <memory>
#include <string>

#include "proxy/exchange/channel.h"
#include "proxy/exchange/exchange.h"
#include "proxy/http/h1_codec.h"
#include "proxy/server/accounts.h"
#include "proxy/server/client_session.h"
#include "proxy/server/output.h"

namespace weir {

class H1Session final : public ClientSession, public Channel {
 public:
  H1Session(WorkerContext& worker, const H1Limits& limits);
  ~H1Session() override;

  ClientProtocol protocol() const override { return ClientProtocol::http1; }
  void attach(ClientConnection& connection) override;
  void detach() override;

  void take(std::string_view bytes) override;
  void on_readable() override;
  void on_writable() override;
  bool idle() const override;
  bool reading_head() const override;
  bool client_is_slow() const override;
  std::uint64_t progress() const override { return received_ + output_.sent(); }
  void give_up_on_head() override;  // 408
  void leave() override;
  void drain() override;

  // Channel
  void send_interim(std::string_view head) override;
  void start(const ResponseStart& response) override;
  void send_whole(const BodyPtr& body) override;
  void send_slice(const BodyPtr& body, std::uint64_t first, std::uint64_t length) override;
  void send_text(std::string_view content) override;
  std::size_t send_some(std::span<const iovec> pieces) override;
  void finish(std::string_view trailers) override;
  void abort() override;
  void read_request_body(std::shared_ptr<Upload> upload) override;
  void settle_when_sent(Account account, std::string_view text) override;
  void exchange_over() override;

 private:
  static constexpr std::uint64_t kMostReadAway = 64 * 1024;      // of a body that nobody wants
  enum class Input : std::uint8_t { head, body, over, tunnel };  // of the request being read

  bool speaks_http2();
  void process();
  bool next_event();  // false: no more to be had now
  void on_head();
  void on_body(std::string_view bytes);
  void on_end();
  void on_malformed();
  bool pass_on_first_bytes();
  void read_tunnel();
  void start_tunnel(const ResponseStart& response);
  bool may_read_rest_away() const;
  void next_request();
  Io::Kind write_out();
  void flush();
  void flush_later();
  void process_later();
  void compact();
  void client_ended();
  void fail();
  std::size_t send_chunked(std::span<const iovec> pieces);
  std::size_t send_pieces(std::span<const iovec> pieces);

  WorkerContext& worker_;
  ClientConnection* connection_ = nullptr;
  BufferPool::Buffer buffer_;
  std::size_t filled_ = 0, parsed_ = 0;
  std::size_t head_end_ = 0;  // of the request under way: its head must stay where it is
  H1RequestParser parser_;
  Exchange exchange_;
  Output output_;
  Accounts accounts_;  // none where output_ is empty
  Input input_ = Input::head;
  std::shared_ptr<Upload> upload_;
  std::uint64_t discarded_ = 0, received_ = 0, body_bytes_ = 0;
  std::uint64_t chunk_left_ = 0;  // of the chunk being sent; its end included once it reaches the content's
  bool answered_ = false;         // the answer to this request is complete in the output
  bool chunked_ = false, close_after_ = false, closing_ = false, processing_ = false, again_ = false, aborted_ = false;
  bool continue_due_ = false;
  bool held_back_ = false;  // requests wait in the buffer until their predecessors' answers are sent
  bool ends_with_connection_ = false;
  bool blocked_ = false;                        // the socket took less than the exchange had
  bool client_over_ = false, end_due_ = false;  // in a tunnel: the client has ended; we are to, once all is sent
};

}  // namespace weir
