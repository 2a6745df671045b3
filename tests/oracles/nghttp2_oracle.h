// The frames of an HTTP/2 client as another implementation understands them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::test {

struct OracleStream {
  std::vector<std::pair<std::string, std::string>> head, trailers;
  bool has_head = false, ended = false;
  std::string body;
};

struct OracleConnection {
  bool alive = false;  // no error of the connection
  std::map<std::uint32_t, OracleStream> streams;
};

// A server that answers nothing.
OracleConnection nghttp2_requests(std::string_view bytes);

}  // namespace weir::test
