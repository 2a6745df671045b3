// The machine of an exchange, and what all of its steps share.
#include "proxy/exchange/exchange.h"

#include <utility>

namespace weir {
namespace {

constexpr int kClientLeft = 499;  // in the log, where no answer was begun

}  // namespace

bool FoundCopy::holds(const InvalidationRules& rules) {
  const Coverage coverage = rules.covers(*object);
  if (coverage == Coverage::soft) purged = object->soft_since.load(std::memory_order_relaxed);
  return coverage != Coverage::hard;
}

Seconds FoundCopy::ttl(Time now) const {
  return std::chrono::duration_cast<std::chrono::seconds>(ttl_left(object->life, purged, now)).count();
}

Exchange::Exchange(WorkerContext& its_worker, Channel& its_channel) : worker(its_worker), channel(its_channel) {}

Exchange::~Exchange() {
  clear();
}

void Exchange::begin(RequestHead& head, const Client& client) {
  take(head, client);
  advance();
}

void Exchange::begin_refused(RequestHead& head, const Client& client, int code, std::string_view why) {
  take(head, client);
  refuse(code, why);
  advance();
}

void Exchange::take(RequestHead& head, const Client& client) {
  request = &head;
  client_address = peer_address = forwarded_for = client.address;
  secure = client.tls;
  hold = client.hold;
  identity = client.identity;
  client_named = true;
  snapshot = worker.snapshot;
  if (const auto& trusted = snapshot->shared->trusted_proxies) know_client(*this, *trusted);
  began = worker.loop.now().mono;
  came = worker.node.rules.shared() ? MonotonicClock::now() : began;
  step = &kReceiveRequest;
  identify(*this);
}

void Exchange::advance() {
  Next next = Next::run;
  while (next == Next::run) next = step->run(*this);
  if (next == Next::done) {
    clear();
    channel.exchange_over();
  }
}

void Exchange::on_channel_room() {
  if (step == &kStream || step == &kTunnel) advance();
}

void Exchange::cancel() {
  if (upload) upload->abandon();
  if (under_way()) {
    if (status == 0) {
      status = kClientLeft;
      if (!eligibility.lookup) outcome = Outcome::bypass;
    }
    cut = true;
    channel.settle_when_sent(account_of(*this), log_text(*this));
  }
  clear();
}

// Ready for the next request; memory is kept.
void Exchange::clear() {
  reader.leave();
  purging.cancel();
  patience.reset();
  if (upload) upload->on_room({});
  upload.reset();
  step = nullptr;
  request = nullptr;
  identity.reset();
  snapshot.reset();
  route = nullptr;
  values.count = 0;
  values.user = {};
  directives = {};
  accepted = {};
  eligibility = {};
  upgrade = {};
  key = {};
  found = {};
  answer.reset();
  leads = alone = impatient = started = cut = from_others = recoded = plain = uncoded = false;
  part_left.reset();
  tries = 0;
  discriminator.clear();
  interim_sent = 0;
  if (tunnels) worker.node.metrics.tunnels_open.fetch_sub(1, std::memory_order_relaxed);
  tunnels = heard_end = false;
  moved = quiet = 0;
  outcome = Outcome::miss;
  status_line = {};
  status = 0;
  body_bytes = 0;
  origin_time = {};
  arena.reset();
}

FetchOrder Exchange::order(FlightPtr flight, ObjectPtr kept, bool store, bool shared) {
  FetchOrder order;
  order.snapshot = snapshot;
  order.route = route;
  order.request = request;
  order.values = &values;
  order.key = &key;
  order.flight = std::move(flight);
  order.store = store;
  order.uncoded = uncoded;
  order.strict = eligibility.store;
  order.shared = shared;
  order.from_origin = wants_origin(*this);
  order.kept = std::move(kept);
  order.upgrade = upgrade;
  order.client_address = client_address;
  order.forwarded_for = forwarded_for;
  order.secure = secure;
  if (hold != nullptr) order.hold = *hold;
  if (identity && !order.strict) order.client_certificate = identity->certificate;
  order.request_id = request_id;
  order.traceparent = traceparent(*this);
  return order;
}

bool Exchange::refresh(const ObjectPtr& object) {
  // Only on behalf of those whose own request could have filled the cache.
  const bool credentials = key.asker == Asker::credentials;
  if (!eligibility.store || credentials) return false;
  auto claim = claim_shared(worker.node, {*route, values, key, {}, object.get()});
  if (!claim.leads) return true;  // one is under way
  FetchOrder unasked = order(std::move(claim.flight), object, true, true);
  unasked.hold.reset();  // nobody asked for it
  Fetch::start(worker, unasked);
  return true;
}

}  // namespace weir
