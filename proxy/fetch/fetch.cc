// The machine of a fetch: its steps in order, and what happens when the connection or the readers change.
#include "proxy/fetch/fetch.h"

#include <utility>

#include "proxy/fetch/invalidate.h"

namespace weir {
namespace {

constexpr unsigned kMostAttempts = 2;

Error plain(Side side, Code code, std::string detail) {
  return Error{side, code, std::move(detail)};
}

}  // namespace

void Fetch::start(WorkerContext& worker, const FetchOrder& order) {
  auto fetch = std::make_unique<Fetch>(worker, order);
  Fetch* const raw = fetch.get();
  raw->place_ = worker.fetches.size();
  worker.fetches.push_back(std::move(fetch));
  if (const auto& total = raw->route.timeouts.total) {
    raw->deadline = std::make_unique<Timer>(worker.loop, [raw] {
      raw->fail(plain(Side::origin, Code::timeout, "the answer took longer than the route allows"));
    });
    raw->deadline->set(*total);
  }
  raw->advance();
}

Fetch::Fetch(WorkerContext& its_worker, const FetchOrder& order)
    : worker(its_worker),
      snapshot(order.snapshot),
      route(*order.route),
      flight(order.flight),
      store(order.store),
      shared(order.shared),
      uncoded(order.uncoded),
      from_origin(order.from_origin),
      strict(order.strict),
      secure(order.secure),
      kept(order.kept),
      upload(order.upgrade.empty() ? order.upload : nullptr),
      upgrade(arena.copy(order.upgrade)),
      tunnel(order.upgrade.empty() ? nullptr : order.upload),
      client_address(arena.copy(order.client_address)),
      forwarded_for(arena.copy(order.forwarded_for)),
      client_certificate(arena.copy(order.client_certificate)),
      request_id(arena.copy(order.request_id)),
      traceparent(arena.copy(order.traceparent)),
      hold(order.hold),
      step_(&kShare) {
  // What is stored is whole, whoever asks first.
  const bool whole = order.store && order.request->method == Method::head;
  request.method = whole ? Method::get : order.request->method;
  request.method_text = whole ? std::string_view("GET") : arena.copy(order.request->method_text);
  request.path = arena.copy(order.request->path);
  request.query = arena.copy(order.request->query);
  request.has_query = order.request->has_query;
  request.authority = arena.copy(order.request->authority);
  request.version = order.request->version;
  request.framing = order.request->framing;
  request.content_length = order.request->content_length;
  request.fields.reserve(order.request->fields.size());
  for (const Field& field : order.request->fields) {
    const auto name = field.id == Name::other ? arena.copy(field.name) : text_of(field.id);
    request.fields.add(Field{name, arena.copy(field.value), field.id});
  }
  for (std::size_t i = 0; i < order.values->count; ++i) {
    values.add(arena.copy(order.values->list[i].name), arena.copy(order.values->list[i].value));
  }
  values.user = arena.copy(order.values->user);
  key = *order.key;
  key.bytes = arena.copy(key.bytes);
  key.query = arena.copy(key.query);
  key.user = values.user;
  flight->set_writer(worker.loop, [this] { on_flight_change(); });
  if (upload) {
    upload->keep_taken(true);
    upload->on_data([this] {
      if (step_ == &kSend) advance();
    });
  }
}

Fetch::~Fetch() {
  flight->leave_writer();
  if (upload) upload->on_data({});
  if (tunnel) tunnel->on_data({});
}

void Fetch::advance() {
  Next next = Next::run;
  while (next == Next::run && !over_) next = step_->run(*this);
  if (next == Next::done) over();
}

RequestContext Fetch::context() {
  return {route, request, values, client_address, request_id, arena, worker.loop.now().wall};
}

void Fetch::fail(Error error) {
  if (over_) return;
  if (step_ != &kRelay) counters().fetch_failures.add();
  say_unshareable(*this);
  if (kept) kept->refreshing.store(false, std::memory_order_relaxed);  // another hit may try
  if (shared) worker.node.flights.retire(*flight);
  flight->fail(std::move(error));
  over();
}

void Fetch::over() {
  if (std::exchange(over_, true)) return;
  if (alive_) *alive_ = false;
  acquiring.cancel();
  sharing.cancel();
  if (sharing_pause) sharing_pause->clear();  // this may come from inside it
  if (deadline) deadline->clear();
  lease.release();
  if (connection) pool().give_back(std::move(connection));
  auto& fetches = worker.fetches;
  std::swap(fetches[place_], fetches.back());
  fetches[place_]->place_ = place_;
  auto self = std::move(fetches.back());
  fetches.pop_back();
  worker.loop.dispose(std::move(self));
}

// A write that the origin has got or is getting whole: what it makes invalid is known with the head of its answer.
// Where nothing can be, nobody needs to know.
bool Fetch::is_sent_write() const {
  return !is_safe(request.method) && head_sent && !head_published && (!upload || upload->end() == Upload::End::whole) &&
         may_invalidate(*this);
}

// Nobody reads any more: what may be kept is fetched to its end all the same, anything else stops here.
void Fetch::on_flight_change() {
  if (over_) return;
  // Of a tunnel both ends have ended theirs, and what remains is to tell the origin.
  const bool saying_goodbye = tunnel && body_over && tunnel->end() == Upload::End::whole;
  if (flight->readers() == 0 && !is_sent_write() && !saying_goodbye) {
    const bool for_the_store = head_published ? flight->keeps() && admission && admission->store : store && !upload;
    if (!for_the_store) return fail(plain(Side::client, Code::closed, "nobody waits any more"));
  }
  if (connection && head_published && !body_over && flight->room() > 0) connection->pause_reading(false);
}

// Asking again is harmless where the origin did nothing with the request, or where the method may be repeated and no
// byte of an answer came; a kept connection that the server closed meanwhile is the common case (RFC 9110 §9.2.2, RFC
// 9112 §9.3.1).
bool Fetch::may_ask_again(const Error& error, OriginLoss loss) const {
  if (attempts >= kMostAttempts || head_published || interim_answers > 0) return false;
  if (loss == OriginLoss::unprocessed) return !upload || upload->can_rewind();
  if (upload && upload->started()) return false;
  return loss == OriginLoss::unanswered && error.code == Code::closed && connection->reused() &&
         is_idempotent(request.method);
}

void Fetch::on_origin_writable() {
  if (step_ == &kSend || step_ == &kRelay) advance();
}

void Fetch::on_origin_error(Error error, OriginLoss loss) {
  if (step_ == &kRelay) return fail(std::move(error));
  OriginServer& server = connection->server();
  server.failed(worker.loop.now().mono);
  if (may_ask_again(error, loss)) {
    tried = nullptr;
    same = loss == OriginLoss::unprocessed && server.wants_http1() ? &server : nullptr;
    pool().give_back(std::move(connection));
    head_sent = upload_over = false;
    if (upload) upload->rewind();
    step_ = &kConnect;
    return advance();
  }
  fail(std::move(error));
}

}  // namespace weir
