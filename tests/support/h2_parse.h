// For tests and fuzz targets: runs the HTTP/2 parser over bytes that arrive in pieces, and keeps what came out as lines
// of text, so that two runs can be compared. The server that it stands for answers nothing, or everything at once.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/text.h"
#include "proxy/http/h2_codec.h"

namespace weir::test {

struct H2Run {
  std::vector<std::string> lines;  // an event each
  bool failed = false;
  H2End ending = H2End::protocol;

  bool operator==(const H2Run&) const = default;
  // The lines that begin so.
  std::vector<std::string> of(std::string_view begin) const {
    std::vector<std::string> found;
    for (const auto& line : lines) {
      if (line.starts_with(begin)) found.push_back(line);
    }
    return found;
  }
};

struct H2Options {
  bool answers = false;  // each request, as soon as its head is there
  H1Limits limits{};
  Time now{std::chrono::seconds(1)};
};

class H2Runner {
 public:
  explicit H2Runner(const H2Options& options = {}) : options_(options), parser_(options_.limits) {}

  // In bytes that were handed in before, where they weren't consumed, and these.
  void feed(std::string_view bytes) {
    waiting_.append(bytes);
    std::size_t parsed = 0;
    while (!run.failed) {
      std::size_t consumed = 0;
      const H2Event event = parser_.next(std::string_view(waiting_).substr(parsed), consumed, options_.now);
      parsed += consumed;
      if (event == H2Event::need_more) break;
      note(event);
    }
    waiting_.erase(0, parsed);
  }

  H2Run run;
  H2RequestParser& parser() { return parser_; }

 private:
  static std::string text_of(const Fields& fields) {
    std::string text;
    for (const Field& field : fields) {
      text.append(" ").append(lower(field.name)).append("=").append(printable(field.value));
    }
    return text;
  }

  void add(std::string line) { run.lines.push_back(std::move(line)); }
  std::string on(std::string_view what) const { return std::string(what) + " " + std::to_string(parser_.stream()); }

  void note_head() {
    const RequestHead& head = parser_.head();
    std::string line = on("head");
    if (parser_.refusal().status != 0) {
      line.append(" refused ")
          .append(std::to_string(parser_.refusal().status))
          .append(" ")
          .append(parser_.refusal().detail);
    } else {
      line.append(" ").append(head.method_text).append(" ").append(head.path);
      if (head.has_query) line.append("?").append(head.query);
      line.append(head.framing == Framing::none ? " none" : head.framing == Framing::length ? " length" : " open");
      line.append(text_of(head.fields));
    }
    add(std::move(line));
    if (options_.answers) parser_.answered(parser_.slot(), options_.now);
  }

  // Pieces of content are one, wherever they were cut.
  void note_body() {
    const std::string begin = on("body") + " ";
    if (run.lines.empty() || !run.lines.back().starts_with(begin)) add(begin);
    run.lines.back().append(printable(parser_.body()));
  }

  void note(H2Event event) {
    switch (event) {
      case H2Event::need_more: return;
      case H2Event::head: return note_head();
      case H2Event::refused: return add(on("refused"));
      case H2Event::body: return note_body();
      case H2Event::dropped: return add(on("dropped") + " " + std::to_string(parser_.flow()));
      case H2Event::end: return add(on("end") + text_of(parser_.trailers()));
      case H2Event::reset: return add(on("reset"));
      case H2Event::stream_error: return add(on("error") + " " + std::to_string(static_cast<unsigned>(parser_.code())));
      case H2Event::settings: return add("settings");
      case H2Event::window: return add(on("window") + " " + std::to_string(parser_.increment()));
      case H2Event::priority: return add(on("priority") + " " + printable(parser_.body()));
      case H2Event::ping: return add("ping " + printable(parser_.body()));
      case H2Event::ping_ack: return add("ping-ack");
      case H2Event::goaway: return add("goaway");
      case H2Event::error:
        run.failed = true;
        run.ending = parser_.ending();
        return;
    }
  }

  H2Options options_;
  H2RequestParser parser_;
  std::string waiting_;
};

inline H2Run run_h2(std::string_view bytes, const H2Options& options = {}) {
  H2Runner runner(options);
  runner.feed(bytes);
  return runner.run;
}

// In two pieces, cut at each place, or byte by byte.
inline H2Run run_h2_cut(std::string_view bytes, std::size_t cut, const H2Options& options = {}) {
  H2Runner runner(options);
  runner.feed(bytes.substr(0, cut));
  runner.feed(bytes.substr(cut));
  return runner.run;
}

inline H2Run run_h2_bytewise(std::string_view bytes, const H2Options& options = {}) {
  H2Runner runner(options);
  for (std::size_t i = 0; i < bytes.size(); ++i) runner.feed(bytes.substr(i, 1));
  return runner.run;
}

}  // namespace weir::test
