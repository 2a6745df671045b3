// Which media types are worth compressing.
#include "proxy/http/type_list.h"

#include "tests/support/catch.h"

using namespace weir;

TEST_CASE("types that compress well", "[type_list]") {
  for (const auto type : {"text/html",
                          "text/plain; charset=utf-8",
                          "TEXT/CSS",
                          "text/event-stream",
                          "application/json",
                          "Application/JSON ;charset=UTF-8",
                          "application/problem+json",
                          "application/ld+json",
                          "application/vnd.api+json",
                          "application/atom+xml",
                          "application/xml",
                          "application/javascript",
                          "application/x-javascript",
                          "text/javascript",
                          "application/wasm",
                          "image/svg+xml",
                          "application/manifest+json",
                          "application/x-ndjson",
                          "application/ndjson",
                          "font/ttf",
                          "font/otf",
                          "application/vnd.ms-fontobject",
                          "image/bmp",
                          "image/x-icon",
                          "image/vnd.microsoft.icon",
                          "application/vnd.apple.mpegurl",
                          "application/yaml",
                          " text/html ",
                          "application/graphql-response+json"}) {
    INFO(type);
    CHECK(compresses_well(type));
  }
}

TEST_CASE("types that are compressed as they stand, unknown ones, and none", "[type_list]") {
  for (const auto type : {"",
                          "image/png",
                          "image/jpeg",
                          "image/webp",
                          "image/avif",
                          "video/mp4",
                          "audio/mpeg",
                          "application/zip",
                          "application/gzip",
                          "application/epub+zip",
                          "font/woff2",
                          "font/woff",
                          "application/octet-stream",
                          "application/pdf",
                          "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                          "multipart/byteranges",
                          "json",
                          "text",
                          "text/",
                          "/json",
                          "+json",
                          "application/json/x",
                          "app lication/json",
                          "application/jsonx",
                          "xtext/html",
                          "application/json, text/html",
                          ";text/html",
                          "application/grpc+proto"}) {
    INFO(type);
    CHECK_FALSE(compresses_well(type));
  }
  CHECK_FALSE(compresses_well("text/" + std::string(200, 'x')));
}

TEST_CASE("the operator's own list", "[type_list]") {
  const auto list = TypeList::parse(std::vector<std::string>{"application/json", "Text/*", "*+json"});
  REQUIRE(list);
  for (const auto type :
       {"application/json", "APPLICATION/JSON; a=b", "text/html", "text/x", "application/problem+json"}) {
    INFO(type);
    CHECK(list->has(type));
  }
  for (const auto type : {"", "application/xml", "application/jsonx", "xapplication/json", "image/svg+xml", "text"}) {
    INFO(type);
    CHECK_FALSE(list->has(type));
  }
  CHECK(TypeList::parse(std::vector<std::string>{"*"})->has("image/png"));
  CHECK_FALSE(TypeList::parse(std::vector<std::string>{"*"})->has(""));
  CHECK_FALSE(TypeList().has("text/html"));
}

TEST_CASE("patterns that match no type are told", "[type_list]") {
  for (const auto wrong :
       {"", "json", "application/", "/json", "application/json;q=1", "a b/c", "a/b/c", "text/html,"}) {
    INFO(wrong);
    const auto list = TypeList::parse(std::vector<std::string>{"text/*", wrong});
    REQUIRE_FALSE(list);
    CHECK(list.error().side == Side::config);
  }
}
