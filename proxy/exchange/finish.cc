// finish: what became of the request, in the same words everywhere; it is counted and logged when the answer has been
// sent. And refuse(): the answers that weir makes itself.
#include <string>
#include <utility>

#include "proxy/base/json.h"
#include "proxy/exchange/exchange.h"
#include "proxy/http/date.h"

namespace weir {
namespace {

std::int64_t microseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

Next finish(Exchange& x) {
  x.channel.settle_when_sent(account_of(x), log_text(x));
  return Next::done;
}

// Whether the client may ask again soon, and how soon.
std::string_view usual_wait(int status) {
  return status == 503 || status == 429 ? "1" : "";
}

}  // namespace

const Step kFinish{"finish", finish};

Account account_of(const Exchange& x) {
  Account account{x.snapshot, &x.counters(), x.outcome, x.began, x.body_bytes, x.cut};
  if (x.tunnels) account.received = x.upload->received();
  return account;
}

std::string_view log_text(Exchange& x) {
  if (!x.snapshot->shared->access_log) return {};
  const RequestHead& request = *x.request;
  const std::string_view question = request.has_query ? "?" : "";
  JsonWriter json(std::move(x.worker.log_text));
  json.begin_object().field("client", x.client_address);
  if (x.peer_address != x.client_address) json.field("peer", x.peer_address);
  json.field("method", request.method_text)
      .field("host", request.authority)
      .field("protocol", word_of(request.version))
      .field("target", x.arena.join(request.path, question, request.query))
      .field("status", x.status)
      .field("route", x.route == nullptr ? std::string_view() : std::string_view(x.route->name))
      .field("result", word(x.outcome));
  if (x.outcome == Outcome::hit || x.outcome == Outcome::updating || x.outcome == Outcome::stale)
    json.field("tier", x.from_others ? "redis" : "memory");
  if (x.origin_time.count() > 0) json.field("origin_us", microseconds(x.origin_time));
  if (x.tunnels) json.field("upgrade", x.upgrade);
  if (x.identity) json.field("client_certificate", x.identity->name);
  json.field("request_id", x.request_id);
  x.worker.log_text = json.take();
  return std::string_view(x.worker.log_text).substr(1);  // the members, without the brace
}

void settle(WorkerContext& worker, const Account& account, std::string_view text) {
  const Duration took = MonotonicClock::now() - account.began;
  RouteCounters& counters = *account.counters;
  counters.outcomes[static_cast<std::size_t>(account.outcome)].add();
  counters.client_bytes.add(account.body_bytes);
  if (!account.received) counters.latency.record(static_cast<std::uint64_t>(microseconds(took)));
  const auto& log = account.snapshot->shared->access_log;
  if (!log) return;
  JsonWriter json(std::move(worker.log_line));
  json.begin_object().field("time_ms", wall_now_ms()).members(text);
  if (account.received) json.field("received", *account.received);
  json.field("bytes", account.body_bytes).field("took_us", microseconds(took));
  if (account.cut) json.field("cut", true);
  json.end_object();
  worker.log_line = json.take();
  worker.log_line.push_back('\n');
  log->write(worker.log_line);
}

Next Exchange::refuse(int code, std::string_view detail, std::string_view retry_after) {
  reader.leave();
  status = code;
  outcome = Outcome::error;
  const std::string_view reason = reason_phrase(code);
  JsonWriter document;
  document.begin_object()
      .field("status", code)
      .field("title", reason)
      .field("detail", detail)
      .field("request_id", request_id);
  const std::string content = document.end_object().take() + "\n";
  std::string head = "HTTP/1.1 " + std::to_string(code) + " ";
  head.append(reason).append("\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n");
  const DateText date = format_date(worker.loop.now().wall);
  head.append("Date: ").append(date.data(), date.size()).append("\r\nCache-Status: ");
  status_line.hit = false;
  status_line.stored = false;
  status_line.ttl.reset();
  append_cache_status(head, status_line);
  head.append("\r\n");
  if (retry_after.empty()) retry_after = usual_wait(code);
  if (!retry_after.empty()) head.append("Retry-After: ").append(retry_after).append("\r\n");
  head.append("X-Request-Id: ").append(request_id).append("\r\n");
  if (code == 405) head.append("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n");
  ResponseStart start;
  start.status = code;
  start.head = head;
  start.body = request->method != Method::head;
  start.length = content.size();
  channel.start(start);
  if (start.body) {
    channel.send_text(content);
    body_bytes = content.size();
  }
  channel.finish({});
  step = &kFinish;
  return Next::run;
}

}  // namespace weir
