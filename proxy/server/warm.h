// Warming: a request that weir makes of itself, through the same exchange as a client's, its content thrown away. One
// worker's loop.
#pragma once

#include <memory>
#include <string>

#include "proxy/admin/services.h"
#include "proxy/exchange/exchange.h"

namespace weir {

class WarmRequest final : public Channel {
 public:
  // `url`: host/path?query, normalised. `done` runs on the worker's loop, once, unless this dies before.
  static std::unique_ptr<WarmRequest> start(WorkerContext& worker, std::string url, Callback<void(WarmResult)> done);
  WarmRequest(WorkerContext& worker, std::string url, Callback<void(WarmResult)> done);
  ~WarmRequest() override;

  void send_interim(std::string_view) override {}
  void start(const ResponseStart& response) override;
  void send_whole(const BodyPtr&) override {}
  void send_slice(const BodyPtr&, std::uint64_t, std::uint64_t) override {}
  void send_text(std::string_view) override {}
  std::size_t send_some(std::span<const iovec> pieces) override;
  void finish(std::string_view) override { result_.outcome = word(exchange_.outcome); }
  void abort() override;
  void read_request_body(std::shared_ptr<Upload>) override {}
  void settle_when_sent(Account account, std::string_view text) override { settle(worker_, account, text); }
  void exchange_over() override;

 private:
  void begin();

  WorkerContext& worker_;
  const std::string url_;
  Callback<void(WarmResult)> done_;
  RequestHead head_;
  Exchange exchange_;
  WarmResult result_;
  Time began_;
};

}  // namespace weir
