// The same bytes are the same events in any pieces.
#include "tests/support/catch.h"
#include "tests/support/h2_parse.h"
#include "tests/support/h2_write.h"

using namespace weir;
using namespace weir::test;

TEST_CASE("HTTP/2 is the same in any pieces", "[h2][split]") {
  const auto block = h2_block(h2_request("POST", "/a", {{"x-one", "1"}}));
  const std::vector<std::string> all{
      H2Bytes{}.headers(1, h2_request("GET", "/a?b")).headers(3, h2_request("GET", "/")).ping().bytes,
      H2Bytes{}
          .frame(H2Type::headers, 0, 1, block.substr(0, 7))
          .frame(H2Type::continuation, 0, 1, block.substr(7, 10))
          .frame(H2Type::continuation, h2_flag::kEndHeaders, 1, block.substr(17))
          .data(1, "hello")
          .data(1, " world")
          .headers(1, {{"x-sum", "7"}})
          .bytes,
      H2Bytes{}.headers(1, h2_request("POST", "/"), false).data(1, "abc").reset(1).data(1, "late").bytes,
      H2Bytes{}
          .headers(1, h2_request("POST", "/", {{"content-length", "4"}}), false)
          .data(1, "abcde")
          .window(0, 9)
          .bytes,
      H2Bytes{}.headers(1, h2_request("GET", "/", {{"Bad", "x"}})).headers(3, h2_request("GET", "/")).bytes,
      H2Bytes{}.headers(1, h2_request("GET", "/")).window(0, 0).ping().bytes,
      H2Bytes{}.settings({{H2Setting::max_frame_size, 1}}).ping().bytes,
      "PRI * HTTP/2.0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
  };
  for (const auto& bytes : all) {
    for (const bool answers : {false, true}) {
      const H2Options options{.answers = answers};
      const auto whole = run_h2(bytes, options);
      CHECK(run_h2_bytewise(bytes, options) == whole);
      for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        if (run_h2_cut(bytes, cut, options) == whole) continue;
        INFO("cut at " << cut);
        CHECK(run_h2_cut(bytes, cut, options) == whole);
      }
    }
  }
}
