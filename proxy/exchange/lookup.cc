// lookup and judge: is something kept, does it still hold, and may it be the answer?
#include "proxy/exchange/choose_form.h"

namespace weir {
namespace {

// To a request with credentials only what says that it may be (RFC 9111 §3.5, hostile.md 24).
bool may_be_shown(const Exchange& x) {
  return x.key.asker != Asker::credentials || x.found.object->life.for_credentials;
}

Next lookup(Exchange& x) {
  x.heard = hears_of_purges(x);  // before the rules: they are as new as the trust in them
  find_kept(x);
  x.step = &kJudge;
  return Next::run;
}

Next answer_with_found(Exchange& x, Outcome outcome) {
  x.answer = x.found.object;
  x.outcome = outcome;
  x.answer->hits.fetch_add(1, std::memory_order_relaxed);
  x.status_line.hit = true;
  x.status_line.ttl = x.found.ttl(x.worker.loop.now().mono);
  x.step = &kDeliver;
  return Next::run;
}

Next ask_origin(Exchange& x, Forward why) {
  if (x.directives.only_if_cached) return x.refuse(504, "not kept, and the request asked for kept answers only");
  x.status_line.forward = why;
  x.step = &kJoin;
  return Next::run;
}

Next judge_found(Exchange& x) {
  const ObjectPtr& object = x.found.object;
  if (!object) return ask_origin(x, x.found.other_variants ? Forward::vary_miss : Forward::uri_miss);
  if (object->coding != ContentCoding::identity && !can_read(x, *object)) {
    x.uncoded = true;
    x.found.object.reset();
    return ask_origin(x, Forward::vary_miss);
  }
  const Policy& policy = x.route->policy;
  if (policy.prefer_origin && !x.directives.only_if_cached) {
    x.impatient = true;
    return ask_origin(x, Forward::request);
  }
  if (!x.heard) {
    x.status_line.detail = "cut-off";
    return ask_origin(x, Forward::stale);
  }
  const Judged judged = judge(*object, x.directives, policy, x.found.purged, x.worker.loop.now());
  switch (judged.use) {
    case Use::fresh: return answer_with_found(x, Outcome::hit);
    case Use::refresh_ahead:
      if (!object->refreshing.exchange(true, std::memory_order_relaxed) && !x.refresh(object))
        object->refreshing.store(false, std::memory_order_relaxed);
      return answer_with_found(x, Outcome::hit);
    case Use::while_revalidate:
      x.refresh(object);
      x.status_line.detail = "stale-while-revalidate";
      return answer_with_found(x, Outcome::updating);
    case Use::validate: break;
  }
  return ask_origin(x, judged.why == "request" ? Forward::request : Forward::stale);
}

}  // namespace

void find_kept(Exchange& x) {
  Node& node = x.worker.node;
  const Time now = x.worker.loop.now().mono;
  auto found = node.store.find(x.key.digest, x.key.bytes, x.request->fields, now);
  x.found.other_variants = found.other_variants;
  x.found.hit_for_miss = found.hit_for_miss;
  x.found.object = std::move(found.object);
  if (x.found.object) {
    if (!x.found.holds(node.rules)) {
      node.store.erase(*x.found.object);
      x.found.object.reset();
    } else if (!may_be_shown(x)) {
      x.found.object.reset();
    }
  }
}

bool hears_of_purges(const Exchange& x) {
  return x.worker.node.rules.trusted();
}

const Step kLookup{"lookup", lookup};
const Step kJudge{"judge", judge_found};

}  // namespace weir
