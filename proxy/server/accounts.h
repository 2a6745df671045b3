// Accounts: of the answers on one connection that are not with the kernel yet, in their order: each is settled once the
// output has been sent up to its end. Memory is kept for the next time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/exchange/account.h"

namespace weir {

class Accounts {
 public:
  explicit Accounts(WorkerContext& worker) : worker_(worker) {}

  // `end`: how much the connection will have sent when the answer is out.
  void add(Account account, std::string_view text, std::uint64_t end);
  // `sent`: how much it has sent.
  void settle(std::uint64_t sent);
  // The connection is over: what it didn't send it never will. Where answers are mixed (HTTP/2) that is counted against
  // each of them: the log then says what the client got at least.
  void cut(std::uint64_t sent);

  void shrink();  // gives back the memory that is kept, where none is pending

  std::size_t memory() const { return texts_.size() + pending_.size() * sizeof(Pending); }

 private:
  struct Pending {
    Account account;
    std::uint64_t end = 0;
    std::size_t text_end = 0;  // in texts_; it begins where the one before it ends
  };
  void settle_first();
  void forget_settled();

  WorkerContext& worker_;
  std::vector<Pending> pending_;
  std::string texts_;
  std::size_t first_ = 0;       // those before it are settled
  std::size_t text_begin_ = 0;  // of pending_[first_]
};

}  // namespace weir
