// Methods, reasons, and which status an error becomes.
#include "proxy/http/message.h"

#include "proxy/http/error_status.h"
#include "tests/support/catch.h"

using namespace weir;

TEST_CASE("methods are case-sensitive", "[message]") {
  struct Row {
    std::string_view token;
    Method method;
    bool safe, idempotent;
  };
  for (const auto& row : {Row{"GET", Method::get, true, true}, Row{"HEAD", Method::head, true, true},
                          Row{"POST", Method::post, false, false}, Row{"PUT", Method::put, false, true},
                          Row{"PATCH", Method::patch, false, false}, Row{"DELETE", Method::delete_, false, true},
                          Row{"OPTIONS", Method::options, true, true}, Row{"TRACE", Method::trace, true, true},
                          Row{"CONNECT", Method::connect, false, false}, Row{"PURGE", Method::purge, false, false},
                          Row{"SOFTPURGE", Method::softpurge, false, false}, Row{"get", Method::other, false, false},
                          Row{"Get", Method::other, false, false}, Row{"QUERY", Method::other, false, false},
                          Row{"", Method::other, false, false}}) {
    INFO(row.token);
    CHECK(method_of(row.token) == row.method);
    CHECK(is_safe(row.method) == row.safe);
    CHECK(is_idempotent(row.method) == row.idempotent);
  }
}

TEST_CASE("reasons", "[message]") {
  CHECK(reason_phrase(200) == "OK");
  CHECK(reason_phrase(431) == "Request Header Fields Too Large");
  CHECK(reason_phrase(599) == "Unknown");
  CHECK(reason_phrase(-1) == "Unknown");
}

TEST_CASE("an error's status follows from whose it is", "[message]") {
  struct Row {
    Side side;
    Code code;
    int status;
  };
  for (const auto& row : {Row{Side::client, Code::malformed, 400}, Row{Side::client, Code::too_large, 413},
                          Row{Side::client, Code::timeout, 408}, Row{Side::client, Code::unsupported, 501},
                          Row{Side::client, Code::denied, 403}, Row{Side::client, Code::not_found, 404},
                          Row{Side::client, Code::closed, 400}, Row{Side::origin, Code::timeout, 504},
                          Row{Side::origin, Code::unavailable, 503}, Row{Side::origin, Code::refused, 502},
                          Row{Side::origin, Code::closed, 502}, Row{Side::origin, Code::malformed, 502},
                          Row{Side::origin, Code::too_large, 502}, Row{Side::internal, Code::timeout, 500},
                          Row{Side::config, Code::malformed, 500}, Row{Side::redis, Code::unavailable, 500}}) {
    INFO(static_cast<int>(row.side) << " " << static_cast<int>(row.code));
    CHECK(status_of(Error{row.side, row.code, {}}) == row.status);
  }
}
