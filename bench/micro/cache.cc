// Key, look-up and validity: the other parts of a hit.
#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "bench/micro/bench.h"
#include "proxy/base/check.h"
#include "proxy/cache/invalidation.h"
#include "proxy/cache/key.h"
#include "proxy/cache/store.h"

namespace weir::bench {
namespace {

constexpr std::size_t kObjects = 200'000;

RequestHead request(std::string_view path, std::string_view query) {
  RequestHead head;
  head.authority = "streamvibe.example.com";
  head.path = path;
  head.query = query;
  head.has_query = !query.empty();
  head.fields.add(Name::accept_encoding, "gzip, deflate, br, zstd");
  head.fields.add(Name::authorization, "Bearer 0123456789abcdef0123456789abcdef");
  return head;
}

std::shared_ptr<Object> object(std::string_view key) {
  auto made = std::make_shared<Object>();
  made->key = key;
  made->digest = hash128(key);
  made->head = std::string(250, 'h');
  made->tags = {"video:" + std::string(key.substr(key.size() - 8)), "search"};
  Block block{std::make_shared<char[]>(64), 64, 64};
  std::memcpy(block.bytes.get(), key.data() + key.size() - 8, 8);  // no two the same
  made->body = std::make_shared<const Body>(std::vector<Block>{std::move(block)});
  return made;
}

// Keys of "/api/videos/N", padded so that all are equally long.
class Keys {
 public:
  explicit Keys(std::size_t first) {
    Arena arena;
    for (std::size_t i = 0; i < kObjects; ++i) {
      arena.reset();
      const std::string path = "/api/videos/" + std::to_string(10'000'000 + first + i);
      bytes_.emplace_back(make_key(KeySpec{}, request(path, ""), arena).bytes);
    }
    std::shuffle(bytes_.begin(), bytes_.end(), std::mt19937(1));
    for (const auto& key : bytes_) digests_.push_back(hash128(key));
  }
  const std::string& bytes(std::size_t i) const { return bytes_[i % kObjects]; }
  const Digest& digest(std::size_t i) const { return digests_[i % kObjects]; }

 private:
  std::vector<std::string> bytes_;
  std::vector<Digest> digests_;
};

}  // namespace

void keys() {
  Arena arena;
  const auto plain = request("/api/videos/42", "");
  const auto sorted = request("/api/search", "limit=20&page=2&q=weir");
  const auto unsorted = request("/api/search", "q=weir&page=2&limit=20");
  KeySpec by_user;
  by_user.user = KeySpec::User{KeySpec::User::From::header, "authorization"};
  const auto measure = [&](std::string_view name, const KeySpec& spec, const RequestHead& head) {
    row(name, [&](std::size_t) {
      arena.reset();
      keep(make_key(spec, head, arena));
    });
  };
  measure("key: path only", {}, plain);
  measure("key: three query pairs in order", {}, sorted);
  measure("key: three query pairs to sort", {}, unsorted);
  measure("key: by user", by_user, plain);
}

void store() {
  const Keys there(0);
  const Keys absent(kObjects);
  const Fields fields = request("/", "").fields;
  const Time now{};
  Store store(Size{1} << 30);
  for (std::size_t i = 0; i < kObjects; ++i) WEIR_CHECK(store.put(object(there.bytes(i)), 16));
  row("find: hit, one hot key", [&](std::size_t) { keep(store.find(there.digest(0), there.bytes(0), fields, now)); });
  row("find: hit, any of 200,000",
      [&](std::size_t i) { keep(store.find(there.digest(i), there.bytes(i), fields, now)); });
  row("find: miss", [&](std::size_t i) { keep(store.find(absent.digest(i), absent.bytes(i), fields, now)); });

  auto varied = object(there.bytes(0));
  varied->vary_names = {"accept-encoding"};
  varied->vary_values = {"=br,deflate,gzip,zstd"};
  WEIR_CHECK(store.put(std::move(varied), 16));
  row("find: hit that varies by Accept-Encoding",
      [&](std::size_t) { WEIR_CHECK(store.find(there.digest(0), there.bytes(0), fields, now).object != nullptr); });
  row("put: replaces", [&](std::size_t i) { store.put(object(there.bytes(i)), 16); });
  Store small(16_MiB);
  row("put: evicts", [&](std::size_t i) { small.put(object(there.bytes(i)), 16); });
}

void invalidation() {
  using Kind = InvalidationRecord::Kind;
  InvalidationRules rules;
  const Keys keys(0);
  const auto one = object(keys.bytes(0));
  Position position = 0;
  for (int i = 0; i < 100'000; ++i) rules.apply(++position, {Kind::tag, "other:" + std::to_string(i), false});
  row("valid? no new record", [&](std::size_t) { keep(rules.covers(*one)); });
  row("valid? new records, two tags", [&](std::size_t) {
    one->checked.store(0, std::memory_order_relaxed);
    keep(rules.covers(*one));
  });
  for (int i = 0; i < 100; ++i) rules.apply(++position, {Kind::prefix, "/other/" + std::to_string(i), false});
  row("valid? and a hundred prefixes", [&](std::size_t) {
    one->checked.store(0, std::memory_order_relaxed);
    keep(rules.covers(*one));
  });
  row("purge a tag", [&](std::size_t) { rules.apply(++position, {Kind::tag, "search", false}); });
}

}  // namespace weir::bench
