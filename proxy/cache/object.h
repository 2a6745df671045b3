// Object: one stored response. Const once stored; a 304 makes a new object that shares the body.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/base/hash.h"
#include "proxy/base/units.h"
#include "proxy/cache/body.h"
#include "proxy/coding/dictionary.h"
#include "proxy/http/content_coding.h"
#include "proxy/http/headers.h"

namespace weir {

// A place in the invalidation log. Grows; 0 is before the first record.
using Position = std::uint64_t;

// RFC 9111 §4.2: age(now) = initial_age + (now - received).
struct Life {
  Time received;           // when the response (or the 304) came, monotonic
  Duration initial_age{};  // corrected_initial_age (RFC 9111 §4.2.3)
  Duration fresh_for{};    // freshness lifetime, counted from age 0
  Duration stale_while_revalidate{};
  Duration stale_if_error{};
  bool always_validate = false;  // no-cache
  bool for_credentials = false;  // public, s-maxage, must-revalidate: may answer a request with Authorization
  bool must_revalidate = false;  // must-revalidate, proxy-revalidate, s-maxage: never stale

  Duration age(Time now) const { return initial_age + (now - received); }
  Duration ttl(Time now) const { return fresh_for - age(now); }  // negative once stale
};

// The content of an object in another coding, made by weir: it goes where its object goes. See form.h.
struct Form {
  ContentCoding coding = ContentCoding::identity;
  bool best = false;    // at the best level: nothing smaller is to come
  Sha256 dictionary{};  // dcz: by which
  std::string head;     // as Object::head, with its own Content-Encoding, Content-Length and ETag
  BodyPtr body;         // null: this coding makes it no smaller, and the object is served as it is

  mutable std::atomic<bool> improving{false};  // a better one is being made

  Size footprint() const;  // its body as well
};
using FormPtr = std::shared_ptr<const Form>;

struct Object {
  // The key it is kept under.
  std::string key;
  Digest digest;                         // of key
  std::vector<std::string> vary_names;   // lower case, sorted, without repeats
  std::vector<std::string> vary_values;  // normalised, in the same order; of the request that fetched it

  int status = 200;
  std::string head;  // status line and fields as HTTP/1.1 bytes, each line with CR LF, no empty line; no Age, no
                     // framing but Content-Length where the length is known
  std::optional<std::uint64_t> length;  // as `head` says it; none: it says none
  std::string head304;                  // the same for a 304 (RFC 9110 §15.4.5); empty before it is stored
  std::string etag;                     // as sent, with quotes and W/; empty: none
  std::string last_modified;            // as sent; empty: none
  WallTime date = 0;                    // the Date field

  BodyPtr body;
  ContentCoding coding = ContentCoding::identity;  // of `body`, as the origin sent it
  bool recodable = false;                          // weir may serve it in other codings (form.h)
  bool is_dictionary = false;                      // for other answers (fetch/dictionaries.h)
  std::array<FormPtr, kContentCodings> forms;      // by coding; null: not made yet
  Life life;
  std::vector<std::string> tags;
  Position position = 0;  // of the log when its fetch began

  // Any thread, relaxed: only statistics and short cuts.
  mutable std::atomic<Position> checked{0};  // no record up to here covers it
  mutable std::atomic<std::uint32_t> hits{0};
  mutable std::atomic<std::uint8_t> uses{0};     // the eviction's: 0 to 3 lately
  mutable std::atomic<bool> refreshing{false};   // a refresh ahead was started by some hit
  mutable std::atomic<Time> soft_since{Time{}};  // when it was first purged softly, as far as noticed; Time{}: not

  // Views into `head`; parsed anew at each call, so not for the hot path.
  Fields fields() const;
  const FormPtr& form(ContentCoding which) const { return forms[static_cast<std::size_t>(which)]; }
  // Memory it takes with its forms, without the body: itself, strings, allocator slack.
  Size footprint() const;
};

// Adds the fields of ready head bytes, as Object::head has them; views into `head`.
void read_fields_of_head(std::string_view head, Fields& fields);

// What Object::head304 is made of: the fields of `head` that a 304 has.
std::string head_of_304(const Object& object);

using ObjectPtr = std::shared_ptr<const Object>;

}  // namespace weir
