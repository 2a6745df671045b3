// Ration: so many pieces of heavy work in one turn of a loop and no more, so that what is light and waits beside them
// is served between them. The rest comes in later turns, in order. One loop.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "proxy/base/callback.h"
#include "proxy/base/operation.h"
#include "proxy/net/loop.h"

namespace weir {

class Ration {
 public:
  Ration(Loop& loop, unsigned a_turn) : loop_(loop), a_turn_(a_turn) {}

  // One piece now. False: this turn has had its share, or others wait.
  bool take();
  // `work` is one piece, in a later turn. Dropping the operation gives up the place.
  Operation wait(Callback<void()> work);
  std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Place {
    Callback<void()> work;  // empty: given up
  };
  bool spend();
  void run();
  void run_next_turn();

  Loop& loop_;
  const unsigned a_turn_;
  std::uint64_t turn_ = 0;
  unsigned spent_ = 0;  // in turn_
  std::deque<std::shared_ptr<Place>> waiting_;
  bool posted_ = false;
};

}  // namespace weir
