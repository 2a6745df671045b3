// Result<T>: a value, or an Error that says whose fault it is. Nothing in weir throws across a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "proxy/base/check.h"

namespace weir {

// Whose error it is. The client-visible status follows from it in one place (http/error_status).
enum class Side : std::uint8_t { client, origin, redis, config, internal };

enum class Code : std::uint8_t {
  malformed,    // breaks the grammar or a rule of the protocol
  too_large,    // past a limit on size or number
  unsupported,  // understood, and refused
  timeout,      // a deadline passed
  refused,      // no connection could be made
  closed,       // the peer went away in the middle
  unavailable,  // a limit or a breaker said "not now"
  not_found,
  denied,
  internal,
};

struct Error {
  Side side = Side::internal;
  Code code = Code::internal;
  std::string detail;  // for people; holds no secret and no control byte
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : either_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : either_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return either_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    WEIR_CHECK(ok());
    return *std::get_if<0>(&either_);
  }
  const T& value() const& {
    WEIR_CHECK(ok());
    return *std::get_if<0>(&either_);
  }
  T&& value() && {
    WEIR_CHECK(ok());
    return std::move(*std::get_if<0>(&either_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    WEIR_CHECK(!ok());
    return *std::get_if<1>(&either_);
  }
  Error&& error() && {
    WEIR_CHECK(!ok());
    return std::move(*std::get_if<1>(&either_));
  }

 private:
  std::variant<T, Error> either_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const& {
    WEIR_CHECK(!ok_);
    return error_;
  }
  Error&& error() && {
    WEIR_CHECK(!ok_);
    return std::move(error_);
  }

 private:
  Error error_;
  bool ok_ = true;
};

}  // namespace weir
