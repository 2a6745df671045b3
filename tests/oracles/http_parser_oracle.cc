// http-parser 2.9, stopped at the end of the first message. (Its header and llhttp's can't be included together.)
#include <http_parser.h>

#include "tests/oracles/oracle.h"

namespace weir::test {
namespace {

struct Run {
  OracleMessage out;
  bool in_value = false, head_done = false, skip_body = false;
};

Run& run_of(http_parser* parser) {
  return *static_cast<Run*>(parser->data);
}

int on_field(http_parser* parser, const char* at, std::size_t n) {
  Run& run = run_of(parser);
  if (run.head_done) return 0;
  if (run.in_value || run.out.fields.empty()) run.out.fields.emplace_back();
  run.in_value = false;
  run.out.fields.back().first.append(at, n);
  return 0;
}

int on_value(http_parser* parser, const char* at, std::size_t n) {
  Run& run = run_of(parser);
  if (run.head_done || run.out.fields.empty()) return 0;
  run.in_value = true;
  run.out.fields.back().second.append(at, n);
  return 0;
}

OracleMessage parse(http_parser_type type, std::string_view bytes, bool head_request, bool closed) {
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_url = [](http_parser* p, const char* at, std::size_t n) { return run_of(p).out.target.append(at, n), 0; };
  settings.on_header_field = on_field;
  settings.on_header_value = on_value;
  settings.on_headers_complete = [](http_parser* p) {
    run_of(p).head_done = true;
    const bool response = p->type == HTTP_RESPONSE;
    const bool bodiless = response && (p->status_code < 200 || p->status_code == 204 || p->status_code == 304);
    return bodiless || run_of(p).skip_body ? 1 : 0;  // RFC 9112 §6.3: which the library leaves to its user
  };
  settings.on_body = [](http_parser* p, const char* at, std::size_t n) { return run_of(p).out.body.append(at, n), 0; };
  settings.on_message_complete = [](http_parser* p) {
    run_of(p).out.complete = true;
    http_parser_pause(p, 1);
    return 0;
  };
  Run run;
  run.skip_body = head_request;
  http_parser parser;
  http_parser_init(&parser, type);
  parser.data = &run;
  OracleMessage& out = run.out;
  out.consumed = http_parser_execute(&parser, &settings, bytes.data(), bytes.size());
  if (closed && !out.complete && parser.http_errno == HPE_OK) (void)http_parser_execute(&parser, &settings, nullptr, 0);
  if (out.complete) {
    if (type == HTTP_REQUEST) out.method = http_method_str(static_cast<http_method>(parser.method));
    out.status = static_cast<int>(parser.status_code);
  } else if (parser.http_errno != HPE_OK) {
    out.refusal = http_errno_name(static_cast<http_errno>(parser.http_errno));
    out.unknown_method = parser.http_errno == HPE_INVALID_METHOD;
  }
  return out;
}

}  // namespace

OracleMessage http_parser_request(std::string_view bytes) {
  return parse(HTTP_REQUEST, bytes, false, false);
}

OracleMessage http_parser_response(std::string_view bytes, bool head_request, bool closed) {
  return parse(HTTP_RESPONSE, bytes, head_request, closed);
}

}  // namespace weir::test
