// Words that make HTTP/1 mutations interesting: separators, framing fields, and the bytes that parsers differ about.
#pragma once

#include <array>
#include <string_view>

namespace weir::test {

inline constexpr std::array<std::string_view, 44> kH1Words{"\r\n",
                                                           "\n",
                                                           "\r",
                                                           "\r\n\r\n",
                                                           " ",
                                                           "\t",
                                                           ":",
                                                           ": ",
                                                           ",",
                                                           ";",
                                                           "=",
                                                           "\"",
                                                           "\\",
                                                           "0\r\n\r\n",
                                                           "5\r\nhello\r\n",
                                                           "ffffffffffffffff",
                                                           "HTTP/1.1",
                                                           "HTTP/1.0",
                                                           "Host: h\r\n",
                                                           "Content-Length: 5\r\n",
                                                           "Content-Length: 0\r\n",
                                                           "Transfer-Encoding: chunked\r\n",
                                                           "Transfer-Encoding: gzip\r\n",
                                                           "Connection: close\r\n",
                                                           "Connection: keep-alive\r\n",
                                                           "Connection: upgrade\r\nUpgrade: x\r\n",
                                                           "Expect: 100-continue\r\n",
                                                           "X: y\r\n",
                                                           "chunked",
                                                           "identity",
                                                           "%2e%2e",
                                                           "%00",
                                                           "%2f",
                                                           "/../",
                                                           "?",
                                                           "#",
                                                           "*",
                                                           "http://a/",
                                                           "@",
                                                           "[::1]",
                                                           "\x01",
                                                           "\x7f",
                                                           "\xff",
                                                           "-1"};

}  // namespace weir::test
