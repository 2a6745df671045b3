// What of an object a client gets: which coding of its content, and which part of it.
#pragma once

#include <optional>

#include "proxy/exchange/exchange.h"
#include "proxy/http/range.h"

namespace weir {

// The coding that this client likes best of those that the route offers (RFC 9110 §12.5.3).
struct ChosenForm {
  const Form* form = nullptr;                    // null: the object as it is
  std::optional<ContentCoding> missing;          // made first; the object as it is, if that can't be
  std::shared_ptr<const Dictionary> dictionary;  // for dcz
};
ChosenForm choose_form(const Exchange& x, const Object& object);

// False: its coding is nothing to this client, and weir may not change it.
bool can_read(const Exchange& x, const Object& object);

// The ranges that a 206 would be made of: a GET's, where its If-Range holds, of an object that the client can read as
// it is (RFC 9110 §14.2). Empty: no ranges are asked for, or they don't count.
std::string_view wanted_range(const Exchange& x, const Object& object);

// deliver_range.cc: answers a Range from a kept object, with 206 or 416. False: the whole is the answer.
bool deliver_range(Exchange& x, const Object& object);
// The 416 to a range outside of a content of that length.
void refuse_range(Exchange& x, const Object& object, std::uint64_t length);
// The head of a 206 with one part, in the arena; `length`: of the whole.
std::string_view head_of_part(Exchange& x, const Object& object, const ByteRange& part,
                              std::optional<std::uint64_t> length);

// The entity tag that makes a 304 of this request, and its head: that of the object, or of one of the codings that weir
// makes of it, whichever the client holds. Empty: it isn't a 304.
struct NotModified {
  bool yes = false;
  ContentCoding coding = ContentCoding::identity;  // of what the client holds, where weir made it
  bool made = false;
};
NotModified is_not_modified(const Exchange& x, const Object& object);

}  // namespace weir
