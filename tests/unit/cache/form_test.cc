// Forms: what may be coded anew at all, and what each form is called.
#include "proxy/cache/form.h"

#include <initializer_list>
#include <utility>

#include "proxy/http/h1_codec.h"
#include "tests/support/catch.h"

namespace weir {
namespace {

Fields fields_of(std::initializer_list<std::pair<std::string_view, std::string_view>> list) {
  Fields fields;
  for (const auto& [name, value] : list) fields.add(name, value);
  return fields;
}

ObjectPtr object_of(const Fields& fields) {
  auto object = std::make_shared<Object>();
  static_cast<void>(write_h1_response_head(object->head, 200, "OK", fields));
  object->etag = fields.value(Name::etag);
  return object;
}

TEST_CASE("what may be coded anew") {
  CHECK(may_be_recoded(200, fields_of({})));
  CHECK(may_be_recoded(404, fields_of({{"Content-Encoding", "gzip"}})));
  for (const int status : {101, 204, 205, 206, 304}) CHECK_FALSE(may_be_recoded(status, fields_of({})));
  for (const auto& [name, value] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"Cache-Control", "max-age=1, No-Transform"},
           {"Content-Range", "bytes 0-1/2"},
           {"Content-Encoding", "gzip, br"},
           {"Content-Encoding", "nonsense"},
           {"Content-Encoding", "dcz"},
           {"Content-Digest", "sha-256=:x:"},
           {"repr-digest", "sha-256=:x:"},
           {"Content-MD5", "x"}}) {
    INFO(name << ": " << value);
    CHECK_FALSE(may_be_recoded(200, fields_of({{name, value}})));
  }
  CHECK_FALSE(may_be_recoded(200, fields_of({{"Content-Encoding", "gzip"}, {"Content-Encoding", "gzip"}})));
}

TEST_CASE("the tag of a form, and back") {
  CHECK(etag_of_form("\"v1\"", ContentCoding::br) == "W/\"v1;br\"");
  CHECK(etag_of_form("W/\"v1\"", ContentCoding::zstd) == "W/\"v1;zstd\"");
  CHECK(etag_of_form("\"\"", ContentCoding::dcz) == "W/\";dcz\"");
  for (const std::string_view none : {"", "abc", "\"", "W/", "W/\"", "\"a\"b"})
    CHECK(etag_of_form(none, ContentCoding::br).empty());
  CHECK(etag_of_origin("W/\"v1;br\"") == "\"v1\"");
  for (const std::string_view other : {"\"v1\"", "\"v1;br\"", "W/\"v1\"", "\"v1;other\"", "abc", "*"})
    CHECK(etag_of_origin(other) == other);
  CHECK(coding_in_etag("W/\"v1;gzip\"") == ContentCoding::gzip);
  CHECK_FALSE(coding_in_etag("\"v1\""));
  CHECK_FALSE(coding_in_etag("Mon, 01 Jan 2024 00:00:00 GMT"));
}

TEST_CASE("Vary names what a form hangs on, once") {
  const auto vary = [](Fields fields, bool dictionaries) {
    name_in_vary(fields, dictionaries);
    return fields.joined(Name::vary);
  };
  CHECK(vary(fields_of({}), false) == "Accept-Encoding");
  CHECK(vary(fields_of({}), true) == "Accept-Encoding, Available-Dictionary");
  CHECK(vary(fields_of({{"Vary", "Origin, accept-encoding"}}), false) == "Origin, accept-encoding");
  CHECK(vary(fields_of({{"Vary", "accept-encoding"}}), true) == "accept-encoding, Available-Dictionary");
  CHECK(vary(fields_of({{"Vary", "*"}}), true) == "*");
}

TEST_CASE("the head of a form describes that form") {
  const ObjectPtr object = object_of(fields_of({{"Content-Type", "application/json"},
                                                {"ETag", "\"v1\""},
                                                {"Accept-Ranges", "bytes"},
                                                {"Cache-Control", "max-age=60"}}));
  const std::string head = head_of_form(*object, ContentCoding::br, 77);
  CHECK(head.find("ETag: W/\"v1;br\"\r\n") != std::string::npos);
  CHECK(head.find("Content-Encoding: br\r\n") != std::string::npos);
  CHECK(head.find("Content-Length: 77\r\n") != std::string::npos);
  CHECK(head.find("Cache-Control: max-age=60\r\n") != std::string::npos);
  CHECK(head.find("Accept-Ranges") == std::string::npos);
  const std::string head304 = head304_of_form(*object, ContentCoding::br);
  CHECK(head304.starts_with("HTTP/1.1 304 "));
  CHECK(head304.find("ETag: W/\"v1;br\"\r\n") != std::string::npos);
  CHECK(head304.find("Content-Type") == std::string::npos);
}

TEST_CASE("a malformed tag isn't kept on a form that it doesn't name") {
  const ObjectPtr object = object_of(fields_of({{"ETag", "abc"}}));
  CHECK(head_of_form(*object, ContentCoding::br, 1).find("ETag") == std::string::npos);
}

}  // namespace
}  // namespace weir
