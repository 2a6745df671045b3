// relay: after the origin's own 101 this is no HTTP any more. What the client says goes to the origin and what the
// origin says into the flight, as fast as either takes it, until both have ended: the end of one side is passed on, and
// the other goes on. What breaks, breaks both ways (hostile.md 13).
#include "proxy/base/text.h"
#include "proxy/fetch/fetch.h"
#include "proxy/http/h1_lines.h"
#include "proxy/net/websocket.h"

namespace weir {
namespace {

constexpr std::string_view kKey = "Sec-WebSocket-Key", kAccept = "Sec-WebSocket-Accept";

bool is_websocket(const Fetch& f) {
  return equals_ignoring_case(f.upgrade, "websocket");
}

// A client of HTTP/2 makes no key and sees no proof (RFC 8441 §5): weir does both for it.
bool speaks_for_client(const Fetch& f) {
  return f.request.version == Version::http2 && is_websocket(f);
}

// What waits goes to the connection; true: the client's end, too.
bool pass_on(Fetch& f) {
  const std::string bytes = f.tunnel->take();
  f.counters().tunnel_bytes.add(bytes.size());
  f.connection->send_content(bytes);
  const bool whole = f.tunnel->end() == Upload::End::whole;
  if (whole) f.connection->end_content({});
  f.tunnel->taken();
  return whole;
}

Next relay(Fetch& f) {
  while (!f.upload_over) {
    if (f.tunnel->end() != Upload::End::open && f.tunnel->end() != Upload::End::whole) {
      f.fail({Side::client, Code::closed, "the client left the tunnel"});
      return Next::wait;
    }
    if (!f.connection->flush()) return Next::wait;
    if (f.tunnel->empty() && f.tunnel->end() == Upload::End::open) return Next::wait;  // on_data comes
    f.upload_over = pass_on(f);
  }
  if (!f.connection->flush()) return Next::wait;
  f.flight->stir();  // who reads it waits for this, too
  return f.body_over ? Next::done : Next::wait;
}

}  // namespace

const FetchStep kRelay{"relay", relay};

void prepare_upgrade(Fetch& f) {
  if (speaks_for_client(f)) f.to_origin.set(kKey, f.arena.copy(make_websocket_key()));
}

std::string_view breach_of_upgrade(const Fetch& f, const ResponseHead& head) {
  if (head.status != 101) {
    // To an extended CONNECT any 2xx would say that the tunnel stands.
    const bool misleads = f.request.version == Version::http2 && head.status < 300;
    return misleads ? "an answer to a request for a tunnel that is none" : std::string_view();
  }
  const bool same = head.fields.count(Name::upgrade) == 1 &&
                    equals_ignoring_case(head.fields.value(Name::upgrade), f.upgrade) && facts_of(head.fields).upgrade;
  if (!same) return "101 of another protocol";
  if (is_websocket(f) && head.fields.joined(kAccept) != websocket_accept(f.to_origin.value(kKey)))
    return "101 of who has not read the request";
  return {};
}

void clean_upgrade(const Fetch& f, Fields& fields) {
  if (speaks_for_client(f)) fields.remove(kAccept);
}

void begin_tunnel(Fetch& f) {
  f.step_ = &kRelay;
  if (f.deadline) f.deadline->clear();  // it was the answer's, and that is here
  f.connection->begin_tunnel(f.route.timeouts.idle);
  f.counters().tunnels.add();
  f.tunnel->on_data([&f] { f.advance(); });
  publish(f);
}

}  // namespace weir
