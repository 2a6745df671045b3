// Callback<R(A...)>: a move-only function object. Small ones live inside it, so that the usual [this] or
// [&x, token] costs no allocation.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "proxy/base/check.h"

namespace weir {

template <class Signature>
class Callback;

template <class R, class... Args>
class Callback<R(Args...)> {
 public:
  Callback() = default;
  Callback(std::nullptr_t) {}

  template <class F, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, Callback> &&
                                              std::is_invocable_r_v<R, F&, Args...>>>
  Callback(F&& f) {
    using Function = std::decay_t<F>;
    if constexpr (sizeof(Function) <= kInline && alignof(Function) <= alignof(std::max_align_t) &&
                  std::is_nothrow_move_constructible_v<Function>) {
      ::new (static_cast<void*>(&storage_)) Function(std::forward<F>(f));
      table_ = &kInPlace<Function>;
    } else {
      ::new (static_cast<void*>(&storage_)) Function*(std::make_unique<Function>(std::forward<F>(f)).release());
      table_ = &kOnHeap<Function>;
    }
  }

  Callback(Callback&& other) noexcept { take(other); }
  Callback& operator=(Callback&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;
  ~Callback() { reset(); }

  explicit operator bool() const { return table_ != nullptr; }

  R operator()(Args... args) {
    WEIR_CHECK(table_ != nullptr);
    return table_->call(&storage_, std::forward<Args>(args)...);
  }

  void reset() {
    if (table_ != nullptr) std::exchange(table_, nullptr)->destroy(&storage_);
  }

 private:
  static constexpr std::size_t kInline = 48;

  struct Table {
    R (*call)(void*, Args&&...);
    void (*move)(void* from, void* to);
    void (*destroy)(void*);
  };

  template <class F>
  static constexpr Table kInPlace{
      [](void* at, Args&&... args) -> R { return (*static_cast<F*>(at))(std::forward<Args>(args)...); },
      [](void* from, void* to) {
        ::new (to) F(std::move(*static_cast<F*>(from)));
        static_cast<F*>(from)->~F();
      },
      [](void* at) { static_cast<F*>(at)->~F(); }};

  template <class F>
  static constexpr Table kOnHeap{
      [](void* at, Args&&... args) -> R { return (**static_cast<F**>(at))(std::forward<Args>(args)...); },
      [](void* from, void* to) { ::new (to) F*(*static_cast<F**>(from)); },
      [](void* at) { std::unique_ptr<F> dies(*static_cast<F**>(at)); }};

  void take(Callback& other) {
    table_ = std::exchange(other.table_, nullptr);
    if (table_ != nullptr) table_->move(&other.storage_, &storage_);
  }

  alignas(std::max_align_t) std::byte storage_[kInline];
  const Table* table_ = nullptr;
};

}  // namespace weir
