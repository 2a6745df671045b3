// join: the answer must come from the origin. Take part in the flight that fetches it, or start one; then see what
// became of it: an answer to stream, a kept copy that the origin confirmed, a failure with something stale to fall back
// on, or an answer that is not for sharing, and so one more fetch, alone.
#include <utility>

#include "proxy/cache/vary.h"
#include "proxy/exchange/choose_form.h"

namespace weir {
namespace {

constexpr unsigned kMostTries = 2;  // fetches that may fail under one request
constexpr unsigned kMostJoins = 8;  // flights it may join, all in all

// A validator for the kept copy is worth sending only where its answer may be stored.
ObjectPtr kept_for_validation(const Exchange& x) {
  return x.eligibility.store ? x.found.object : nullptr;
}

// Who shows credentials that the key doesn't hold waits for nobody, and nobody for them (hostile.md 33).
bool goes_alone(const Exchange& x) {
  const bool credentials = x.key.asker == Asker::credentials;
  return x.alone || credentials || !x.eligibility.store || x.found.hit_for_miss;
}

// In a tunnel it is what the client will say there.
std::shared_ptr<Upload> open_upload(Exchange& x) {
  if (x.request->framing == Framing::none && x.upgrade.empty()) return nullptr;
  x.upload = std::make_shared<Upload>();
  return x.upload;
}

// Where nothing will be kept, a HEAD, a range or a condition is worth passing on as it is.
bool asks_for_less(const RequestHead& request) {
  const Fields& fields = request.fields;
  return request.method == Method::head || fields.has(Name::range) || fields.has(Name::if_none_match) ||
         fields.has(Name::if_modified_since);
}

Next lead(Exchange& x, FlightPtr flight, bool shared) {
  const bool unlikely = x.found.hit_for_miss || x.key.asker == Asker::credentials;
  const bool store = x.eligibility.store && !(unlikely && asks_for_less(*x.request));
  auto order = x.order(std::move(flight), store ? kept_for_validation(x) : nullptr, store, shared);
  order.upload = open_upload(x);
  if (x.upload && x.upgrade.empty()) x.channel.read_request_body(x.upload);
  x.leads = true;
  Fetch::start(x.worker, order);
  return Next::run;
}

// What keeps requests apart that ask for the same key: what a known Vary names, and content without a coding.
std::string discriminator(const Exchange& x) {
  return x.uncoded ? "uncoded" + x.discriminator : x.discriminator;
}

// The flight that this request would have joined may have landed after it looked, on another worker: what it brought is
// in the store now, and nobody needs another.
bool has_landed(Exchange& x) {
  const bool looked = x.eligibility.lookup && !x.found.object && !x.found.hit_for_miss && !x.uncoded;
  if (!looked || x.impatient || !x.heard || x.tries > 1) return false;
  find_kept(x);
  const ObjectPtr& object = x.found.object;
  const bool readable = object && (object->coding == ContentCoding::identity || can_read(x, *object));
  if (readable && judge(*object, x.directives, x.route->policy, x.found.purged, x.worker.loop.now()).use == Use::fresh)
    return true;
  x.found.object.reset();
  return false;
}

// Takes a place in a flight; starts its fetch where nobody does.
Next take_place(Exchange& x) {
  if (++x.tries > kMostJoins) return x.refuse(503, "the answer kept changing while it was fetched");
  x.heard = hears_of_purges(x);
  const Wanted wanted{*x.route,
                      x.values,
                      x.key,
                      discriminator(x),
                      kept_for_validation(x).get(),
                      x.tries > 1 && !x.heard ? x.came : Time::min()};
  const bool alone = goes_alone(x);
  FlightTable::Claim claim;
  if (alone) {
    claim = {claim_alone(x.worker.node, wanted), true};
  } else {
    claim = claim_shared(x.worker.node, wanted);
  }
  if (claim.leads && !alone && has_landed(x)) {  // and whoever has joined this one has it, too
    Flight::Ending ending;
    ending.whole = x.found.object;
    ending.origin_status = x.found.object->status;
    claim.flight->complete(std::move(ending));
    x.worker.node.flights.retire(*claim.flight);
    x.step = &kJudge;
    return Next::run;
  }
  auto reader = claim.flight->join(
      x.worker.loop, [&x] { x.advance(); }, claim.leads);
  if (!reader) {  // no place in it any more: its body is under way already, or too many wait
    x.alone = true;
    return Next::run;
  }
  x.reader = std::move(*reader);
  x.asked = x.worker.node.rules.head();
  x.leads = claim.leads;
  if (x.impatient && !x.patience) {
    x.patience = std::make_unique<Timer>(x.worker.loop, [&x] { x.advance(); });
    x.patience->set(x.route->policy.patience);
  }
  return claim.leads ? lead(x, std::move(claim.flight), !alone) : Next::run;
}

Next try_again(Exchange& x) {
  x.reader.leave();
  x.leads = false;
  return Next::run;
}

Next serve_stale(Exchange& x, std::string_view why) {
  x.reader.leave();
  x.answer = x.found.object;
  x.outcome = Outcome::stale;
  x.status_line = {};
  x.status_line.hit = true;
  x.status_line.detail = why;
  x.status_line.ttl = x.found.ttl(x.worker.loop.now().mono);
  x.step = &kDeliver;
  return Next::run;
}

// The copy may have been purged while the origin was asked: gone is gone. Nor will one do of which nobody knows. What
// another node had may have come into the store meanwhile.
bool stale_will_do(Exchange& x, bool unreachable) {
  if (!x.found.object && x.worker.tier && x.eligibility.lookup) find_kept(x);
  return x.found.object && hears_of_purges(x) && x.found.holds(x.worker.node.rules) &&
         may_serve_on_error(*x.found.object, x.directives, x.route->policy, x.found.purged, unreachable,
                            x.worker.loop.now());
}

Next failed(Exchange& x, const Error& error) {
  if (stale_will_do(x, true)) return serve_stale(x, "stale-if-error");
  if (!x.leads && x.tries < kMostTries) return try_again(x);
  return x.refuse(error);
}

bool origin_failed(int status) {
  return status == 500 || status == 502 || status == 503 || status == 504;
}

// Another node had it: a hit of the second tier.
void say_whose(Exchange& x, const Object& object) {
  x.from_others = true;
  x.outcome = Outcome::hit;
  x.status_line = {};
  x.status_line.hit = true;
  x.status_line.ttl =
      std::chrono::duration_cast<std::chrono::seconds>(object.life.ttl(x.worker.loop.now().mono)).count();
  x.status_line.detail = "redis";
  x.origin_time = {};
  object.hits.fetch_add(1, std::memory_order_relaxed);
  x.counters().shared_hits.add();
}

void say_what_came(Exchange& x, const FlightView& view) {
  if (view.from_others) return say_whose(x, *view.whole);
  if (view.revalidated && x.eligibility.lookup)
    x.status_line.forward = Forward::stale;  // of another node's copy, maybe
  if (x.status_line.forward == Forward::stale || x.status_line.forward == Forward::request) {
    x.status_line.forward_status = view.origin_status;
  }
  if (!x.leads) {
    x.outcome = Outcome::coalesced;
    x.status_line.collapsed = true;
  } else if (view.revalidated) {
    x.outcome = Outcome::revalidated;
  } else if (!x.eligibility.lookup) {
    x.outcome = Outcome::bypass;
    x.status_line.forward = Forward::bypass;
    x.status_line.detail = x.reader.flight().unlogged() ? "invalidation-pending" : x.eligibility.why_not;
  } else if (x.reader.flight().keeps() && x.eligibility.store) {
    x.outcome = x.found.object ? Outcome::expired : Outcome::miss;
    x.status_line.stored = true;
  } else {
    x.outcome = Outcome::uncacheable;
  }
}

// A purge that this node couldn't hear of when it joined may have come between the flight's beginning and this request:
// nor does it help that it hears of it now, since what it asked from is older. It waits for the
// flight's head all the same: so those who came meanwhile share the next one.
bool may_have_missed(const Exchange& x) {
  return x.reader.flight().identity().began < x.came && !x.heard;
}

// A follower looks whether the answer is for it.
Next follow(Exchange& x, const FlightView& view) {
  if (view.from_others && wants_origin(x)) return try_again(x);
  if (view.released || overtaken(x.worker.node, x.reader.flight(), view, x.asked) || may_have_missed(x)) {
    const bool herd = view.released && origin_failed(view.origin_status);  // not all at once to an origin that fails
    if (herd && x.tries >= kMostTries) {
      const auto retry_after = view.draft ? view.draft->fields().value(Name::retry_after) : std::string_view();
      return x.refuse(view.origin_status, "the origin answered with an error", retry_after);
    }
    if (view.released && !herd) x.alone = x.found.hit_for_miss = true;
    return try_again(x);
  }
  const Object* answer = view.whole ? view.whole.get() : view.draft.get();
  if (answer != nullptr && !vary_matches(*answer, x.request->fields)) {
    x.discriminator.clear();
    for (const auto& name : answer->vary_names) {
      x.discriminator.append(name).append("=").append(vary_value(x.request->fields, name)).push_back('\0');
    }
    return try_again(x);
  }
  return Next::done;  // it is
}

void pass_on_interim(Exchange& x, const FlightView& view) {
  if (!x.leads) return;
  for (; x.interim_sent < view.interim; ++x.interim_sent)
    x.channel.send_interim(x.reader.flight().interim(x.interim_sent));
}

Next join(Exchange& x) {
  if (!x.reader) {
    const Next taken = take_place(x);
    if (x.step != &kJoin || !x.reader) return taken;
  }
  const FlightView view = x.reader.flight().look();
  pass_on_interim(x, view);
  if (view.stage == FlightView::Stage::empty) {
    if (x.patience && !x.patience->is_set() && stale_will_do(x, true)) return serve_stale(x, "patience");
    return Next::wait;
  }
  if (view.stage == FlightView::Stage::failed) return failed(x, *view.error);  // nothing of it was sent yet
  if (!x.leads && follow(x, view) == Next::run) return Next::run;
  if (origin_failed(view.origin_status) && stale_will_do(x, false)) return serve_stale(x, "stale-if-error");
  if (!x.uncoded && x.eligibility.lookup && !can_read(x, view.whole ? *view.whole : *view.draft)) {
    x.uncoded = true;
    x.found.object.reset();
    return try_again(x);
  }
  x.origin_time = x.worker.loop.now().mono - x.began;
  say_what_came(x, view);
  if (x.leads && !x.found.hit_for_miss && x.eligibility.store && !view.whole && !x.reader.flight().keeps() &&
      !wanted_range(x, *view.draft).empty()) {  // a part of what will not be kept: only that is asked for
    x.alone = x.found.hit_for_miss = true;
    return try_again(x);
  }
  if (view.whole) {
    x.answer = view.whole;
    x.reader.leave();
    x.step = &kDeliver;
  } else {
    x.step = view.draft->status == 101 ? &kTunnel : &kStream;
  }
  return Next::run;
}

}  // namespace

bool wants_origin(const Exchange& x) {
  return x.impatient || x.route->policy.prefer_origin || x.directives.no_cache || x.directives.max_age ||
         x.directives.min_fresh;
}

const Step kJoin{"join", join};

}  // namespace weir
