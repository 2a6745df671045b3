// Exchange: one request of a client and its answer. Reused for the next one on the same connection; a hit allocates
// nothing.
//
//   receive ─► lookup ─► judge ─┬─ may answer ────────────────► deliver ─► finish
//                 │             └─ may not ──► join ─┬─► stream ───────────┘
//                 └──────────────────────────────┘   └─► tunnel ───────────┘
//                 (not a matter for the cache: join at once)
//
// Each step names the next before it runs or waits. An answer that weir makes itself (a refusal, an error) goes from
// any step to `finish` by refuse().
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/cache/freshness.h"
#include "proxy/cache/key.h"
#include "proxy/exchange/channel.h"
#include "proxy/fetch/claim.h"
#include "proxy/fetch/context.h"
#include "proxy/fetch/fetch.h"
#include "proxy/http/cache_status.h"
#include "proxy/http/content_coding.h"
#include "proxy/http/error_status.h"

namespace weir {

class Exchange;
struct Step {
  std::string_view name;
  Next (*run)(Exchange&);
};
extern const Step kReceiveRequest, kLookup, kJudge, kJoin, kDeliver, kRecode, kStream, kTunnel, kFinish;

// The copy that was found, and what invalidation did to it.
struct FoundCopy {
  ObjectPtr object;
  std::optional<Time> purged;  // softly, at that time: stale since then whatever its age
  bool other_variants = false;
  bool hit_for_miss = false;

  // False: it is gone. To be asked again before it is served, where time has passed.
  bool holds(const InvalidationRules& rules);
  Seconds ttl(Time now) const;
};

// Who connected.
struct Client {
  std::string_view address;  // without port
  bool tls = false;
  const std::shared_ptr<const void>* hold = nullptr;  // FetchOrder::hold, of the connection; may be null
  std::shared_ptr<const ClientIdentity> identity{};   // by its certificate; null: it showed none
};

class Exchange {
 public:
  Exchange(WorkerContext& worker, Channel& channel);
  ~Exchange();

  // The head's views must hold until the exchange is over.
  void begin(RequestHead& request, const Client& client);
  // The same for one that can't be understood: answers with `status` and why.
  void begin_refused(RequestHead& request, const Client& client, int status, std::string_view why);
  void advance();
  void on_channel_room();
  // The client went away: what became of the request until now is counted and logged.
  void cancel();
  bool under_way() const { return step != nullptr; }

  // Answers with a small document that says why (RFC 9457), and goes to `finish`. `retry_after`: the origin's own.
  Next refuse(int status, std::string_view detail, std::string_view retry_after = {});
  Next refuse(const Error& error) { return refuse(status_of(error), error.detail); }

  // -- the steps' own ground --
  WorkerContext& worker;
  Channel& channel;
  const Step* step = nullptr;
  Arena arena;

  // Of the request.
  RequestHead* request = nullptr;
  const std::shared_ptr<const void>* hold = nullptr;
  std::shared_ptr<const ClientIdentity> identity;
  std::string_view client_address, peer_address;  // who asks; who connected, where that is a proxy that says so
  std::string_view forwarded_for;                 // the client, then the proxies that it came through
  bool client_named = true;                       // false: client_address is a proxy's, which named nobody
  bool secure = false;                            // the client asks over TLS
  std::string_view request_id;                    // in id_text or the request's own
  std::array<char, 32> id_text{};
  std::shared_ptr<const WorkerSnapshot> snapshot;
  const Route* route = nullptr;
  RouteValues values;
  RequestDirectives directives;
  AcceptedCodings accepted;  // on routes that compress
  Eligibility eligibility;
  std::string_view upgrade;  // the protocol that the client asks for and the route allows
  Key key;
  Position asked = 0;  // of the log when the request came
  Time began;
  Time came;          // the same, by the clock itself and not by the turn's; where nodes share a log
  bool heard = true;  // when the kept copy, or the flight, was chosen: hears_of_purges()

  // Of the answer.
  FoundCopy found;
  ObjectPtr answer;     // deliver: this object
  FlightReader reader;  // stream: this flight
  bool leads = false, alone = false, impatient = false, started = false, cut = false;
  unsigned tries = 0;
  std::string discriminator;
  std::unique_ptr<Timer> patience;
  std::shared_ptr<Upload> upload;
  bool from_others = false;                // another node had fetched it: a hit of the second tier
  bool recoded = false;                    // `reader` reads the answer in the coding that this client gets
  bool plain = false;                      // no other coding is made for this client
  bool uncoded = false;                    // and the origin is asked for none
  std::optional<std::uint64_t> part_left;  // stream: of the range that is asked for
  std::size_t interim_sent = 0;
  Operation purging;
  // tunnel: whether it stands; the origin has ended its side; what moved when it was looked last, and how many times
  // that was the same.
  bool tunnels = false, heard_end = false;
  std::uint64_t moved = 0;
  unsigned quiet = 0;

  // What became of it.
  Outcome outcome = Outcome::miss;
  CacheStatus status_line;
  int status = 0;
  std::uint64_t body_bytes = 0;
  Duration origin_time{};

  RequestContext context() {
    return {*route, *request, values, client_address, request_id, arena, worker.loop.now().wall};
  }
  RouteCounters& counters() const {
    return route == nullptr ? *snapshot->unrouted : *snapshot->counters[route->number];
  }
  FetchOrder order(FlightPtr flight, ObjectPtr kept, bool store, bool shared);
  // Starts a fetch for the store alone, unless one is under way. False where this request may not fill the store.
  bool refresh(const ObjectPtr& object);

 private:
  void take(RequestHead& head, const Client& client);
  void clear();
};

// join.cc: not what another node has will do: the client, or the route, asks for the origin's own word.
bool wants_origin(const Exchange& x);
// lookup.cc: what is kept for this request and may be shown to it, into x.found.
void find_kept(Exchange& x);
// The same file: whether what is kept can be trusted to be neither purged nor changed (cache/invalidation.h).
bool hears_of_purges(const Exchange& x);
// receive.cc: who asks, as the proxies say that the operator trusts.
void know_client(Exchange& x, const TrustedProxies& trusted);
// The same file: the request's id, as the client sent it or made now.
void identify(Exchange& x);
// receive.cc: the trace it belongs to (W3C trace context), as the client said or begun now.
std::string_view traceparent(Exchange& x);

// deliver.cc: sends what of the flight is there and the channel takes. True: nothing is left to send of it.
bool pass_on(Exchange& x);
// recode.cc: from now on the exchange reads the answer in that coding; false where there is no place any more.
bool recode_flight(Exchange& x, ContentCoding to);
// purge.cc: PURGE and SOFTPURGE on the public port.
Next purge(Exchange& x);
// finish.cc: what the exchange is counted and logged as, for settle(). The text is good until the next one is made;
// empty where there is no log.
Account account_of(const Exchange& x);
std::string_view log_text(Exchange& x);

}  // namespace weir
