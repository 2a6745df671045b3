// The head of an answer: ready bytes where they are kept, and the lines that weir adds to each; see answer.h.
#include "proxy/exchange/answer.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "proxy/cache/form.h"
#include "proxy/http/h1_codec.h"

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
  void add_cache_status(const CacheStatus& status) { used_ += write_cache_status(text_.data() + used_, status); }

  // A line: its name, then its value, then the end.
  void begin(Name id) {
    add(text_of(id));
    add(": ");
    marks_[lines_] = {id, static_cast<std::uint16_t>(used_), 0};
  }
  void end() {
    marks_[lines_++].end = static_cast<std::uint16_t>(used_);
    add("\r\n");
  }

  std::string_view text() const { return {text_.data(), used_}; }
  std::span<const LineMark> marks() const { return {marks_.data(), lines_}; }

 private:
  std::array<char, 768> text_;  // read only as far as it was written
  std::array<LineMark, 4> marks_{};
  std::size_t used_ = 0, lines_ = 0;
};

void add_server_timing(Lines& lines, const Exchange& x) {
  lines.begin(Name::server_timing);
  lines.add("cache;desc=");
  lines.add(word(x.outcome));
  if (x.origin_time.count() > 0) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(x.origin_time).count();
    lines.add(", origin;dur=");
    lines.add_number(us / 1000);
    lines.add(".");
    lines.add_number(us / 100 % 10);
  }
  lines.end();
}

// Age only where the answer was kept (RFC 9111 §5.1); what just came from the origin has no more age than it said.
void add_age(Lines& lines, const Exchange& x, const Object& object) {
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(object.life.age(x.worker.loop.now().mono)).count();
  if (x.status_line.hit || x.outcome == Outcome::revalidated || age > 0) {
    lines.begin(Name::age);
    lines.add_number(std::max<std::int64_t>(0, age));
    lines.end();
  }
}

void add_lines(Lines& lines, const Exchange& x) {
  lines.begin(Name::cache_status);
  lines.add_cache_status(x.status_line);
  lines.end();
  add_server_timing(lines, x);
  lines.begin(Name::x_request_id);
  lines.add(x.request_id);
  lines.end();
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

// For clients that could use a dictionary at all.
std::string announcement(const Exchange& x, const Object& object) {
  std::string line;
  RouteDictionaries* const dictionaries = x.snapshot->dictionaries_of(*x.route);
  if (dictionaries != nullptr && object.recodable && x.accepted.accepts(ContentCoding::zstd) &&
      x.request->fields.has(Name::accept_encoding)) {
    dictionaries->announce(object, line);
  }
  return line;
}

}  // namespace

bool body_follows(const Exchange& x, int status) {
  return x.request->method != Method::head && status != 204 && status != 304;
}

void start_answer(Exchange& x, const Object& object, const AnswerHead& head) {
  x.status = head.status;
  Lines lines;
  if (!x.route->edits_client_response) add_age(lines, x, object);
  add_lines(lines, x);
  ResponseStart start;
  start.status = head.status;
  start.head = x.route->edits_client_response ? edited_head(x, object, head.ready, head.status) : head.ready;
  start.extra = lines.text();
  start.marks = lines.marks();
  std::string with_dictionary;
  if (head.status == 200) {
    with_dictionary = announcement(x, object);
    if (!with_dictionary.empty()) {
      start.extra = with_dictionary.insert(0, lines.text());
      start.marks = {};
    }
  }
  start.body = body_follows(x, head.status);
  start.length_in_head = head.length_in_head;
  start.length = head.length;
  if (head.status == 101) start.tunnel = x.upgrade;
  x.channel.start(start);
}

void start_not_modified(Exchange& x, const Object& object, const NotModified& found) {
  std::string made;
  if (found.made) {
    made = head304_of_form(object, found.coding);
  } else if (object.head304.empty()) {
    made = head_of_304(object);
  }
  start_answer(x, object, {304, made.empty() ? std::string_view(object.head304) : std::string_view(made), {}, false});
}

}  // namespace weir
