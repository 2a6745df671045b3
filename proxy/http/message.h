// The heads of requests and responses as values. Views point into the buffer or arena of whoever holds the head.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/http/headers.h"

namespace weir {

enum class Method : std::uint8_t {
  get,
  head,
  post,
  put,
  patch,
  delete_,
  options,
  trace,
  connect,
  purge,
  softpurge,
  other
};

Method method_of(std::string_view token) noexcept;  // case-sensitive (RFC 9110 §9.1)
bool is_safe(Method method) noexcept;               // GET HEAD OPTIONS TRACE
bool is_idempotent(Method method) noexcept;         // safe ones, PUT, DELETE

enum class Version : std::uint8_t { http10, http11, http2 };
std::string_view word_of(Version version) noexcept;  // HTTP/1.0, HTTP/1.1, HTTP/2

// How the end of a body is known.
enum class Framing : std::uint8_t {
  none,     // no body follows
  length,   // content_length bytes
  chunked,  // by chunks (HTTP/2: by END_STREAM)
  close,    // responses only: until the connection ends; its completeness can't be known
};

struct RequestHead {
  Method method = Method::get;
  std::string_view method_text;
  std::string_view target;     // as sent
  std::string_view path;       // normalised, begins with '/' ("*" for OPTIONS *)
  std::string_view query;      // without '?', normalised
  bool has_query = false;      // "/a?" and "/a" are two targets
  std::string_view authority;  // normalised: lower case, no default port
  Version version = Version::http11;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;
  bool keep_alive = true;  // what the client's version and Connection allow
  bool expect_continue = false;
  // What it asks to go over to: the protocols that Upgrade lists, on a GET without content whose Connection says so; of
  // an extended CONNECT (RFC 8441), which counts as a GET, its :protocol. Mostly empty.
  std::string_view upgrade;
  Fields fields;

  void clear() noexcept {
    Fields kept = std::move(fields);
    kept.clear();
    *this = RequestHead{};
    fields = std::move(kept);
  }
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  Version version = Version::http11;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;
  bool keep_alive = true;  // whether the origin connection may carry another request
  Fields fields;

  void clear() noexcept {
    Fields kept = std::move(fields);
    kept.clear();
    *this = ResponseHead{};
    fields = std::move(kept);
  }
};

std::string_view reason_phrase(int status) noexcept;  // "Unknown" for what RFC 9110 doesn't name

}  // namespace weir
