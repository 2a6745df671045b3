// finish: what became of the request is counted and logged, in the same words everywhere. And refuse(): the answers
// that weir makes itself.
#include <string>
#include <utility>

#include "proxy/base/json.h"
#include "proxy/exchange/exchange.h"
#include "proxy/http/date.h"

namespace weir {
namespace {

void log_line(Exchange& x, Duration took) {
  const auto& log = x.snapshot->shared->access_log;
  if (!log) return;
  std::string& line = x.worker.log_line;
  line = access_line(x, took, std::move(line));
  log->write(line);
}

Next finish(Exchange& x) {
  const Duration took = MonotonicClock::now() - x.began;
  RouteCounters& counters = x.counters();
  counters.outcomes[static_cast<std::size_t>(x.outcome)].add();
  counters.client_bytes.add(x.body_bytes);
  counters.latency.record(static_cast<std::uint64_t>(took.count() / 1000));
  log_line(x, took);
  return Next::done;
}

// Whether the client may ask again soon, and how soon.
std::string_view retry_after(int status) {
  return status == 503 || status == 429 ? "Retry-After: 1\r\n" : "";
}

}  // namespace

const Step kFinish{"finish", finish};

std::string access_line(Exchange& x, Duration took, std::string memory) {
  const RequestHead& request = *x.request;
  const std::string_view question = request.has_query ? "?" : "";
  JsonWriter json(std::move(memory));
  json.begin_object()
      .field("time_ms", wall_now_ms())
      .field("client", x.client_address)
      .field("method", request.method_text)
      .field("host", request.authority)
      .field("target", x.arena.join(request.path, question, request.query))
      .field("status", x.status)
      .field("route", x.route == nullptr ? std::string_view() : std::string_view(x.route->name))
      .field("result", word(x.outcome));
  if (x.outcome == Outcome::hit || x.outcome == Outcome::updating || x.outcome == Outcome::stale)
    json.field("tier", "memory");
  json.field("bytes", x.body_bytes).field("took_us", static_cast<std::int64_t>(took.count() / 1000));
  if (x.origin_time.count() > 0) json.field("origin_us", static_cast<std::int64_t>(x.origin_time.count() / 1000));
  if (x.cut) json.field("cut", true);
  json.field("request_id", x.request_id).end_object();
  std::string line = json.take();
  line.push_back('\n');
  return line;
}

Next Exchange::refuse(int code, std::string_view detail) {
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
  head.append("\r\n").append(retry_after(code));
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
