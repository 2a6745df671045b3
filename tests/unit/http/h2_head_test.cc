// Requests over HTTP/2: which are good, as what they are read, and which status each refusal has (RFC 9113 §8,
// hostile.md 35).
#include "tests/support/catch.h"
#include "tests/support/h2_parse.h"
#include "tests/support/h2_write.h"

using namespace weir;
using namespace weir::test;

namespace {

std::string head_of(const H2Fields& fields, bool ends = true, const H2Options& options = {}) {
  const auto run = run_h2(H2Bytes{}.headers(1, fields, ends).bytes, options);
  const auto heads = run.of("head 1 ");
  return heads.size() == 1 && !run.failed ? heads[0].substr(7) : "nothing";
}

std::string without(std::string_view name, H2Fields fields = h2_request("GET", "/")) {
  std::erase_if(fields, [&](const auto& field) { return field.first == name; });
  return head_of(fields);
}

}  // namespace

TEST_CASE("heads of HTTP/2 that are read", "[h2]") {
  struct Row {
    H2Fields fields;
    bool ends;
    std::string_view head;
  };
  const std::vector<Row> rows{
      {h2_request("GET", "/a?b=%7e&c"), true, "GET /a?b=%7E&c none host=example.com"},
      {h2_request("GET", "/%61/./b/../c"), true, "GET /a/c none host=example.com"},
      {h2_request("HEAD", "/", {{"accept", "x"}, {"x-one", ""}}), true, "HEAD / none accept=x x-one= host=example.com"},
      {h2_request("POST", "/"), false, "POST / open host=example.com"},
      {h2_request("POST", "/"), true, "POST / none host=example.com"},
      {h2_request("POST", "/", {{"content-length", "5"}}), false, "POST / length content-length=5 host=example.com"},
      {h2_request("POST", "/", {{"content-length", "0"}}), true, "POST / none content-length=0 host=example.com"},
      {h2_request("BREW", "/pot"), true, "BREW /pot none host=example.com"},
      {h2_request("GET", "/", {{"te", "trailers"}}), true, "GET / none te=trailers host=example.com"},
      {h2_request("GET", "/", {{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}, {"cookie", "c=3"}}), true,
       "GET / none cookie=a=1; b=2; c=3 x=y host=example.com"},
      {h2_request("GET", "/", {{"host", "EXAMPLE.com:80"}}), true, "GET / none host=example.com"},
      {{{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {"host", "a.test"}}, true, "GET / none host=a.test"},
      {{{":path", "*"}, {":authority", "A.test"}, {":scheme", "http"}, {":method", "OPTIONS"}},
       true,
       "OPTIONS * none host=a.test"},
  };
  for (const Row& row : rows) CHECK(head_of(row.fields, row.ends) == row.head);
}

TEST_CASE("heads of HTTP/2 that are refused", "[h2]") {
  struct Row {
    H2Fields fields;
    std::string_view why;
  };
  const auto with = [](const H2Fields& more) { return h2_request("GET", "/", more); };
  const std::vector<Row> rows{
      {with({{"X-One", "a"}}), "400 a field's name is no lower-case token"},
      {with({{"Accept", "a"}}), "400 a field's name is no lower-case token"},
      {with({{"", "a"}}), "400 a field's name is no lower-case token"},
      {with({{"a b", "a"}}), "400 a field's name is no lower-case token"},
      {with({{"a", "b\r\nc: d"}}), "400 a field's value holds a control byte, or begins or ends with a blank"},
      {with({{"a", std::string("b\0", 2)}}),
       "400 a field's value holds a control byte, or begins or ends with a blank"},
      {with({{"a", " b"}}), "400 a field's value holds a control byte, or begins or ends with a blank"},
      {with({{"a", "b\t"}}), "400 a field's value holds a control byte, or begins or ends with a blank"},
      {with({{"connection", "close"}}), "400 a field that is the connection's of HTTP/1.1"},
      {with({{"keep-alive", "1"}}), "400 a field that is the connection's of HTTP/1.1"},
      {with({{"proxy-connection", "close"}}), "400 a field that is the connection's of HTTP/1.1"},
      {with({{"transfer-encoding", "chunked"}}), "400 a field that is the connection's of HTTP/1.1"},
      {with({{"upgrade", "h2c"}}), "400 a field that is the connection's of HTTP/1.1"},
      {with({{"te", "gzip"}}), "400 a field that is the connection's of HTTP/1.1"},
      {with({{":path", "/b"}}), "400 a pseudo-field comes twice"},
      {with({{"a", "b"}, {":scheme", "http"}}), "400 a pseudo-field after the fields"},
      {with({{":status", "200"}}), "400 a pseudo-field that no request has"},
      {with({{":protocol", "websocket"}}), "400 :protocol is CONNECT's"},
      {with({{"host", "other.test"}}), "400 Host is not :authority"},
      {with({{"host", "example.com"}, {"host", "example.com"}}), "400 more than one Host"},
      {with({{"content-length", "1"}}), "400 Content-Length says more than comes"},
      {with({{"content-length", "0"}, {"content-length", "0"}}), "400 Content-Length is not one number"},
      {with({{"content-length", "+1"}}), "400 Content-Length is not one number"},
      {with({{"expect", "cake"}}), "417 only 100-continue can be expected"},
      {h2_request("G T", "/"), "400 the method is malformed"},
      {h2_request(std::string(65, 'A'), "/"), "501 the method is too long"},
      {h2_request("GET", ""), "400 :path is no path"},
      {h2_request("GET", "a"), "400 :path is no path"},
      {h2_request("GET", "http://a/"), "400 :path is no path"},
      {h2_request("GET", "*"), "400 the target '*' is for OPTIONS only"},
      {h2_request("GET", "/a b"), "400 the target is empty or holds a byte that no target may hold"},
      {h2_request("GET", "/a#b"), "400 the target is empty or holds a byte that no target may hold"},
      {h2_request("GET", "/../a"), "400 the path climbs above the root"},
      {h2_request("CONNECT", "/"), "400 CONNECT with a :scheme or a :path"},
      {{{":method", "CONNECT"}, {":protocol", "websocket"}, {":authority", "a:1"}}, "400 no :scheme or no :path"},
      {h2_request("CONNECT", "/", {{":protocol", "web socket"}}), "400 :protocol is none"},
      {{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}}, "400 no :authority and no Host"},
      {{{":method", "GET"}, {":scheme", "ftp"}, {":path", "/"}, {":authority", "a"}},
       "400 the scheme is not http or https"},
      {{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "u@a"}}, "400 not a valid host: u@a"},
      {{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", ""}}, "400 not a valid host: "},
  };
  for (const Row& row : rows) CHECK(head_of(row.fields) == "refused " + std::string(row.why));
  CHECK(without(":method") == "refused 400 no :method");
  CHECK(without(":scheme") == "refused 400 no :scheme or no :path");
  CHECK(without(":path") == "refused 400 no :scheme or no :path");
}

TEST_CASE("a list of fields is bounded as it is decoded", "[h2]") {
  H2Fields hundred = h2_request("GET", "/");
  for (int i = 0; i < 100; ++i) hundred.emplace_back("a", "b");
  CHECK(head_of(hundred).starts_with("GET / "));
  hundred.emplace_back("a", "b");
  CHECK(head_of(hundred) == "refused 431 the field list is too large");

  H2Options small;
  small.limits.head = 500;
  small.limits.line = 200;
  CHECK(head_of(h2_request("GET", "/", {{"a", std::string(150, 'x')}}), true, small).starts_with("GET / "));
  CHECK(head_of(h2_request("GET", "/", {{"a", std::string(150, 'x')}, {"b", std::string(150, 'x')}}), true, small) ==
        "refused 431 the field list is too large");
  CHECK(head_of(h2_request("GET", "/", {{"a", std::string(201, 'x')}}), true, small) ==
        "refused 431 a field is too long");
  CHECK(head_of(h2_request("GET", "/" + std::string(200, 'x')), true, small) == "refused 414 the target is too long");

  // One entry of the table, referred to a thousand times by as many bytes: the next request is understood all the same.
  std::string bomb = h2_block(h2_request("GET", "/"));
  bomb.append({0x40, 1, 'a', 100})
      .append(std::string(100, 'x'))
      .append(std::string(1000, static_cast<char>(0x80 | 62)));
  std::string after = h2_block(h2_request("GET", "/after"));
  after.push_back(static_cast<char>(0x80 | 62));
  const auto flags = static_cast<std::uint8_t>(h2_flag::kEndHeaders | h2_flag::kEndStream);
  const auto run =
      run_h2(H2Bytes{}.frame(H2Type::headers, flags, 1, bomb).frame(H2Type::headers, flags, 3, after).bytes);
  CHECK(run.of("head 1") == std::vector<std::string>{"head 1 refused 431 the field list is too large"});
  CHECK(run.of("head 3") ==
        std::vector<std::string>{"head 3 GET /after none a=" + std::string(100, 'x') + " host=example.com"});
}

TEST_CASE("trailers of HTTP/2", "[h2]") {
  const auto trailers = [](const H2Fields& fields, bool ends = true) {
    const auto run =
        run_h2(H2Bytes{}.headers(1, h2_request("POST", "/"), false).data(1, "x").headers(1, fields, ends).bytes);
    return run.lines.back();
  };
  CHECK(trailers({{"x-sum", "1"}, {"grpc-status", "0"}}) == "end 1 x-sum=1 grpc-status=0");
  CHECK(trailers({{"set-cookie", "a=b"}, {"te", "trailers"}, {"x", "y"}}) == "end 1 x=y");
  CHECK(trailers({}) == "end 1");
  for (const H2Fields& bad : std::vector<H2Fields>{{{":path", "/"}},
                                                   {{"content-length", "1"}},
                                                   {{"host", "a"}},
                                                   {{"connection", "close"}},
                                                   {{"X", "y"}},
                                                   {{"x", std::string(9000, 'y')}}})
    CHECK(trailers(bad) == "error 1 1");
  CHECK(trailers({{"x", "y"}}, false) == "error 1 1");
}
