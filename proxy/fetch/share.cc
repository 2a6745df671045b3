// share: before the origin is asked, has another node the answer, or is it fetching it? Redis that is slow or away is
// no reason to wait, and no trouble of it is ever the client's.
//
//   look ─┬─ fresh ────────────────────────► the flight is complete
//         ├─ stale ─► look for a newer one
//         ├─ nothing, the lease is ours ───► prepare, and give what came to the others (keep)
//         ├─ nothing, it is another node's ► pause ─► look again
//         └─ no help ──────────────────────► prepare
#include <algorithm>
#include <utility>

#include "proxy/cache/vary.h"
#include "proxy/fetch/fetch.h"

namespace weir {
namespace {

constexpr Duration kShortestPause = std::chrono::milliseconds(1), kLongestPause = std::chrono::milliseconds(10);
constexpr Duration kLongestWait = std::chrono::seconds(10);  // for other nodes, all in all
constexpr Duration kLongestAhead = std::chrono::seconds(1);  // for this node's log to catch up
constexpr Duration kPass = std::chrono::seconds(1);          // nobody waits for a key whose answer was no good
constexpr Duration kNewer = std::chrono::seconds(1);         // less isn't worth taking another copy for

void look(Fetch& f);
void look_at_ahead(Fetch& f);

void go_on(Fetch& f) {
  f.step_ = &kPrepare;
  f.advance();
}

// In step with this node's log: what it can't place in its own history might have been purged since.
bool is_known(const Fetch& f, const TierFound& found) {
  const auto mark = f.worker.node.log->mark_at(found.object->position);
  return mark && *mark == found.mark && vary_matches(*found.object, f.request.fields);
}

bool is_fresh(const Fetch& f, const Object& object) {
  const Time now = f.worker.loop.now().mono;
  const Duration left = object.life.ttl(now);
  if (object.life.always_validate || left <= Duration{}) return false;
  if (!f.kept || f.worker.node.rules.covers(*f.kept) != Coverage::none) return true;
  const Duration left_of_kept = f.kept->life.ttl(now);
  return left_of_kept <= Duration{} || left > left_of_kept + kNewer;
}

void complete(Fetch& f, ObjectPtr object) {
  f.worker.node.flights.retire(*f.flight);
  f.head_published = true;
  f.flight->complete({.whole = std::move(object), .share = true, .from_others = true, .trailers = {}});
  f.over();
}

void pause(Fetch& f) {
  if (f.worker.loop.now().mono - f.shared_since > kLongestWait || !f.worker.node.rules.trusted()) return go_on(f);
  f.pause = std::clamp(f.pause * 2, kShortestPause, kLongestPause);
  if (!f.sharing_pause) {
    f.sharing_pause = std::make_unique<Timer>(f.worker.loop, [&f] { f.ahead.object ? look_at_ahead(f) : look(f); });
  }
  f.sharing_pause->set(f.pause);
}

// Each answer is asked for anew: who waited for another node's would only wait longer.
bool never_fresh(const Object& object) {
  return object.life.always_validate || object.life.fresh_for <= Duration{};
}

// True: it was the answer. What is stale goes into memory as well: it is validated, or served where the origin fails.
bool use(Fetch& f, TierFound found) {
  Node& node = f.worker.node;
  const Coverage coverage = is_known(f, found) ? node.rules.covers(*found.object) : Coverage::hard;
  if (coverage == Coverage::hard) return false;
  const bool fresh = coverage == Coverage::none && is_fresh(f, *found.object);
  const bool better = !f.kept || found.object->date > f.kept->date;
  if (fresh || better) node.store.put(found.object, f.route.policy.max_variants);
  if (fresh) {
    complete(f, std::move(found.object));
  } else if (better) {
    f.kept = std::move(found.object);
  }
  return fresh;
}

// Of what won't do it wants to hear no more: it looks for what comes next, or for the right to fetch that. Who finds
// another that won't do takes his time; a Redis that doesn't heed what is known is of no help.
void on_found(Fetch& f, TierFound found) {
  if (found.object->position > f.worker.node.rules.head()) {
    if (f.worker.loop.now().mono - f.shared_since > kLongestAhead) return go_on(f);  // no log of ours says so
    f.ahead = std::move(found);
    return pause(f);
  }
  const bool asks_anew = never_fresh(*found.object);
  const bool again = !f.known.empty();
  const bool unheeded = found.seal == f.known;
  f.known = found.seal;
  if (use(f, std::move(found))) return;
  if (!f.route.policy.coalesce_over_nodes || asks_anew || unheeded) return go_on(f);
  again ? pause(f) : look(f);
}

// What this node can't place yet, since another one is a record ahead of it, it can a moment later.
void look_at_ahead(Fetch& f) {
  on_found(f, std::exchange(f.ahead, {}));
}

void look(Fetch& f) {
  RedisTier& tier = *f.worker.tier;
  const RedisTier::Asked asked{f.key.bytes, f.key.digest, f.route.policy.max_object, f.known};
  if (!f.route.policy.coalesce_over_nodes) {
    f.sharing = tier.find(asked, f.request.fields, [&f](TierAnswer answer) {
      f.sharing.done();
      auto* const hit = std::get_if<TierFound>(&answer);
      hit != nullptr ? on_found(f, std::move(*hit)) : go_on(f);
    });
    return;
  }
  f.sharing = tier.find_or_lease(asked, f.request.fields, [&f](TierOrLease answer) {
    f.sharing.done();
    if (auto* const hit = std::get_if<TierFound>(&answer)) return on_found(f, std::move(*hit));
    if (std::holds_alternative<LeaseHeld>(answer)) return pause(f);
    if (auto* const lease = std::get_if<RedisLease>(&answer)) f.lease = std::move(*lease);
    go_on(f);
  });
}

Next share(Fetch& f) {
  f.step_ = &kPrepare;
  const bool may = f.worker.tier && f.store && f.shared && !f.upload && !f.uncoded && !f.from_origin &&
                   f.route.policy.shared && f.worker.node.rules.trusted();
  if (!may) return Next::run;
  f.shared_since = f.worker.loop.now().mono;
  look(f);
  return Next::wait;
}

}  // namespace

const FetchStep kShare{"share", share};

void give_to_others(Fetch& f, const ObjectPtr& object) {
  if (!f.worker.tier || !f.shared || !f.route.policy.shared) return;
  if (const auto mark = f.worker.node.log->mark_at(object->position))
    f.worker.tier->put(object, *mark, std::move(f.lease));
}

void say_unshareable(Fetch& f) {
  if (f.lease) f.lease.mark_pass(f.admission && f.admission->hit_for_miss ? f.route.policy.hit_for_miss : kPass);
  f.lease.release();
}

}  // namespace weir
