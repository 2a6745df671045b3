// Replies of Redis: cut anywhere they mean the same; none takes more memory than it may; what a cluster says with them
// is in bounds.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "proxy/shared/redis_codec.h"
#include "proxy/shared/redis_sentinel.h"
#include "proxy/shared/redis_slots.h"
#include "tests/fuzz/fuzz.h"

using namespace weir;

namespace {

constexpr Size kLargest = 4096;

struct Read {
  std::vector<RedisReply> replies;
  bool failed = false;
};

Read read_in_pieces(std::string_view bytes, std::size_t piece) {
  RedisDecoder decoder(kLargest);
  Read read;
  while (!bytes.empty() && !read.failed) {
    std::string_view in = bytes.substr(0, piece);
    bytes.remove_prefix(in.size());
    RedisReply reply;
    auto event = RedisDecoder::Event::reply;
    while ((event = decoder.next(in, reply)) == RedisDecoder::Event::reply) read.replies.push_back(std::move(reply));
    read.failed = event == RedisDecoder::Event::error;
  }
  return read;
}

bool same(const RedisReply& a, const RedisReply& b) {
  return a.kind == b.kind && a.integer == b.integer && a.text == b.text &&
         std::equal(a.elements.begin(), a.elements.end(), b.elements.begin(), b.elements.end(), same);
}

Size memory(const RedisReply& reply) {
  Size all = reply.text.size() + reply.elements.size() * sizeof(RedisReply);
  for (const auto& element : reply.elements) all += memory(element);
  return all;
}

void check_reply(const RedisReply& reply) {
  static const RedisEndpoint kAsked{"seed", 7000, {}};
  WEIR_CHECK(memory(reply) <= kLargest);
  if (const auto ranges = parse_slots(reply, kAsked)) {
    for (const auto& range : *ranges) WEIR_CHECK(range.first <= range.last && range.last < kRedisSlots);
  }
  if (const auto redirect = parse_redirect(reply.text, kAsked)) WEIR_CHECK(redirect->slot < kRedisSlots);
  if (const auto primary = parse_primary(reply)) WEIR_CHECK(is_host(primary->host) && primary->port != 0);
  WEIR_CHECK(redis_slot(reply.text) < kRedisSlots);
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  static constexpr std::array<std::string_view, 12> kWords{"\r\n",
                                                           "$-1\r\n",
                                                           "*-1\r\n",
                                                           "*1\r\n",
                                                           "$3\r\nabc\r\n",
                                                           "+OK\r\n",
                                                           ":16383\r\n",
                                                           "-MOVED 1 a:1\r\n",
                                                           "*2\r\n",
                                                           "$9223372036854775807\r\n",
                                                           "*4294967296\r\n",
                                                           "_\r\n"};
  return kWords;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = weir::test::text_of(data, size);
  const Read whole = read_in_pieces(text, std::max<std::size_t>(size, 1));
  for (const std::size_t piece : {1U, 2U, 7U}) {
    const Read pieces = read_in_pieces(text, piece);
    WEIR_CHECK(pieces.failed == whole.failed);
    WEIR_CHECK(
        std::equal(pieces.replies.begin(), pieces.replies.end(), whole.replies.begin(), whole.replies.end(), same));
  }
  for (const auto& reply : whole.replies) check_reply(reply);
  return 0;
}
