// Executor: where a callback runs: a worker's loop, seen from below. Any thread.
#pragma once

#include "proxy/base/callback.h"

namespace weir {

class Executor {
 public:
  virtual ~Executor() = default;
  // Never from inside this call; in order for one caller.
  virtual void execute(Callback<void()> work) = 0;
};

}  // namespace weir
