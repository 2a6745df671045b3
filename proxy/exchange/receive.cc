// receive: which route the request belongs to, whether it may pass, and under which key its answer is kept.
#include <cstring>
#include <memory>
#include <random>
#include <span>

#include "proxy/base/text.h"
#include "proxy/exchange/exchange.h"
#include "proxy/http/upgrade.h"
#include "proxy/route/request_refusals.h"

namespace weir {
namespace {

constexpr std::size_t kLongestRequestId = 128;

// Random, not secret: ids only have to differ. A counter, well stirred (SplitMix64), from a start that nobody knows.
std::uint64_t random_number() {
  thread_local std::uint64_t state = std::uint64_t{std::random_device{}()} << 32 | std::random_device{}();
  std::uint64_t x = state += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

void fill_with_hex(std::span<char> out) {
  while (!out.empty()) {
    const auto digits = hex_of(random_number());
    const std::size_t part = std::min(out.size(), digits.size());
    std::memcpy(out.data(), digits.data(), part);
    out = out.subspan(part);
  }
}

bool is_hex(std::string_view text) {
  for (const char c : text) {
    if (!is_digit(c) && !(c >= 'a' && c <= 'f')) return false;
  }
  return true;
}

bool is_all_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

// Version 00 of the W3C trace context: 00-<32 hex>-<16 hex>-<2 hex>; ids of zeros are none.
bool is_traceparent(std::string_view text) {
  if (text.size() != 55 || text.substr(0, 3) != "00-" || text[35] != '-' || text[52] != '-') return false;
  const auto trace = text.substr(3, 32), parent = text.substr(36, 16);
  return is_hex(trace) && is_hex(parent) && is_hex(text.substr(53)) && !is_all_zero(trace) && !is_all_zero(parent);
}

bool is_plain_id(std::string_view text) {
  if (text.empty() || text.size() > kLongestRequestId) return false;
  for (const char c : text) {
    const char l = to_lower(c);
    if (!(l >= 'a' && l <= 'z') && !is_digit(c) && c != '-' && c != '_' && c != '.') return false;
  }
  return true;
}

Next refuse(Exchange& x, const Refusal& why) {
  return x.refuse(why.status, why.detail);
}

Next pass_filters(Exchange& x) {
  auto context = x.context();
  for (const auto& filter : x.route->filters) {
    const auto verdict = filter->on_request(context);
    if (const auto* answer = std::get_if<Answer>(&verdict)) return x.refuse(answer->status, answer->detail);
  }
  return Next::run;
}

// A dictionary that weir made of a route's answers, to whom the route would answer, too. False: there is none there.
bool serve_dictionary(Exchange& x) {
  const RequestHead& request = *x.request;
  if (request.method != Method::get && request.method != Method::head) return false;
  const auto host = key_parts(make_key(KeySpec{}, request, x.arena).bytes).host;
  for (const Route& route : x.snapshot->shared->routes->routes()) {
    RouteDictionaries* const dictionaries = x.snapshot->dictionaries_of(route);
    if (dictionaries == nullptr) continue;
    x.answer = dictionaries->file(request.path, host);
    if (!x.answer) continue;
    x.route = &route;
    pass_filters(x);
    if (x.step != &kReceiveRequest) return true;  // a filter answered
    x.outcome = Outcome::hit;
    x.status_line.hit = true;
    x.status_line.ttl =
        std::chrono::duration_cast<std::chrono::seconds>(x.answer->life.ttl(x.worker.loop.now().mono)).count();
    x.step = &kDeliver;
    return true;
  }
  return false;
}

// Taken up only where the route allows it; elsewhere the request is what it would be without (RFC 9110 §7.8), but for
// an extended CONNECT, which is nothing without.
void take_up_upgrade(Exchange& x) {
  x.upgrade = choose_upgrade(x.request->upgrade, x.route->upgrades);
  if (x.upgrade.empty()) {
    if (x.request->version == Version::http2) x.refuse(501, "no such protocol is tunnelled here");
    return;
  }
  x.eligibility = kUpgraded;
  if (Refusal why; !judge_upgrade(*x.request, x.upgrade, why)) refuse(x, why);
}

// An origin that varies by it does so by weir's own word, which for http is that there is none.
void say_scheme(Fields& fields, bool secure) {
  if (secure) {
    fields.set(Name::x_forwarded_proto, "https");
  } else {
    fields.remove(Name::x_forwarded_proto);
  }
}

// Of a request that doesn't say beforehand how much content it has: the first byte of it, or its end, tells that. Until
// then nothing was asked of the cache, and the time that passes is the client's.
Next await_end(Exchange& x) {
  const Upload& upload = *x.upload;
  if (upload.received() > 0) return x.refuse(400, kNoContent);
  switch (upload.end()) {
    case Upload::End::open: return Next::wait;
    case Upload::End::whole: break;
    case Upload::End::too_large:
    case Upload::End::broken:
    case Upload::End::malformed: return x.refuse(400, "the request's body is malformed");
  }
  x.upload.reset();
  x.request->framing = Framing::none;
  x.outcome = Outcome::miss;
  x.began = x.worker.loop.now().mono;
  x.step = &kLookup;
  return Next::run;
}

const Step kAwaitEnd{"await", await_end};

void await_content(Exchange& x) {
  x.upload = std::make_shared<Upload>();
  x.upload->on_data([&x, theirs = std::weak_ptr<Upload>(x.upload)] {
    x.worker.loop.defer([&x, theirs] {
      if (const auto upload = theirs.lock(); upload && upload == x.upload && x.step == &kAwaitEnd) x.advance();
    });
  });
  x.channel.read_request_body(x.upload);
  x.outcome = Outcome::bypass;
  x.step = &kAwaitEnd;
}

Next receive(Exchange& x) {
  RequestHead& request = *x.request;
  x.asked = x.worker.node.rules.head();
  Refusal why;
  if (!judge_method(request, why)) return refuse(x, why);
  if (request.method == Method::purge || request.method == Method::softpurge) return purge(x);
  if (request.path.starts_with(RouteDictionaries::kPath) && serve_dictionary(x)) return Next::run;
  x.route = x.snapshot->shared->routes->match(request.method, request.method_text, request.path, x.values);
  if (x.route == nullptr) return x.refuse(404, "no route matches");
  remove_named_in_connection(request.fields);  // so that key, Vary and origin see the same fields
  say_scheme(request.fields, x.secure);
  x.key = make_key(x.route->key, request, x.arena);
  x.values.user = x.key.user;
  if (x.route->coding) x.accepted = x.worker.known_codings.of(request.fields);
  if (request.fields.has(Name::cache_control) || request.fields.has(Name::pragma)) {
    x.directives = parse_request_cache_control(request.fields);
  }
  if (!judge_body_size(request, *x.route, why)) return refuse(x, why);
  if (x.route->looks_at_requests) {
    pass_filters(x);
    if (x.step != &kReceiveRequest) return Next::run;  // a filter answered
  }
  x.eligibility = eligible(request, x.directives, x.route->policy);
  if (!request.upgrade.empty()) take_up_upgrade(x);
  if (x.step != &kReceiveRequest) return Next::run;  // no good one
  if (!judge_body(request, x.eligibility, why)) return refuse(x, why);
  x.step = x.eligibility.lookup ? &kLookup : &kJoin;
  if (x.eligibility.lookup && request.framing == Framing::chunked) await_content(x);
  return Next::run;
}

}  // namespace

void know_client(Exchange& x, const TrustedProxies& trusted) {
  const ForwardedClient client = forwarded_client(x.request->fields, x.peer_address, trusted, x.arena);
  x.client_address = client.address;
  x.forwarded_for = client.chain;
  x.client_named = client.named;
  x.secure = client.secure.value_or(x.secure);
}

void identify(Exchange& x) {
  const auto theirs = x.request->fields.value(Name::x_request_id);
  if (is_plain_id(theirs)) {
    x.request_id = theirs;
    return;
  }
  fill_with_hex(x.id_text);
  x.request_id = {x.id_text.data(), x.id_text.size()};
}

std::string_view traceparent(Exchange& x) {
  const auto theirs = x.request->fields.value(Name::traceparent);
  if (is_traceparent(theirs)) return theirs;
  std::array<char, 55> text{};
  fill_with_hex(text);
  text[0] = text[1] = '0';
  text[2] = text[35] = text[52] = '-';
  text[53] = '0';
  text[54] = '1';
  return x.arena.copy({text.data(), text.size()});
}

const Step kReceiveRequest{"receive", receive};

}  // namespace weir
