// Heavy work, a little in each turn; see ration.h.
#include "proxy/net/ration.h"

#include <utility>

namespace weir {

bool Ration::spend() {
  if (std::exchange(turn_, loop_.turn()) != loop_.turn()) spent_ = 0;
  if (spent_ == a_turn_) return false;
  ++spent_;
  return true;
}

bool Ration::take() {
  return waiting_.empty() && spend();
}

Operation Ration::wait(Callback<void()> work) {
  auto place = std::make_shared<Place>(Place{std::move(work)});
  waiting_.push_back(place);
  run_next_turn();
  return Operation([place] { place->work.reset(); });
}

// What is posted from posted work runs in the turn after it.
void Ration::run_next_turn() {
  if (!std::exchange(posted_, true)) loop_.post([this] { run(); });
}

void Ration::run() {
  posted_ = false;
  while (!waiting_.empty()) {
    if (waiting_.front()->work && !spend()) return run_next_turn();
    auto place = std::move(waiting_.front());
    waiting_.pop_front();
    if (auto work = std::move(place->work)) work();
  }
}

}  // namespace weir
