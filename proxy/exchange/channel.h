// Channel: what an exchange may ask of who carries it: a connection of HTTP/1.1, or a stream of HTTP/2.
// Nothing here calls back into the exchange from inside; room for more output is told by Exchange::on_channel_room().
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "proxy/cache/object.h"
#include "proxy/exchange/account.h"
#include "proxy/fetch/upload.h"

namespace weir {

// One line of ResponseStart::extra: its name, and where its value begins and ends.
struct LineMark {
  Name id;
  std::uint16_t begin, end;
};

struct ResponseStart {
  int status = 0;
  std::string_view head;                // ready lines: status line and fields, each with CR LF
  std::string_view extra;               // further field lines, made for this response
  std::span<const LineMark> marks;      // all of `extra`, for who wants no lines; empty: not known
  bool body = true;                     // false: no content follows (HEAD, 204, 304)
  bool length_in_head = false;          // head says Content-Length
  std::optional<std::uint64_t> length;  // of the content, where it is known
  std::string_view tunnel;              // not empty: status 101, and what follows is that protocol
};

// A tunnel begins by start() with `tunnel`, then read_request_body(): from now on all that the client says is appended
// to that upload as it comes, what it said already too; its end is finish({}), its loss abandon(). Content goes out
// without framing. finish() ends our direction alone (FIN, END_STREAM); exchange_over() follows when both have ended,
// or abort() where something broke. Until both are over the client may be silent as long as it likes: the exchange
// watches.
class Channel {
 public:
  virtual ~Channel() = default;

  virtual void send_interim(std::string_view head) = 0;  // "HTTP/1.1 103 …\r\n…\r\n\r\n"; clients of 1.0 get none
  // One response: start, then content (whole or in pieces), then finish; or abort, after which the client can't take
  // what it got for whole.
  virtual void start(const ResponseStart& response) = 0;
  virtual void send_whole(const BodyPtr& body) = 0;  // never copied; held until it is sent
  virtual void send_slice(const BodyPtr& body, std::uint64_t first, std::uint64_t length) = 0;  // the same, a part
  virtual void send_text(std::string_view content) = 0;                                         // small; copied
  virtual std::size_t send_some(std::span<const iovec> pieces) = 0;  // how much was taken; less than all: wait for room
  virtual void finish(std::string_view trailers) = 0;
  virtual void abort() = 0;

  // The content of the request goes there from now on (and 100 Continue to who waits for it).
  virtual void read_request_body(std::shared_ptr<Upload> upload) = 0;
  // The exchange is over; `account` and the `text` of its line are to be settled when its answer has been sent.
  virtual void settle_when_sent(Account account, std::string_view text) = 0;
  // And it may be used for the next request.
  virtual void exchange_over() = 0;
};

}  // namespace weir
