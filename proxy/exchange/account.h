// Account: what a request is counted and logged as. It is made when its exchange is over, and settled when the last
// byte of its answer is with the kernel or the client is gone: until then whoever holds those bytes holds it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "proxy/cache/outcome.h"
#include "proxy/fetch/context.h"

namespace weir {

struct Account {
  std::shared_ptr<const WorkerSnapshot> snapshot;  // under which the request ran: its log
  RouteCounters* counters = nullptr;               // live as long as the process
  Outcome outcome = Outcome::miss;
  Time began;
  std::uint64_t body_bytes = 0;
  bool cut = false;  // the client didn't get all of the answer
  // Of a tunnel: what the client said in it.
  std::optional<std::uint64_t> received = {};

  // `unsent`: how much of the answer the client never gets.
  void cut_off(std::uint64_t unsent) {
    cut = true;
    body_bytes -= unsent < body_bytes ? unsent : body_bytes;
  }
};

// Counts it, and writes its line into the log: `text` is what Exchange::log_text() said.
void settle(WorkerContext& worker, const Account& account, std::string_view text);

}  // namespace weir
