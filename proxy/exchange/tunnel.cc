// tunnel: the origin has answered 101, and the flight's body is what it says since then. It goes to the client as it
// comes; what the client says goes to the fetch by the upload (fetch/relay.cc). Over when both have ended, when
// something broke, or when for too long nothing moved either way.
#include <algorithm>

#include "proxy/exchange/answer.h"

namespace weir {
namespace {

constexpr unsigned kLooks = 4;  // in the time that nothing may move

void look_for_life(Exchange& x) {
  const std::uint64_t moved = x.body_bytes + x.upload->received();
  x.quiet = moved == x.moved ? x.quiet + 1 : 0;
  x.moved = moved;
  x.patience->set(std::max<Duration>(x.route->timeouts.idle / kLooks, std::chrono::milliseconds(1)));
}

void begin(Exchange& x, const Object& draft) {
  x.started = x.tunnels = true;
  x.worker.node.metrics.tunnels_open.fetch_add(1, std::memory_order_relaxed);
  start_answer(x, draft, {draft.status, draft.head, std::nullopt, false});
  x.channel.read_request_body(x.upload);
  x.patience = std::make_unique<Timer>(x.worker.loop, [&x] {
    look_for_life(x);
    if (x.quiet >= kLooks) x.advance();
  });
  x.moved = ~std::uint64_t{0};
  look_for_life(x);
}

// `broke`: neither side may take what it got for the whole.
Next over(Exchange& x, bool broke) {
  x.cut = broke;
  if (broke) x.channel.abort();
  x.step = &kFinish;
  return Next::run;
}

Next tunnel(Exchange& x) {
  const FlightView view = x.reader.flight().look();
  if (!x.started) begin(x, *view.draft);
  const bool sent = pass_on(x);
  if (x.quiet >= kLooks) return over(x, true);
  if (view.stage == FlightView::Stage::failed) return over(x, !x.heard_end);
  if (!sent || x.reader.offset() < view.available) return sent ? Next::run : Next::wait;
  if (view.stage == FlightView::Stage::complete && !x.heard_end) {
    x.heard_end = true;
    x.channel.finish({});
  }
  return x.heard_end && x.upload->end() == Upload::End::whole ? over(x, false) : Next::wait;
}

}  // namespace

const Step kTunnel{"tunnel", tunnel};

}  // namespace weir
