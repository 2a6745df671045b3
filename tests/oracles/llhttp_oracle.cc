// llhttp in strict mode, stopped at the end of the first message.
#include <llhttp.h>

#include "tests/oracles/oracle.h"

namespace weir::test {
namespace {

struct Run {
  OracleMessage out;
  bool in_value = false, head_done = false, skip_body = false;
};

Run& run_of(llhttp_t* parser) {
  return *static_cast<Run*>(parser->data);
}

int on_field(llhttp_t* parser, const char* at, std::size_t n) {
  Run& run = run_of(parser);
  if (run.head_done) return 0;
  if (run.in_value || run.out.fields.empty()) run.out.fields.emplace_back();
  run.in_value = false;
  run.out.fields.back().first.append(at, n);
  return 0;
}

int on_value(llhttp_t* parser, const char* at, std::size_t n) {
  Run& run = run_of(parser);
  if (run.head_done || run.out.fields.empty()) return 0;
  run.in_value = true;
  run.out.fields.back().second.append(at, n);
  return 0;
}

OracleMessage parse(llhttp_type_t type, std::string_view bytes, bool head_request, bool closed) {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_url = [](llhttp_t* p, const char* at, std::size_t n) { return run_of(p).out.target.append(at, n), 0; };
  settings.on_header_field = on_field;
  settings.on_header_value = on_value;
  settings.on_header_value_complete = [](llhttp_t* p) { return run_of(p).in_value = true, 0; };
  settings.on_headers_complete = [](llhttp_t* p) {
    run_of(p).head_done = true;
    const bool response = p->type == HTTP_RESPONSE;
    const bool bodiless = response && (p->status_code < 200 || p->status_code == 204 || p->status_code == 304);
    return bodiless || run_of(p).skip_body ? 1 : 0;  // RFC 9112 §6.3: which the library leaves to its user
  };
  settings.on_body = [](llhttp_t* p, const char* at, std::size_t n) { return run_of(p).out.body.append(at, n), 0; };
  settings.on_message_complete = [](llhttp_t* p) -> int {
    run_of(p).out.complete = true;
    return HPE_PAUSED;
  };
  Run run;
  run.skip_body = head_request;
  llhttp_t parser;
  llhttp_init(&parser, type, &settings);
  parser.data = &run;
  auto error = llhttp_execute(&parser, bytes.data(), bytes.size());
  const char* const stopped = error == HPE_OK ? nullptr : llhttp_get_error_pos(&parser);
  if (error == HPE_OK && closed) error = llhttp_finish(&parser);
  OracleMessage& out = run.out;
  out.consumed = stopped == nullptr ? bytes.size() : static_cast<std::size_t>(stopped - bytes.data());
  if (out.complete) {
    if (type == HTTP_REQUEST) out.method = llhttp_method_name(static_cast<llhttp_method_t>(parser.method));
    out.status = parser.status_code;
  } else if (error != HPE_OK) {
    out.refusal = llhttp_errno_name(error);
    out.unknown_method = error == HPE_INVALID_METHOD;
  }
  return out;
}

}  // namespace

OracleMessage llhttp_request(std::string_view bytes) {
  return parse(HTTP_REQUEST, bytes, false, false);
}

OracleMessage llhttp_response(std::string_view bytes, bool head_request, bool closed) {
  return parse(HTTP_RESPONSE, bytes, head_request, closed);
}

}  // namespace weir::test
