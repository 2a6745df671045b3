// Names into addresses; see redis_names.h.
#include "proxy/shared/redis_names.h"

#include <utility>

namespace weir {

Operation RedisNames::look_up(const std::string& host, Found found) {
  const std::uint64_t id = ++next_;
  auto& name = names_[host];
  name.waiting.emplace(id, std::move(found));
  if (!std::exchange(name.asked, true)) ask(host);
  return Operation([id, host, self = std::weak_ptr<RedisNames*>(self_)] {
    if (const auto names = self.lock()) (*names)->names_[host].waiting.erase(id);
  });
}

void RedisNames::ask(const std::string& host) {
  if (auto literal = parse_ip(host, 0)) {
    return loop_.defer([host, address = *literal, self = std::weak_ptr<RedisNames*>(self_)] {
      if (const auto names = self.lock()) (*names)->answer(host, std::vector<Address>{address});
    });
  }
  // The loop outlives the background's threads; `self` is looked at on the loop only.
  background_.urgent([&loop = loop_, host, self = std::weak_ptr<RedisNames*>(self_)]() mutable {
    loop.post([host, found = resolve_blocking(host, 0), self = std::move(self)]() mutable {
      if (const auto names = self.lock()) (*names)->answer(host, std::move(found));
    });
  });
}

void RedisNames::answer(const std::string& host, Result<std::vector<Address>> found) {
  auto& name = names_[host];
  name.asked = false;
  if (found) {
    name.known = *found;
  } else if (!name.known.empty()) {
    found = name.known;
  }
  // An answer may ask again, cancel others that wait, or end all of this.
  const std::weak_ptr<RedisNames*> self = self_;
  const std::uint64_t last = next_;
  while (!self.expired() && !name.waiting.empty() && name.waiting.begin()->first <= last) {
    auto tell = std::move(name.waiting.begin()->second);
    name.waiting.erase(name.waiting.begin());
    tell(found);
  }
}

}  // namespace weir
