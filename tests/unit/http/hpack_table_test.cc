// Heads told by the client's table: whatever goes out, nghttp2 must read the same fields from it that a plain block
// has.
#include "proxy/http/hpack_table.h"

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "proxy/http/hpack.h"

namespace weir {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Client {
  HpackDecoder decoder;
  HpackTable table;
  std::size_t last_size = 0;

  Pairs get(HpackHeads& heads, std::string_view lines, const Pairs& own = {}) {
    std::string block;
    table.begin(block);
    append_hpack_status(block, 200);
    table.add(block, heads.find(lines));
    for (const auto& [name, value] : own) table.add_own(block, name_of(name), value);
    last_size = block.size();
    Pairs got;
    const bool whole = decoder.decode(block, [&](auto name, auto value) { got.emplace_back(name, value); });
    REQUIRE(whole);
    return got;
  }
};

const std::string kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nETag: \"abc\"\r\nX-Thing: some value\r\nContent-Length: 5\r\n";
const Pairs kFields{{":status", "200"},
                    {"content-type", "text/plain"},
                    {"etag", "\"abc\""},
                    {"x-thing", "some value"},
                    {"content-length", "5"}};

Pairs with(Pairs fields, const Pairs& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

}  // namespace

TEST_CASE("a head that goes out often becomes a byte for each field, and says the same") {
  HpackHeads heads;
  Client client;
  CHECK(client.get(heads, kHead) == kFields);
  const std::size_t whole = client.last_size;
  for (int i = 0; i < 10; ++i) CHECK(client.get(heads, kHead) == kFields);
  CHECK(client.last_size == kFields.size());
  CHECK(client.last_size < whole);
}

TEST_CASE("another client gets it whole first") {
  HpackHeads heads;
  Client first, second;
  for (int i = 0; i < 10; ++i) first.get(heads, kHead);
  CHECK(second.get(heads, kHead) == kFields);
  CHECK(second.last_size > first.last_size);
  CHECK(second.get(heads, kHead) == kFields);
  CHECK(second.last_size == first.last_size);
}

TEST_CASE("weir's own fields: a hit's timing is a byte, the others keep their names") {
  HpackHeads heads;
  Client client;
  const Pairs own{{"age", "3"},
                  {"cache-status", "weir; hit; ttl=9"},
                  {"server-timing", "cache;desc=hit"},
                  {"x-request-id", "0123456789abcdef"}};
  const Pairs miss{{"cache-status", "weir; fwd=uri-miss"},
                   {"server-timing", "cache;desc=miss, origin;dur=1.2"},
                   {"x-request-id", "x"}};
  for (int i = 0; i < 6; ++i) {
    CHECK(client.get(heads, kHead, own) == with(kFields, own));
    CHECK(client.get(heads, kHead, miss) == with(kFields, miss));
  }
}

TEST_CASE("secrets never enter the table") {
  HpackHeads heads;
  Client client;
  const std::string lines = "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Type: a/b\r\nSet-Cookie: b=2\r\n";
  const Pairs fields{{":status", "200"}, {"content-type", "a/b"}, {"set-cookie", "a=1"}, {"set-cookie", "b=2"}};
  Pairs got;
  for (int i = 0; i < 8; ++i) got = client.get(heads, lines);
  CHECK(got == fields);
  CHECK(client.last_size > 2 * std::string_view("a=1").size() + 4);  // the cookies go as they are, each time
}

TEST_CASE("a client that wants a smaller table gets an empty one, once for all") {
  HpackHeads heads;
  Client client;
  for (int i = 0; i < 8; ++i) client.get(heads, kHead);
  const std::size_t known = client.last_size;
  client.table.resize(100);
  CHECK(client.get(heads, kHead) == kFields);
  const std::size_t whole = client.last_size;
  CHECK(whole > known);
  client.table.resize(4096);
  for (int i = 0; i < 8; ++i) CHECK(client.get(heads, kHead) == kFields);
  CHECK(client.last_size == whole - 1);  // without the word that the table is empty
}

TEST_CASE("a larger table changes nothing") {
  HpackHeads heads;
  Client client;
  client.table.resize(1 << 20);
  for (int i = 0; i < 8; ++i) CHECK(client.get(heads, kHead) == kFields);
  CHECK(client.last_size == kFields.size());
}

TEST_CASE("heads too large for the table go as they are") {
  HpackHeads heads;
  Client client;
  const std::string value(GENERATE(std::size_t{1400}, std::size_t{1600}, std::size_t{3000}, std::size_t{9000}), 'v');
  for (int i = 0; i < 8; ++i) {
    const auto got = client.get(heads, "HTTP/1.1 200 OK\r\nX-Large: " + value + "\r\nA: b\r\n");
    CHECK(got == Pairs{{":status", "200"}, {"x-large", value}, {"a", "b"}});
  }
}

TEST_CASE("however heads and own fields push each other out, each block says what it should") {
  std::mt19937 random(GENERATE(1U, 2U, 3U, 4U, 5U));
  const auto upto = [&](std::size_t n) { return random() % n; };
  HpackHeads heads;
  std::vector<std::string> lines;
  std::vector<Pairs> fields;
  for (int i = 0; i < 40; ++i) {
    lines.emplace_back("HTTP/1.1 200 OK\r\n");
    fields.push_back({{":status", "200"}});
    for (std::size_t n = upto(12); n > 0; --n) {
      const std::string name = "x-" + std::to_string(upto(30)), value(upto(150), static_cast<char>('a' + upto(26)));
      lines.back() += name + ": " + value + "\r\n";
      fields.back().emplace_back(name, value);
    }
  }
  std::vector<Client> clients(3);
  for (int i = 0; i < 3000; ++i) {
    const std::size_t head = upto(4) == 0 ? upto(lines.size()) : upto(6);
    Pairs own;
    if (upto(3) > 0) own.emplace_back("cache-status", "weir; hit; ttl=" + std::to_string(upto(1000)));
    if (upto(2) > 0) own.emplace_back("server-timing", upto(4) > 0 ? "cache;desc=hit" : "cache;desc=stale");
    if (upto(2) > 0) own.emplace_back("x-request-id", std::string(upto(140), 'i'));
    CHECK(clients[upto(clients.size())].get(heads, lines[head], own) == with(fields[head], own));
  }
}

}  // namespace weir
