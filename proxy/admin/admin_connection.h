// AdminConnection: one client of the admin endpoint. Reads a request, has the API answer it, writes the answer, and
// goes on.
//
//   head (kHeadTime) ─► refused? ─► body (kBodyTime) ─► answering ─► writing (kWriteTime) ─► head …
//
// Nothing is read while an answer is being made or written, so a client holds one request in memory at most.
#pragma once

#include <memory>
#include <string>

#include "proxy/admin/api.h"
#include "proxy/http/h1_codec.h"
#include "proxy/net/stream.h"

namespace weir {

class AdminConnection {
 public:
  static constexpr Duration kIdleTime = std::chrono::seconds(60);
  static constexpr Duration kHeadTime = std::chrono::seconds(10);
  static constexpr Duration kBodyTime = std::chrono::seconds(30);
  static constexpr Duration kAnswerTime = std::chrono::seconds(90);  // longer than any wait that a call may ask for
  static constexpr Duration kWriteTime = std::chrono::seconds(30);
  static constexpr Duration kLingerTime = std::chrono::seconds(2);  // after a refusal, for what is still being sent
  static constexpr Size kMostBody = 1_MiB;

  // Takes the descriptor. `closed` is told once, when the connection is over; it disposes of this.
  AdminConnection(Loop& loop, int fd, AdminApi& api, Callback<void(AdminConnection*)> closed);

  // Nothing of a request has come, and no answer is on its way: closing it harms nobody.
  bool is_idle() const;
  void close();

 private:
  // Held while an answer is awaited (or as long as this lives); a callback that comes later knows only this.
  struct Awaited {
    AdminConnection* connection;
  };

  static void on_readable(void* self) noexcept { static_cast<AdminConnection*>(self)->read_some(); }
  static void on_writable(void* self) noexcept { static_cast<AdminConnection*>(self)->write_some(); }
  void read_some();
  void drain(std::size_t bytes);
  void parse();
  bool take_head();  // these say whether parsing goes on
  bool take_body();
  bool refuse_large();
  bool refuse(const AdminReply& reply);
  void ask();
  void answer(const AdminReply& reply);
  void write_some();
  void finish();

  Loop& loop_;
  AdminApi& api_;
  Callback<void(AdminConnection*)> closed_;
  H1Limits limits_;
  H1RequestParser parser_;
  Stream stream_;
  Timer deadline_;
  std::string in_, out_;
  std::size_t written_ = 0;
  AdminRequest request_;
  std::shared_ptr<Awaited> awaited_;  // while the API has the request
  const std::shared_ptr<Awaited> here_ = std::make_shared<Awaited>(Awaited{this});
  Size draining_ = 0;  // after a refusal: how much is still taken
  bool keep_alive_ = true, in_message_ = false, over_ = false;
};

}  // namespace weir
