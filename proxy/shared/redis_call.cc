// Commands on their way; see redis_call.h.
#include "proxy/shared/redis_call.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "proxy/base/text.h"
#include "proxy/shared/redis_codec.h"

namespace weir {
namespace {

constexpr Size kOverhead = sizeof(RedisCall) + 64;
constexpr std::size_t kLongestDetail = 300;

Result<std::shared_ptr<const TlsContext>> open_tls(const RedisSettings& settings) {
  if (!settings.tls) return std::shared_ptr<const TlsContext>{};
  return TlsContext::open({.ca_file = settings.ca_file, .verify = settings.verify});
}

// What the server understood and refused; Code::denied where it is a matter of rights.
Error error_of(std::string_view words) {
  const auto word = words.substr(0, words.find(' '));
  const bool rights = word == "NOAUTH" || word == "NOPERM" || word == "WRONGPASS";
  return Error{Side::redis, rights ? Code::denied : Code::unsupported, printable(words.substr(0, kLongestDetail))};
}

}  // namespace

RedisContext::RedisContext(Loop& on, Background& background, std::shared_ptr<const RedisSettings> with)
    : loop(on), settings(std::move(with)), names(on, background), tls(open_tls(*settings)), buffer(kBuffer) {}

void RedisContext::refuse(RedisCallPtr call, Error error) {
  loop.defer([call = std::move(call), error = std::move(error)]() mutable { call->answer(std::move(error)); });
}

RedisCall::RedisCall(std::shared_ptr<RedisContext> context, RedisCommand command, Done done)
    : context_(std::move(context)), command_(std::move(command)), size_(size_of(command_)), done_(std::move(done)) {
  context_->queued += size_;
}

Size RedisCall::size_of(const RedisCommand& command) {
  return kOverhead + command_size(command.words);
}

void RedisCall::answer(Result<RedisReply> result) {
  if (std::exchange(over_, true) || context_->ended) return;
  // It may drop the Operation, and with it what it is made of.
  auto done = std::move(done_);
  if (done) done(std::move(result));
}

void RedisCall::answer(RedisReply reply) {
  if (over_) return;
  if (!reply.is_error()) return answer(Result<RedisReply>(std::move(reply)));
  context_->counters.errors.add();
  answer(Result<RedisReply>(error_of(reply.text)));
}

void RedisCall::answer(Error error) {
  if (over_) return;
  auto& counters = context_->counters;
  (error.code == Code::unavailable ? counters.refused : counters.errors).add();
  answer(Result<RedisReply>(std::move(error)));
}

void RedisCall::expire() {
  if (over_) return;
  expired_ = true;
  context_->counters.timeouts.add();
  answer(Result<RedisReply>(Error{Side::redis, Code::timeout, "no answer in time"}));
}

Time redis_now() {
  return Time(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace weir
