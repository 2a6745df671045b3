// Forms: one content in several codings (RFC 9110 §8.4). An object keeps the body as the origin sent it; weir makes the
// other codings that clients ask for from it, once each, and hangs them on the object, whose life, tags and place in
// the store they share: a new object takes the old one's place, with the same body and one form more. Pure functions;
// who compresses, and when, is fetch/recode.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/cache/object.h"
#include "proxy/http/message.h"

namespace weir {

// The one coding of an answer's content; nullopt: several, or one that weir doesn't know.
std::optional<ContentCoding> coding_of(const Fields& response);

// Whether weir may change the coding of this answer at all (RFC 9110 §7.7, RFC 9111 §5.2.2.6): not a part, not
// no-transform, not what is protected by a digest of its own form.
bool may_be_recoded(int status, const Fields& response);

// Adds what the choice of a form hangs on to Vary, each name once.
void name_in_vary(Fields& response, bool dictionaries);

// The ETag of a content in another coding than its origin's: another one, and weak, since the same content may be
// compressed differently at another time. `W/"v1;br"` for `"v1"`.
std::string etag_of_form(std::string_view etag, ContentCoding coding);
// What the origin calls it: weir's ending and the W/ before it gone, so that it is good for If-Match too; another tag
// as it is. Quotes included.
std::string etag_of_origin(std::string_view etag);
// The coding that weir's own ending names.
std::optional<ContentCoding> coding_in_etag(std::string_view etag);

// The head of `object` for its content in another coding; `length` where it is known.
std::string head_of_form(const Object& object, ContentCoding coding, std::optional<std::uint64_t> length);
// The head of a 304 for it.
std::string head304_of_form(const Object& object, ContentCoding coding);

// The same form for an object with the same content and another head.
std::shared_ptr<Form> under_head_of(const Object& object, const Form& form);

// What stays of an object whose head and life are made anew: its key, its tags and its content, without the forms.
std::shared_ptr<Object> successor_of(const Object& old);

// The same object with one form more, or another one.
std::shared_ptr<Object> with_form(const Object& object, const FormPtr& form);

// The same object, to take the place of `old` in the store: shares the body and the forms.
std::shared_ptr<Object> copy_of(const Object& old);

}  // namespace weir
