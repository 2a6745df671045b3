// Parts of a kept object (RFC 9110 §14, §15.3.7): slices of the body that is there, never copied.
#include <random>

#include "proxy/exchange/answer.h"
#include "proxy/http/h1_codec.h"
#include "proxy/http/multipart.h"

namespace weir {
namespace {

// The object's head with another status, without what describes the whole.
void begin_head(Fields& fields, const Object& object) {
  read_fields_of_head(object.head, fields);
  fields.remove(Name::content_length);
}

std::string_view written(Exchange& x, int status, const Fields& fields) {
  std::string text;
  static_cast<void>(write_h1_response_head(text, status, reason_phrase(status), fields));
  return x.arena.copy(text);
}

void send_one(Exchange& x, const Object& object, const ByteRange& part) {
  start_answer(x, object, {206, head_of_part(x, object, part, object.body->size()), part.length(), false});
  x.channel.send_slice(object.body, part.first, part.length());
  x.body_bytes = part.length();
}

// Not to be guessed: an origin that could would plant the boundary in its body.
Digest random_bits() {
  thread_local std::random_device random;
  const auto half = [] { return (std::uint64_t{random()} << 32) | random(); };
  return {half(), half()};
}

void send_several(Exchange& x, const Object& object, const ByteRanges& ranges) {
  Fields fields;
  begin_head(fields, object);
  const std::string type(fields.value(Name::content_type));
  const Multipart multipart(ranges, object.body->size(), type, random_bits());
  const std::string its_type = multipart.content_type();
  fields.set(Name::content_type, its_type);
  start_answer(x, object, {206, written(x, 206, fields), multipart.total(), false});
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    x.channel.send_text(multipart.part_head(i));
    x.channel.send_slice(object.body, ranges[i].first, ranges[i].length());
  }
  x.channel.send_text(multipart.closing());
  x.body_bytes = multipart.total();
}

}  // namespace

std::string_view head_of_part(Exchange& x, const Object& object, const ByteRange& part,
                              std::optional<std::uint64_t> length) {
  Fields fields;
  begin_head(fields, object);
  const ContentRangeText range(part, length);
  fields.set(Name::content_range, range.view());
  return written(x, 206, fields);
}

void refuse_range(Exchange& x, const Object& object, std::uint64_t length) {
  Fields fields;
  begin_head(fields, object);
  fields.remove(Name::content_type);
  fields.remove(Name::content_encoding);
  for (const Name name : {Name::cache_control, Name::cdn_cache_control, Name::expires, Name::etag, Name::last_modified})
    fields.remove(name);  // what they say is of the content
  const ContentRangeText none(length);
  fields.set(Name::content_range, none.view());
  start_answer(x, object, {416, written(x, 416, fields), 0, false});
}

bool deliver_range(Exchange& x, const Object& object) {
  const auto header = wanted_range(x, object);
  if (header.empty()) return false;
  const Ranges ranges = resolve_range(header, object.body->size());
  if (std::holds_alternative<WholeBody>(ranges)) return false;
  if (const auto* several = std::get_if<ByteRanges>(&ranges)) {
    several->size() == 1 ? send_one(x, object, (*several)[0]) : send_several(x, object, *several);
  } else {
    refuse_range(x, object, object.body->size());
  }
  return true;
}

}  // namespace weir
