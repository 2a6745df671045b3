// Reading a request as browsers send it: 578 bytes, thirteen fields.
#include "bench/micro/bench.h"
#include "proxy/base/check.h"
#include "proxy/http/h1_codec.h"

namespace weir::bench {
namespace {

constexpr std::string_view kBrowser =
    "GET /api/videos/trending?page=2&limit=20 HTTP/1.1\r\n"
    "Host: streamvibe.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
    "Safari/537.36\r\n"
    "Accept: application/json, text/plain, */*\r\n"
    "Accept-Language: de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://streamvibe.example.com/\r\n"
    "Cookie: theme=dark; consent=1; session=0123456789ab\r\n"
    "Sec-Fetch-Dest: empty\r\n"
    "Sec-Fetch-Mode: cors\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "If-None-Match: W/\"5c-0123456789abcdef\"\r\n"
    "DNT: 1\r\n"
    "Connection: keep-alive\r\n"
    "\r\n";

constexpr std::string_view kShort = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

void parse(H1RequestParser& parser, std::string_view bytes) {
  std::size_t consumed = 0;
  parser.next_message();
  const H1Event head = parser.next(bytes, consumed);
  WEIR_CHECK(head == H1Event::head);
  keep(parser.head());
  const H1Event end = parser.next(bytes.substr(consumed), consumed);
  WEIR_CHECK(end == H1Event::end);
}

}  // namespace

void parser() {
  const H1Limits limits;
  H1RequestParser parser(limits);
  row("parse a browser's GET", [&](std::size_t) { parse(parser, kBrowser); });
  row("parse the shortest GET", [&](std::size_t) { parse(parser, kShort); });
}

}  // namespace weir::bench
