// RedisNames: host names into addresses for one Redis client, on the background's threads. One look-up a name at a
// time: who asks meanwhile gets the same answer, so that a name server that hangs costs one thread, not all. Where a
// look-up fails, what it gave the last time is good enough to be tried.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proxy/base/callback.h"
#include "proxy/base/operation.h"
#include "proxy/net/address.h"
#include "proxy/net/background.h"
#include "proxy/net/loop.h"

namespace weir {

class RedisNames {
 public:
  using Found = Callback<void(Result<std::vector<Address>>)>;

  // Both outlive this; an answer that comes after its end does no harm.
  RedisNames(Loop& loop, Background& background) : loop_(loop), background_(background) {}
  RedisNames(const RedisNames&) = delete;
  RedisNames& operator=(const RedisNames&) = delete;

  // The loop's thread; never answers from inside. The addresses come without a port.
  Operation look_up(const std::string& host, Found found);

 private:
  struct Name {
    std::map<std::uint64_t, Found> waiting;
    std::vector<Address> known;
    bool asked = false;
  };
  void ask(const std::string& host);
  void answer(const std::string& host, Result<std::vector<Address>> found);

  Loop& loop_;
  Background& background_;
  std::map<std::string, Name, std::less<>> names_;  // as many as the config and the servers name
  std::uint64_t next_ = 0;
  const std::shared_ptr<RedisNames*> self_ = std::make_shared<RedisNames*>(this);  // look-ups hold it weakly
};

}  // namespace weir
