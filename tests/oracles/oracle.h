// One HTTP/1 message as another parser understands it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::test {

struct OracleMessage {
  bool complete = false;                                    // a whole message was there
  bool unknown_method = false;                              // refused only because its list of methods is closed
  std::string refusal;                                      // of what was there; empty where it only wants more
  std::string method, target;                               // requests
  int status = 0;                                           // responses
  std::vector<std::pair<std::string, std::string>> fields;  // without trailers
  std::string body;
  std::size_t consumed = 0;
};

// `head_request` (responses): the answer is to HEAD. `closed`: the connection ends after the bytes.
OracleMessage llhttp_request(std::string_view bytes);
OracleMessage llhttp_response(std::string_view bytes, bool head_request, bool closed);
OracleMessage http_parser_request(std::string_view bytes);
OracleMessage http_parser_response(std::string_view bytes, bool head_request, bool closed);

}  // namespace weir::test
