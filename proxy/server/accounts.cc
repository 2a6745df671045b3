// Answers on their way out; see accounts.h.
#include "proxy/server/accounts.h"

#include <utility>

namespace weir {
namespace {

constexpr std::size_t kMostSettledKept = 256;
constexpr std::size_t kMostTextKept = 64 * 1024;

}  // namespace

void Accounts::add(Account account, std::string_view text, std::uint64_t end) {
  texts_.append(text);
  pending_.push_back({std::move(account), end, texts_.size()});
}

void Accounts::settle(std::uint64_t sent) {
  while (first_ < pending_.size() && pending_[first_].end <= sent) settle_first();
  forget_settled();
}

void Accounts::cut(std::uint64_t sent) {
  settle(sent);
  while (first_ < pending_.size()) {
    pending_[first_].account.cut_off(pending_[first_].end - sent);
    settle_first();
  }
  forget_settled();
}

void Accounts::shrink() {
  if (first_ < pending_.size()) return;
  std::vector<Pending>().swap(pending_);
  std::string().swap(texts_);
  first_ = text_begin_ = 0;
}

void Accounts::settle_first() {
  Pending& pending = pending_[first_++];
  const std::size_t begin = std::exchange(text_begin_, pending.text_end);
  weir::settle(worker_, pending.account, std::string_view(texts_).substr(begin, pending.text_end - begin));
  pending.account.snapshot.reset();
}

// All at once where all are; else now and then, for a client that always has more to get than it takes.
void Accounts::forget_settled() {
  if (first_ == pending_.size()) {
    pending_.clear();
    texts_.clear();
  } else if (first_ >= kMostSettledKept || text_begin_ >= kMostTextKept) {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(first_));
    texts_.erase(0, text_begin_);
    for (Pending& pending : pending_) pending.text_end -= text_begin_;
  } else {
    return;
  }
  first_ = text_begin_ = 0;
}

}  // namespace weir
