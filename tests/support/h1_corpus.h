// HTTP/1 messages that tests begin from: good ones of every kind, and the smuggling cases. Shared by the split tests,
// the differential test against other parsers, and the mutations.
#pragma once

#include <string>
#include <vector>

namespace weir::test {

inline std::vector<std::string> good_requests() {
  using namespace std::string_literals;
  return {
      "GET / HTTP/1.1\r\nHost: h\r\n\r\n"s,
      "GET /a/%7eb/../c?x=%3d&y HTTP/1.1\r\nHost: Example.COM:8080\r\nAccept: */*\r\n\r\n"s,
      "\r\nHEAD /x HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n"s,
      "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"s,
      "GET http://real.example:80/p?q HTTP/1.1\r\nHost: other\r\n\r\n"s,
      "POST /f HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\nContent-Type: text/plain\r\n\r\nhello world"s,
      "PUT /empty HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"s,
      "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=\"y\"\r\n world\r\n0\r\n\r\n"s,
      "POST /t HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
      "10\r\n0123456789abcdef\r\n0\r\nX-Sum: 16\r\nX-Other: y\r\n\r\n"s,
      "PATCH /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"s,
      "DELETE /d HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n\r\n"s,
      "GET /browser?utm=1 HTTP/1.1\r\nHost: streamvibe.example\r\nConnection: keep-alive\r\nsec-ch-ua: "
      "\"Chromium\";v=\"116\"\r\n"
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/116.0 "
      "Safari/537.36\r\n"
      "Accept: text/html,application/xhtml+xml;q=0.9,image/avif,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate, br, "
      "zstd\r\n"
      "Accept-Language: de-DE,de;q=0.9,en;q=0.8\r\nCookie: session=0123456789abcdef; theme=dark\r\n\r\n"s,
      "GET /obs HTTP/1.1\r\nHost: h\r\nX: caf\xe9 \t z\r\n\r\n"s,
  };
}

// Each of these has been read in two ways by two servers somewhere; weir refuses every one.
inline std::vector<std::string> smuggling_requests() {
  using namespace std::string_literals;
  const std::string host = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::string chunks = "\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: h\r\n\r\n";
  return {
      host + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n" + chunks,
      host + "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n" + chunks,
      host + "Transfer-Encoding: xchunked\r\n" + chunks,
      host + "Transfer-Encoding : chunked\r\n" + chunks,
      host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n" + chunks,
      host +
          "Transfer-Encoding:\x0b"
          "chunked\r\n" +
          chunks,
      host + " Transfer-Encoding: chunked\r\n" + chunks,
      host + "X: X\nTransfer-Encoding: chunked\r\n" + chunks,
      host + "X: X\rTransfer-Encoding: chunked\r\n" + chunks,
      host + "Transfer-Encoding\r\n: chunked\r\n" + chunks,
      host + "Transfer-Encoding: chunked, identity\r\n" + chunks,
      host + "Transfer-Encoding: identity, chunked\r\n" + chunks,
      host + "Transfer-Encoding: chunked;foo\r\n" + chunks,
      host + "Transfer-Encoding: 'chunked'\r\n" + chunks,
      host + "Transfer-Encoding:\r\n chunked\r\n" + chunks,
      "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n" + chunks,
      host + "Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello",
      host + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
      host + "Content-Length: 5,5\r\n\r\nhello",
      host + "Content-Length: +5\r\n\r\nhello",
      host + "Content-Length: 5 \x0b\r\n\r\nhello",
      host + "Content-Length : 5\r\n\r\nhello",
      host + "Content-Length\x00: 5\r\n\r\nhello"s,
      host + "Content-Length: 0x5\r\n\r\nhello",
      host + "Content-Length: 18446744073709551621\r\n\r\nhello",
      host + "X: a\r\n Content-Length: 5\r\n\r\nhello",
      "GET / HTTP/1.1\r\nHost: h\r\n Content-Length: 5\r\n\r\nhello",
      host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
      host + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
      host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n",
      host + "Transfer-Encoding: chunked\r\n\r\n5;\nxx\r\nhello\r\n0\r\n\r\n",
      host + "Transfer-Encoding: chunked\r\n\r\n5 ;a\rb\r\nhello\r\n0\r\n\r\n",
      host + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
      host + "Transfer-Encoding: chunked\r\n\r\n-1\r\nhello\r\n0\r\n\r\n",
      host + "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n",
      host + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\nhello",
      "GET / HTTP/1.1\r\rTransfer-Encoding: chunked\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\nHost: h\n\n",
      "GET /\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
      "GET / HTTP/0.9\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a b/c\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
      host + "Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello",
      host + "Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n" + chunks,
      host + ": x\r\n\r\n",
      host + "\x01: x\r\n\r\n",
  };
}

inline std::vector<std::string> good_responses() {
  using namespace std::string_literals;
  return {
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\nhello"s,
      "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"s,
      "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"s,
      "HTTP/1.1 204 No Content\r\n\r\n"s,
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: \"x\"\r\n\r\n"s,
      "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"s,
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"s,
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end"s,
      "HTTP/1.1 599 caf\xe9\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 1\r\n\r\n!"s,
  };
}

inline std::vector<std::string> bad_responses() {
  using namespace std::string_literals;
  return {
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"s,
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"s,
      "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"s,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n"s,
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"s,
      "HTTP/1.1 2000 OK\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nX : a\r\n\r\n"s,
  };
}

}  // namespace weir::test
