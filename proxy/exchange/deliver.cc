// deliver and stream: the answer goes to the client, from a kept object in one piece, or from a flight as its body
// arrives.
#include <charconv>
#include <cstring>

#include "proxy/exchange/exchange.h"
#include "proxy/http/date.h"
#include "proxy/http/h1_codec.h"
#include "proxy/http/validators.h"

namespace weir {
namespace {

// Writes the lines that weir adds to each response, into memory on the stack.
class Lines {
 public:
  void add(std::string_view text) {
    std::memcpy(text_.data() + used_, text.data(), text.size());
    used_ += text.size();
  }
  void add_number(std::int64_t n) {
    used_ = static_cast<std::size_t>(std::to_chars(text_.data() + used_, text_.data() + text_.size(), n).ptr -
                                     text_.data());
  }
  void add_cache_status(const CacheStatus& status) {
    add("Cache-Status: ");
    used_ += write_cache_status(text_.data() + used_, status);
    add("\r\n");
  }
  std::string_view text() const { return {text_.data(), used_}; }

 private:
  std::array<char, 768> text_{};
  std::size_t used_ = 0;
};

void add_server_timing(Lines& lines, const Exchange& x) {
  lines.add("Server-Timing: cache;desc=");
  lines.add(word(x.outcome));
  if (x.origin_time.count() > 0) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(x.origin_time).count();
    lines.add(", origin;dur=");
    lines.add_number(us / 1000);
    lines.add(".");
    lines.add_number(us / 100 % 10);
  }
  lines.add("\r\n");
}

// Age only where the answer was kept (RFC 9111 §5.1); what just came from the origin has no more age than it said.
void add_age(Lines& lines, const Exchange& x, const Object& object) {
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(object.life.age(x.worker.loop.now().mono)).count();
  if (x.status_line.hit || x.outcome == Outcome::revalidated || age > 0) {
    lines.add("Age: ");
    lines.add_number(std::max<std::int64_t>(0, age));
    lines.add("\r\n");
  }
}

void add_lines(Lines& lines, const Exchange& x) {
  lines.add_cache_status(x.status_line);
  add_server_timing(lines, x);
  lines.add("X-Request-Id: ");
  lines.add(x.request_id);
  lines.add("\r\n");
}

// A route whose filters edit responses: the head, with the Age, is put together field by field.
std::string_view edited_head(Exchange& x, const Object& object, std::string_view ready, int status) {
  ResponseHead& head = x.worker.edited_head;
  head.clear();
  head.status = status;
  Lines age;
  add_age(age, x, object);
  const std::string_view original = x.arena.join(ready, age.text());
  read_fields_of_head(original, head.fields);
  auto context = x.context();
  for (auto it = x.route->filters.rbegin(); it != x.route->filters.rend(); ++it)
    (*it)->on_client_response(head, context);
  const auto length = head.fields.value(Name::content_length);
  std::string& text = x.worker.edited_text;
  text.clear();
  if (!write_h1_response_head(text, status, reason_phrase(status), head.fields)) return original;
  if (!length.empty()) text.append("Content-Length: ").append(length).append("\r\n");
  return text;
}

bool body_follows(const Exchange& x, int status) {
  return x.request->method != Method::head && status != 204 && status != 304;
}

Next deliver(Exchange& x) {
  const Object& object = *x.answer;
  const bool not_modified = is_not_modified(x, object);
  start_answer(x, object, not_modified, object.body->size());
  if (body_follows(x, x.status)) {
    x.channel.send_whole(object.body);
    x.body_bytes = object.body->size();
  }
  x.channel.finish({});
  x.step = &kFinish;
  return Next::run;
}

// As much as is there and the channel takes: until it takes nothing, since only then it says when it has room again.
// True: nothing is left to send of what there is.
bool pass_on(Exchange& x) {
  std::array<iovec, 16> pieces;
  for (;;) {
    const std::size_t count = x.reader.peek(pieces);
    if (count == 0) return true;
    std::size_t offered = 0;
    for (std::size_t i = 0; i < count; ++i) offered += pieces[i].iov_len;
    const std::size_t taken = x.channel.send_some({pieces.data(), count});
    x.reader.advance(taken);
    x.body_bytes += taken;
    if (taken == 0) return false;
    if (taken == offered && count < pieces.size()) return true;
  }
}

Next start_streaming(Exchange& x, const FlightView& view) {
  const Object& draft = *view.draft;
  x.started = true;
  const bool not_modified = x.eligibility.lookup && is_not_modified(x, draft);
  start_answer(x, draft, not_modified, std::nullopt);
  if (body_follows(x, x.status)) return Next::run;
  // Nothing of the body is for this client; the fetch goes on for the store, if it may.
  x.channel.finish({});
  x.step = &kFinish;
  return Next::run;
}

// The client must not take what it got for whole.
Next give_up(Exchange& x) {
  x.cut = true;
  x.channel.abort();
  x.step = &kFinish;
  return Next::run;
}

Next stream(Exchange& x) {
  const FlightView view = x.reader.flight().look();
  if (!x.started) {
    start_streaming(x, view);
    if (x.step != &kStream) return Next::run;
  }
  if (x.reader.is_cut()) return give_up(x);
  if (!pass_on(x)) return Next::wait;
  if (view.stage == FlightView::Stage::head) return Next::wait;
  if (x.reader.offset() < view.available) return Next::run;
  if (view.stage == FlightView::Stage::failed) return give_up(x);
  x.channel.finish(view.trailers);
  x.step = &kFinish;
  return Next::run;
}

}  // namespace

const Step kDeliver{"deliver", deliver};
const Step kStream{"stream", stream};

bool is_not_modified(const Exchange& x, const Object& object) {
  if (object.status != 200) return false;
  const Fields& fields = x.request->fields;
  if (!fields.has(Name::if_none_match) && !fields.has(Name::if_modified_since)) return false;
  const WallTime now = x.worker.loop.now().wall;
  if (!object.last_modified.empty()) {
    return evaluate_preconditions(fields, object.etag, object.last_modified, now) == Precondition::not_modified;
  }
  const DateText date = format_date(object.date);  // serves in its place (RFC 9111 §4.3.2)
  return evaluate_preconditions(fields, object.etag, {date.data(), date.size()}, now) == Precondition::not_modified;
}

void start_answer(Exchange& x, const Object& object, bool not_modified, std::optional<std::uint64_t> length) {
  x.status = not_modified ? 304 : object.status;
  Lines lines;
  if (!x.route->edits_client_response) add_age(lines, x, object);
  add_lines(lines, x);
  ResponseStart start;
  start.status = x.status;
  std::string late_head304;
  if (not_modified && object.head304.empty()) late_head304 = head_of_304(object);
  const std::string& head304 = late_head304.empty() ? object.head304 : late_head304;
  start.head = not_modified ? head304 : object.head;
  if (x.route->edits_client_response) start.head = edited_head(x, object, start.head, x.status);
  start.extra = lines.text();
  start.body = body_follows(x, x.status);
  start.length_in_head = object.length.has_value() && !not_modified;
  start.length = length ? length : object.length;
  x.channel.start(start);
}

}  // namespace weir
