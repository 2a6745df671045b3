// The head of an answer to a client.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/exchange/choose_form.h"
#include "proxy/exchange/exchange.h"

namespace weir {

struct AnswerHead {
  int status = 200;
  std::string_view ready;               // status line and fields as HTTP/1.1 bytes
  std::optional<std::uint64_t> length;  // of the content that follows, where it is known
  bool length_in_head = false;          // `ready` says it
};

// Sends it with what weir adds: Age of `object`, Cache-Status, Server-Timing, X-Request-Id, and what filters edit.
void start_answer(Exchange& x, const Object& object, const AnswerHead& head);
void start_not_modified(Exchange& x, const Object& object, const NotModified& found);

// Whether content follows a head with that status on this request.
bool body_follows(const Exchange& x, int status);

}  // namespace weir
