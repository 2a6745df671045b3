// Fetch: one request to the origin, from the decision to ask until its answer is passed on and, where it may be, kept.
// It belongs to its worker, never to a client: who waits for it reads its flight. A refresh is a fetch with nobody
// waiting.
//
//   share ─► prepare ─► connect ─► send ─► receive ─► keep ─► (over)
//     │   what to ask    whom    ask    │ judge the head,   make it an object,
//     │                                 │ pass the body on  or a 304's renewal
//     │                                 └─► relay (over): bytes both ways, after a 101
//     └─ another node has it, or fetches it: nothing to ask (over)
//
// A lost connection before any byte of an answer leads back to `connect`, once, where asking twice can do no harm.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/base/arena.h"
#include "proxy/cache/freshness.h"
#include "proxy/cache/key.h"
#include "proxy/fetch/context.h"
#include "proxy/fetch/upload.h"

namespace weir {

// What the one who asks hands over; everything is copied or shared, so that it may go away.
struct FetchOrder {
  std::shared_ptr<const WorkerSnapshot> snapshot;
  const Route* route = nullptr;
  const RequestHead* request = nullptr;
  const RouteValues* values = nullptr;
  const Key* key = nullptr;
  FlightPtr flight;
  bool store = false;              // the answer may be stored, if it allows it
  bool shared = false;             // others may join the flight
  bool uncoded = false;            // asks for content without a coding
  bool strict = false;             // asks only what the key allows, stored or not: the route's answers may be stored
  bool from_origin = false;        // whatever other nodes have
  ObjectPtr kept;                  // what to validate, or null
  std::shared_ptr<Upload> upload;  // the request's body, or null; in a tunnel what the client says
  std::string_view upgrade;        // the protocol to go over to; mostly empty
  std::string_view client_address;
  // Kept until the fetch is over, be its client gone or not: so a connection knows what it has under way here.
  std::shared_ptr<const void> hold;
  std::string_view forwarded_for;       // the client, then the proxies that it came through
  std::string_view client_certificate;  // for the origin; empty where it isn't told, or the answer may be stored
  bool secure = false;                  // the client asks over TLS
  std::string_view request_id;
  std::string_view traceparent;
};

enum class Next : std::uint8_t { run, wait, done };

class Fetch;
struct FetchStep {
  std::string_view name;
  Next (*run)(Fetch&);
};
extern const FetchStep kShare, kPrepare, kConnect, kSend, kReceive, kRelay, kKeep;

class Fetch final : public OriginConnection::User {
 public:
  // Begins; the fetch belongs to worker.fetches until it is over.
  static void start(WorkerContext& worker, const FetchOrder& order);
  ~Fetch() override;

  void advance();
  const FetchStep& step() const { return *step_; }

  Fetch(WorkerContext& worker, const FetchOrder& order);

  // -- the steps' own ground; see prepare.cc, send.cc, receive.cc, relay.cc, keep.cc --
  WorkerContext& worker;
  Arena arena;
  std::shared_ptr<const WorkerSnapshot> snapshot;
  const Route& route;
  RequestHead request;  // views into arena
  RouteValues values;
  Key key;
  FlightPtr flight;
  bool store, shared, uncoded, from_origin, strict, secure;
  ObjectPtr kept;
  std::shared_ptr<Upload> upload;
  std::string_view upgrade;        // asked for; then there is no upload, but
  std::shared_ptr<Upload> tunnel;  // what the client says after the 101
  std::string_view client_address, forwarded_for, client_certificate, request_id, traceparent;
  std::shared_ptr<const void> hold;

  Operation sharing;                     // asking Redis
  RedisLease lease;                      // this node fetches it for all
  std::unique_ptr<Timer> sharing_pause;  // until it is looked again whether another node has got it
  Duration pause{};
  std::unique_ptr<Timer> deadline;  // of the whole answer, where the route sets one
  Time shared_since{};
  std::string known;  // the seal of what other nodes have, and that won't do
  TierFound ahead;    // of theirs, what this node's log can't place yet

  Fields to_origin;  // prepared
  std::string_view target;
  bool conditional = false;                           // weir's own validators were sent
  bool asked_condition = false, asked_range = false;  // the client's own were sent
  Exchanged when;
  std::unique_ptr<OriginConnection> connection;
  Operation acquiring;
  const OriginServer* tried = nullptr;  // let nobody connect
  OriginServer* same = nullptr;         // is to be asked again, in HTTP/1.1
  unsigned attempts = 0;
  bool head_sent = false, upload_over = false;
  unsigned interim_answers = 0;

  std::optional<Admission> admission;  // from the head on
  std::vector<std::string> unstored;   // fields that only the one who asked may see (private="…")
  std::shared_ptr<Object> draft;
  std::optional<std::uint64_t> length;  // of the body, where the head says it
  bool head_published = false, body_over = false;
  std::uint64_t body_bytes = 0;
  std::string trailers;
  const FetchStep* step_;

  RequestContext context();
  RouteCounters& counters() { return *snapshot->counters[route.number]; }
  OriginPool& pool() const { return *snapshot->pools[route.upstream]; }

  void fail(Error error);                  // the flight fails with it, and the fetch is over
  void over();                             // takes itself out of worker.fetches
  void on_flight_change();                 // room for the body, or nobody reads any more
  void renew(ResponseHead& not_modified);  // keep.cc
  // Turns false when this fetch is over: for answers that come by another way than an Operation.
  std::shared_ptr<const bool> alive() {
    if (!alive_) alive_ = std::make_shared<bool>(true);
    return alive_;
  }

  // OriginConnection::User
  void on_origin_head(ResponseHead& head) override;
  void on_origin_body(std::string_view bytes) override;
  void on_origin_end(const Fields& trailer_fields) override;
  void on_origin_error(Error error, OriginLoss loss) override;
  void on_origin_writable() override;

 private:
  bool is_sent_write() const;
  bool may_ask_again(const Error& error, OriginLoss loss) const;
  bool over_ = false;
  std::shared_ptr<bool> alive_;  // once somebody asked for it
  std::size_t place_ = 0;        // in worker.fetches
};

// share.cc: an object that is kept now, for the other nodes; and an answer that can't be, for which none should wait.
void give_to_others(Fetch& f, const ObjectPtr& object);
void say_unshareable(Fetch& f);

// relay.cc: what the origin is told beside the upgrade itself; why its answer is none that may follow (empty: it may);
// what of a 101 isn't the client's to see; and the tunnel's beginning, once its head is ready to be published.
void prepare_upgrade(Fetch& f);
std::string_view breach_of_upgrade(const Fetch& f, const ResponseHead& head);
void clean_upgrade(const Fetch& f, Fields& fields);
void begin_tunnel(Fetch& f);
// receive.cc: those who wait see the head.
void publish(Fetch& f);

// The pieces of `receive` and `keep` that decide, apart from the machine.
void add_tag(std::vector<std::string>& tags, std::string tag);   // each once, up to a bound
std::vector<std::string> response_tags(const Fields& response);  // of Surrogate-Key, Cache-Tag, xkey; bounded
void set_head(Object& object, int status, std::string_view reason, Fields fields,
              std::optional<std::uint64_t> length);  // head, etag, last_modified, date

}  // namespace weir
