// RESP2 by hiredis' reader; see redis_codec.h.
#include "proxy/shared/redis_codec.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/base/text.h"

namespace weir {
namespace {

// hiredis moves what it has not parsed yet to the front after each reply: fed in small slices that stays cheap.
constexpr std::size_t kSlice = 4096;
// An unused buffer larger than this is given back; smaller ones would be taken anew for every reply.
constexpr std::size_t kKeptBuffer = 256 * 1024;

#if HIREDIS_MAJOR >= 1
using ArrayCount = std::size_t;

int type_under_way(const redisReader& reader) {
  return reader.ridx < 0 ? -1 : reader.task[reader.ridx]->type;
}
#else
using ArrayCount = int;

int type_under_way(const redisReader& reader) {
  return reader.ridx < 0 ? -1 : reader.rstack[reader.ridx].type;
}
#endif

}  // namespace

void append_length(std::string& out, char type, std::size_t length) {
  std::array<char, 24> text;
  text[0] = type;
  char* end = std::to_chars(text.data() + 1, text.data() + text.size() - 2, length).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(text.data(), static_cast<std::size_t>(end - text.data()));
}

std::size_t command_size(std::span<const std::string> words) {
  std::size_t size = 24;
  for (const std::string& word : words) size += 26 + word.size();
  return size;
}

// Where the reply of a task belongs: the root, or its place in an array that was made as large as it was announced.
RedisReply* RedisDecoder::place(const redisReadTask* task) {
  auto& decoder = *static_cast<RedisDecoder*>(task->privdata);
  if (task->parent == nullptr) return &decoder.root_;
  auto& elements = static_cast<RedisReply*>(task->parent->obj)->elements;
  return &elements[static_cast<std::size_t>(task->idx)];
}

bool RedisDecoder::take(Size bytes) {
  if (bytes > left_) {
    error_ = "a reply of more than " + format_size(largest_);
    return false;
  }
  left_ -= bytes;
  return true;
}

// What hiredis calls for each part of a reply. A null pointer ends the reading with an error. Kinds of RESP3, which
// newer versions know, are refused: nobody asked for RESP3.
redisReplyObjectFunctions RedisDecoder::functions() {
  redisReplyObjectFunctions made{};
  made.createString = [](const redisReadTask* task, char* text, std::size_t length) noexcept -> void* {
    auto& decoder = *static_cast<RedisDecoder*>(task->privdata);
    RedisReply::Kind kind = RedisReply::Kind::string;
    switch (task->type) {
      case REDIS_REPLY_STRING: break;
      case REDIS_REPLY_STATUS: kind = RedisReply::Kind::status; break;
      case REDIS_REPLY_ERROR: kind = RedisReply::Kind::error; break;
      default: return nullptr;
    }
    if (text[length] != '\r' || text[length + 1] != '\n') return nullptr;  // they are there; hiredis doesn't look
    if (!decoder.take(length)) return nullptr;
    RedisReply* reply = place(task);
    reply->kind = kind;
    reply->text.assign(text, length);
    return reply;
  };
  made.createArray = [](const redisReadTask* task, ArrayCount announced) noexcept -> void* {
    auto& decoder = *static_cast<RedisDecoder*>(task->privdata);
    const auto count = static_cast<std::size_t>(announced);
    std::size_t depth = 1;
    for (const auto* outer = task->parent; outer != nullptr; outer = outer->parent) ++depth;
    if (task->type != REDIS_REPLY_ARRAY || depth > kDeepest) return nullptr;
    if (count > decoder.largest_ / sizeof(RedisReply) || !decoder.take(count * sizeof(RedisReply))) {
      decoder.error_ = "an array of " + std::to_string(count) + " elements";
      return nullptr;
    }
    RedisReply* reply = place(task);
    reply->kind = RedisReply::Kind::array;
    reply->elements.resize(count);
    return reply;
  };
  made.createInteger = [](const redisReadTask* task, long long value) noexcept -> void* {
    if (task->type != REDIS_REPLY_INTEGER) return nullptr;
    RedisReply* reply = place(task);
    reply->kind = RedisReply::Kind::integer;
    reply->integer = value;
    return reply;
  };
  made.createNil = [](const redisReadTask* task) noexcept -> void* { return place(task); };
#if HIREDIS_MAJOR >= 1
  made.createDouble = [](const redisReadTask*, double, char*, std::size_t) noexcept -> void* { return nullptr; };
  made.createBool = [](const redisReadTask*, int) noexcept -> void* { return nullptr; };
#endif
  made.freeObject = [](void*) noexcept {};  // all of it lives in root_
  return made;
}

RedisDecoder::RedisDecoder(Size largest)
    : largest_(largest), functions_(functions()), reader_(redisReaderCreateWithFunctions(&functions_)), left_(largest) {
  WEIR_CHECK(reader_ != nullptr);
  reader_->privdata = this;
  reader_->maxbuf = kKeptBuffer;
}

RedisDecoder::~RedisDecoder() = default;

bool RedisDecoder::in_reply() const {
  return reader_->len > reader_->pos || reader_->ridx >= 0;
}

RedisDecoder::Event RedisDecoder::refuse(std::string why) {
  if (error_.empty()) error_ = std::move(why);
  return Event::error;
}

RedisDecoder::Event RedisDecoder::next(std::string_view& in, RedisReply& reply) {
  if (!error_.empty()) return Event::error;
  for (;;) {
    const Event event = parse();
    if (event == Event::reply) {
      reply = std::exchange(root_, RedisReply{});
      left_ = largest_;
    }
    if (event != Event::need_more || in.empty()) return event;
    const std::size_t slice = std::min(in.size(), std::max(kSlice, missing_));
    if (redisReaderFeed(reader_.get(), in.data(), slice) != REDIS_OK) return refuse("no memory for a reply");
    in.remove_prefix(slice);
  }
}

RedisDecoder::Event RedisDecoder::parse() {
  if (reader_->len == reader_->pos) return Event::need_more;
  void* reply = nullptr;
  if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) return refuse(printable(reader_->errstr));
  if (reply != nullptr) return Event::reply;
  return look_at_pending() ? Event::need_more : Event::error;
}

// hiredis waits for as many bytes as a length announces, however many: the bound is ours.
bool RedisDecoder::look_at_pending() {
  missing_ = 0;
  const std::string_view pending(reader_->buf + reader_->pos, reader_->len - reader_->pos);
  const auto end = pending.substr(0, kLongestLine).find("\r\n");
  if (end == std::string_view::npos) {
    if (pending.size() < kLongestLine) return true;
    error_ = "a line of more than 64 KiB";
    return false;
  }
  if (type_under_way(*reader_) != REDIS_REPLY_STRING) return true;
  const auto length = parse_number(pending.substr(0, end));
  if (!length || *length > left_) {
    error_ = "a reply of more than " + format_size(largest_);
    return false;
  }
  const std::size_t whole = end + 2 + static_cast<std::size_t>(*length) + 2;
  missing_ = whole > pending.size() ? whole - pending.size() : 0;
  return true;
}

}  // namespace weir
