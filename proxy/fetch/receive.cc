// receive: the origin's answer. The head is judged once, before anybody sees it; an unsafe request's invalidations
// stand in the log before its answer goes on; the body flows into the flight as fast as its readers take it.
#include <algorithm>
#include <utility>

#include "proxy/base/text.h"
#include "proxy/cache/form.h"
#include "proxy/cache/vary.h"
#include "proxy/fetch/fetch.h"
#include "proxy/fetch/forwarding.h"
#include "proxy/fetch/invalidate.h"
#include "proxy/http/date.h"
#include "proxy/http/range.h"
#include "proxy/http/validators.h"

namespace weir {
namespace {

constexpr unsigned kMostInterim = 8;
constexpr std::size_t kMostTags = 128;  // of the route and the response together
constexpr std::size_t kLongestTag = 256;

Error bad_answer(std::string detail) {
  return {Side::origin, Code::malformed, std::move(detail)};
}

// Of one range that was asked for by its first byte, the Content-Range begins there (RFC 9110 §15.3.7).
bool is_part_asked_for(const Fetch& f, const ResponseHead& head) {
  const auto asked = look_at_range(f.to_origin.value(Name::range));
  const auto* const part = std::get_if<FromTo>(&asked);
  const std::string_view range = head.fields.value(Name::content_range);
  if (part == nullptr) return true;  // a suffix, or several: not to be told from here
  return range.starts_with("bytes " + std::to_string(part->first) + "-");
}

// What the rest of weir may rely on (hostile.md 16, 19). Empty: fine.
std::string_view breach(const Fetch& f, const ResponseHead& head) {
  if (head.status == 101 && f.upgrade.empty()) return "101 that nobody asked for";
  if (const auto what = breach_of_upgrade(f, head); !f.upgrade.empty() && !what.empty()) return what;
  if (head.status == 304 && !f.conditional && !f.asked_condition) return "304 without a condition";
  if (head.status == 206 && !f.asked_range) return "206 without a range";
  if (head.status == 206 && !is_part_asked_for(f, head)) return "206 of another range";
  return {};
}

void add_via(Fetch& f, Version version, Fields& fields) {
  const bool earlier = fields.has(Name::via);
  const std::string_view own = version == Version::http2 ? "2.0 weir" : "1.1 weir";
  const auto line = earlier ? f.arena.join(fields.joined(Name::via), ", ", own) : own;
  fields.remove(Name::via);
  fields.add(Name::via, line);
}

// The answer's fields as weir passes them on and keeps them.
void clean_fields(Fetch& f, ResponseHead& head) {
  const auto announced = head.fields.find(Name::trailer);
  const auto trailer = announced == nullptr || f.admission->store ? std::string_view() : announced->value;
  const auto wanted = head.status == 426 && !f.admission->store ? head.fields.value(Name::upgrade) : std::string_view();
  remove_hop_by_hop(head.fields);
  if (!wanted.empty()) head.fields.add(Name::upgrade, wanted);  // what a 426 is for (RFC 9110 §15.5.22)
  if (!trailer.empty() && head.framing == Framing::chunked) head.fields.add(Name::trailer, trailer);  // they pass, too
  for (const Name tag_field : {Name::surrogate_key, Name::cache_tag, Name::xkey}) head.fields.remove(tag_field);
  if (head.status == 101) clean_upgrade(f, head.fields);
  if (!head.fields.has(Name::date)) {
    const DateText now = format_date(f.when.received.wall);
    head.fields.add(Name::date, f.arena.copy({now.data(), now.size()}));
  }
  add_via(f, head.version, head.fields);
}

std::optional<std::uint64_t> known_length(const ResponseHead& head) {
  if (head.status == 204) return std::nullopt;  // has none to tell (RFC 9110 §8.6)
  if (head.framing == Framing::length) return head.content_length;
  if (head.framing != Framing::none || !head.fields.has(Name::content_length)) return std::nullopt;
  return parse_number(head.fields.value(Name::content_length));  // HEAD: what a GET would give
}

// What weir may make of the content's coding; says so to caches behind, whichever form they get (RFC 9110 §12.5.5).
void describe_coding(const Fetch& f, Object& draft, ResponseHead& head) {
  if (!f.route.coding) return;
  const auto coding = coding_of(head.fields);
  if (!coding) return;
  draft.coding = *coding;
  const auto length = known_length(head);
  const bool plain = *coding == ContentCoding::identity;
  if (!may_be_recoded(head.status, head.fields)) {
    if (!plain) name_in_vary(head.fields, false);  // who can't read it gets another (exchange/join.cc)
    return;
  }
  if (plain && (!f.route.coding->wants_type(head.fields.value(Name::content_type)) ||
                (length && *length < f.route.coding->min_size)))
    return;
  draft.recodable = true;
  name_in_vary(head.fields, f.route.coding->dictionary.has_value());
}

// A 304 to the client's own condition speaks of the form that the client holds, by the tag that weir gave it.
void name_held_form(Fetch& f, ResponseHead& head) {
  if (!f.route.coding || head.status != 304) return;
  const std::string_view etag = head.fields.value(Name::etag);
  for (const auto coding : {ContentCoding::zstd, ContentCoding::br, ContentCoding::gzip, ContentCoding::dcz}) {
    const std::string held = etag_of_form(etag, coding);
    if (held.empty() || !matches_any(f.request.fields, Name::if_none_match, held)) continue;
    if (matches_any(f.request.fields, Name::if_none_match, etag)) return;  // it holds the plain one as well
    head.fields.set(Name::etag, f.arena.copy(held));
    return name_in_vary(head.fields, f.route.coding->dictionary.has_value());
  }
}

void make_draft(Fetch& f, ResponseHead& head) {
  auto draft = std::make_shared<Object>();
  draft->key = f.key.bytes;
  draft->digest = f.key.digest;
  draft->tags = f.flight->identity().tags;
  for (auto& tag : response_tags(head.fields)) add_tag(draft->tags, std::move(tag));
  draft->position = f.flight->identity().position;
  draft->life = f.admission->life;
  if (f.route.policy.adaptive && f.kept && f.admission->store && f.admission->by_ttl) {
    draft->life.fresh_for = adapted_lifetime(*f.route.policy.adaptive, f.kept->life.fresh_for, false);
  }
  draft->status = head.status;
  if (auto names = varies_by(head.fields, f.route)) {
    for (const auto& name : *names) draft->vary_values.push_back(vary_value(f.request.fields, name));
    draft->vary_names = std::move(*names);
  }
  clean_fields(f, head);
  describe_coding(f, *draft, head);
  name_held_form(f, head);
  if (f.admission->store && f.route.policy.set_cookie == SetCookie::strip) head.fields.remove(Name::set_cookie);
  std::erase(f.unstored, "set-cookie");  // gone for all: no secret of the one who asked
  set_head(*draft, head.status, head.reason, head.fields, known_length(head));
  f.draft = std::move(draft);
}

void judge_answer(Fetch& f, ResponseHead& head) {
  f.admission = admit(f.request, head, f.route.policy, f.when, f.key.asker);
  if (!f.store) f.admission->store = false;
  const bool endless = head.framing == Framing::close && !f.route.policy.store_unterminated;
  const bool large = head.framing == Framing::length && head.content_length > f.route.policy.max_object;
  if (f.admission->store && (endless || large)) {
    f.admission->store = false;
    f.admission->why_not = endless ? "unterminated" : "too-large";
    f.admission->hit_for_miss = true;
  }
  if (f.admission->store && !varies_by(head.fields, f.route)) {
    f.admission->store = false;
    f.admission->why_not = "vary";
    f.admission->hit_for_miss = true;
  }
  if (f.admission->store && changes_scheme(head, f.request, f.secure)) {
    f.admission->store = false;
    f.admission->why_not = "scheme";
  }
  // An error never takes the place of a good copy, whatever lifetime it gives itself.
  if (head.status >= 500 && f.kept && f.kept->status < 500) f.admission->store = false;
  if (f.admission->store) {
    f.unstored = fields_not_stored(head, f.route.policy);
    return;
  }
  // Its age is not kept account of; what the origin said of it is passed on.
  f.admission->life.received = f.when.received.mono;
  f.admission->life.initial_age = std::chrono::seconds(parse_delta_seconds(head.fields.value(Name::age)).value_or(0));
}

Next receive(Fetch& f) {
  if (!f.body_over) return Next::wait;
  f.step_ = &kKeep;
  return Next::run;
}

}  // namespace

const FetchStep kReceive{"receive", receive};

void publish(Fetch& f) {
  const bool keep = f.admission->store && !f.worker.node.flights.crowded();
  const bool share = f.shared && f.unstored.empty() && shareable_with_waiters(*f.admission);
  if (f.shared && !share) {
    if (f.admission->hit_for_miss) {
      f.worker.node.store.remember_uncacheable(f.key.digest, f.key.bytes,
                                               f.worker.loop.now().mono + f.route.policy.hit_for_miss);
    }
  }
  if (f.shared && (!keep || !share)) f.worker.node.flights.retire(*f.flight);
  if (!keep || !share) say_unshareable(f);
  f.head_published = true;
  f.flight->publish_head(f.draft, f.draft->status, share || !f.shared, keep, f.length);
  if (f.flight->readers() == 0) f.on_flight_change();
}

void add_tag(std::vector<std::string>& tags, std::string tag) {
  if (tags.size() < kMostTags && std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(std::move(tag));
}

std::vector<std::string> response_tags(const Fields& response) {
  std::vector<std::string> tags;
  for (const Field& field : response) {
    if (field.id != Name::surrogate_key && field.id != Name::cache_tag && field.id != Name::xkey) continue;
    std::string_view rest = field.value;
    while (!rest.empty() && tags.size() < kMostTags) {
      const auto end = rest.find_first_of(", \t");
      const auto tag = rest.substr(0, end);
      if (!tag.empty() && tag.size() <= kLongestTag) tags.emplace_back(tag);
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
  }
  return tags;
}

void Fetch::on_origin_head(ResponseHead& head) {
  if (head.status < 200 && head.status != 101) {
    if (++interim_answers > kMostInterim) return fail(bad_answer("too many interim answers"));
    if (head.status == 100) return;  // weir answers Expect itself
    std::string bytes;
    remove_hop_by_hop(head.fields);
    if (write_h1_response_head(bytes, head.status, head.reason, head.fields)) flight->publish_interim(bytes + "\r\n");
    return;
  }
  if (upload) upload->keep_taken(false);
  when.received = worker.loop.now();
  connection->server().answered(when.received.mono);
  counters().first_byte.record(static_cast<std::uint64_t>((when.received.mono - when.sent.mono).count() / 1000));
  if (const auto what = breach(*this, head); !what.empty()) return fail(bad_answer(std::string(what)));
  auto its_context = context();
  for (auto it = route.filters.rbegin(); it != route.filters.rend(); ++it) (*it)->on_origin_response(head, its_context);
  if (head.status == 304 && conditional) return renew(head);
  judge_answer(*this, head);
  length = head.framing == Framing::length ? std::optional(head.content_length) : std::nullopt;
  make_draft(*this, head);
  if (head.status == 101) return begin_tunnel(*this);
  auto records = invalidations(*this, head);
  if (records.empty()) return publish(*this);
  connection->pause_reading(true);
  worker.node.log->append(std::move(records), {.everywhere = true, .insist = true},
                          [this, &loop = worker.loop, alive = alive()](Result<Appended> appended) {
                            loop.execute([this, alive, logged = appended.ok() && appended->replicated] {
                              if (!*alive) return;
                              if (!logged) flight->note_unlogged();
                              publish(*this);
                              if (connection) connection->pause_reading(false);
                            });
                          });
}

void Fetch::on_origin_body(std::string_view bytes) {
  body_bytes += bytes.size();
  counters().origin_bytes.add(bytes.size());
  if (flight->keeps() && (body_bytes > route.policy.max_object || worker.node.flights.crowded())) {
    admission->store = false;
    admission->why_not = "too-large";
    if (shared && body_bytes > route.policy.max_object) {
      worker.node.store.remember_uncacheable(key.digest, key.bytes, worker.loop.now().mono + route.policy.hit_for_miss);
    }
    flight->stop_keeping();
  }
  if (flight->append(bytes) == 0) connection->pause_reading(true);
}

void Fetch::on_origin_end(const Fields& trailer_fields) {
  trailers = trailers_of_response(trailer_fields);
  body_over = true;
  if (step_ == &kRelay) {  // it has said all; the client may not
    flight->complete({});
    return advance();
  }
  // An answer that came before the whole request was sent is an answer all the same; the connection can't be used
  // again.
  if (step_ == &kSend) step_ = &kReceive;
  advance();
}

}  // namespace weir
