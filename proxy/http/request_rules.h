// The rules of a request's head that don't depend on the protocol it came by: what its target, host, length, Expect and
// trailers may be. Both codecs ask here, so that no request passes by one that the other refuses (hostile.md 3, 10,
// 11).
#pragma once

#include <string>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/result.h"
#include "proxy/http/h1_lines.h"
#include "proxy/http/message.h"

namespace weir {

inline constexpr std::size_t kLongestMethod = 64;

// Why a head is refused, and as what: 400, 414, 417, 431, 501, 505. Filled in where a rule says false.
struct Refusal {
  int status = 0;  // 0: none
  std::string detail;

  // false, always.
  bool as(int its_status, std::string_view why) {
    status = its_status;
    detail = why;
    return false;
  }
  Error error() const;  // the same, of the client's side
};

// head.target into path, query and, where the target says one, authority. CONNECT: the authority alone.
bool judge_target(RequestHead& head, Arena& arena, Refusal& why);
// The host that was asked for, in one form for all who read it: head.authority and the field Host. `host` is that
// field's value; an authority that the target said goes before it.
bool judge_host(RequestHead& head, std::string_view host, bool tls, Arena& arena, Refusal& why);
// Content-Length, where there is one.
bool judge_length(RequestHead& head, const HeadFacts& facts, Refusal& why);
// Expect, when the framing is known.
bool judge_expect(RequestHead& head, const HeadFacts& facts, Refusal& why);

// Trailer fields: those that no message may have, and those that mean something only in a head and are dropped.
bool changes_framing(Name id) noexcept;
bool belongs_in_head(Name id) noexcept;

}  // namespace weir
