// Operation: something under way that somebody asked for. Dropping it cancels: the callback that was handed in
// with the request will then never run. Lives and dies on the loop where it was made.
#pragma once

#include <utility>

#include "proxy/base/callback.h"

namespace weir {

class [[nodiscard]] Operation {
 public:
  Operation() = default;
  explicit Operation(Callback<void()> cancel) : cancel_(std::move(cancel)) {}
  Operation(Operation&&) noexcept = default;
  Operation& operator=(Operation&& other) noexcept {
    if (this != &other) {
      cancel();
      cancel_ = std::move(other.cancel_);
    }
    return *this;
  }
  ~Operation() { cancel(); }

  explicit operator bool() const { return static_cast<bool>(cancel_); }

  void cancel() {
    if (cancel_) {
      auto cancel = std::move(cancel_);
      cancel();
    }
  }

  // The answer came: nothing is left to cancel.
  void done() { cancel_.reset(); }

 private:
  Callback<void()> cancel_;
};

}  // namespace weir
