// keep: the whole answer is there. What may be stored becomes an object; a 304 renews the object that was asked about.
// New requests find it in the store before the flight ends, so there is no moment in which neither has it.
#include <array>
#include <charconv>
#include <utility>

#include "proxy/cache/form.h"
#include "proxy/fetch/fetch.h"
#include "proxy/http/date.h"

namespace weir {
namespace {

// A strong ETag from the bytes: the same on every node (RFC 9110 §8.8.3).
std::string make_etag(const Body& body) {
  Fingerprint print;
  for (const Block& block : body.blocks()) print.add(block.view());
  const auto digits = hex_of(print.digest());
  return std::string("\"").append(digits.data(), digits.size()) + '"';
}

bool wants_etag(const Fetch& f) {
  return f.route.policy.etag && f.draft->etag.empty() && f.draft->status == 200;
}

// The draft is being read by others: what changes is made on a copy.
std::shared_ptr<Object> finished_object(Fetch& f) {
  auto body = std::make_shared<const Body>(f.flight->kept_blocks());
  const Object& draft = *f.draft;
  auto object = successor_of(draft);
  object->life = draft.life;
  object->position = draft.position;
  Fields fields = draft.fields();
  for (const auto& name : f.unstored) fields.remove(name);
  std::string etag;
  if (wants_etag(f)) {
    etag = make_etag(*body);
    fields.add(Name::etag, etag);
  }
  const bool large_enough = !f.route.coding || body->size() >= f.route.coding->min_size;
  object->recodable = draft.recodable && (large_enough || draft.coding != ContentCoding::identity);
  if (draft.status == 200) fields.set(Name::accept_ranges, "bytes");
  set_head(*object, draft.status, reason_phrase(draft.status), std::move(fields), body->size());
  object->head304 = head_of_304(*object);
  object->body = std::move(body);
  return object;
}

Next keep(Fetch& f) {
  if (!f.admission) return Next::done;  // a 304: renew() did it all
  Flight::Ending ending;
  ending.trailers = std::move(f.trailers);
  if (f.admission && f.admission->store && f.flight->keeps()) {
    auto object = finished_object(f);
    auto* const dictionaries = f.snapshot->dictionaries_of(f.route);
    if (dictionaries != nullptr && object->recodable && f.key.asker != Asker::credentials) {
      object->is_dictionary = dictionaries->learn(*object);
    }
    // Purged while it was fetched: it answers those who asked before, and nobody else.
    if (f.worker.node.rules.covers(*object) == Coverage::none &&
        f.worker.node.store.put(object, f.route.policy.max_variants)) {
      f.counters().stored.add();
      give_to_others(f, object);
    }
    // Who reads from here on needn't do it piece by piece.
    if (f.unstored.empty() && ending.trailers.empty()) ending.whole = std::move(object);
  }
  if (f.shared) f.worker.node.flights.retire(*f.flight);
  f.flight->complete(std::move(ending));
  return Next::done;
}

std::shared_ptr<Object> renewed(const Object& old, const Fields& fields, const Life& life, Position position) {
  auto object = successor_of(old);
  object->life = life;
  object->position = position;
  set_head(*object, old.status, reason_phrase(old.status), fields, old.body->size());
  object->head304 = head_of_304(*object);
  for (std::size_t i = 0; i < old.forms.size(); ++i) {  // they stay, under heads that say what the 304 said
    if (old.forms[i]) object->forms[i] = under_head_of(*object, *old.forms[i]);
  }
  return object;
}

}  // namespace

const FetchStep kKeep{"keep", keep};

// A 304 for weir's own validator (RFC 9111 §4.3.4): all copies with that validator live on with its fields.
void Fetch::renew(ResponseHead& not_modified) {
  const auto newer_tags = response_tags(not_modified.fields);
  remove_hop_by_hop(not_modified.fields);
  for (const Name tag_field : {Name::surrogate_key, Name::cache_tag, Name::xkey}) not_modified.fields.remove(tag_field);
  const DateText now_text = format_date(when.received.wall);
  if (!not_modified.fields.has(Name::date)) not_modified.fields.add(Name::date, {now_text.data(), now_text.size()});
  bool share = true;
  const auto renew_one = [&](const Object& old) {
    const Fields stored = old.fields();
    ResponseHead head;
    head.status = old.status;
    head.fields = updated_fields(stored, not_modified.fields);
    auto judged = admit(request, head, route.policy, when, key.asker);
    if (route.policy.adaptive && judged.by_ttl) {
      judged.life.fresh_for = adapted_lifetime(*route.policy.adaptive, old.life.fresh_for, true);
    }
    if (!judged.store) {
      judged.life = old.life;  // it stays what it was; this one answer is as old as the 304
      judged.life.received = when.received.mono;
      judged.life.initial_age = {};
    }
    if (old.recodable) name_in_vary(head.fields, route.coding && route.coding->dictionary);
    auto object = renewed(old, head.fields, judged.life, flight->identity().position);
    if (!newer_tags.empty()) {  // like any other field that a 304 brings
      object->tags = flight->identity().tags;
      for (const auto& tag : newer_tags) add_tag(object->tags, tag);
    }
    share = share && shareable_with_waiters(judged);
    if (!judged.store) {
      if (judged.why_not != "authorization") worker.node.store.erase(old);
    } else if (worker.node.rules.covers(*object) == Coverage::none) {
      worker.node.store.put(object, route.policy.max_variants);
      give_to_others(*this, object);
    }
    return object;
  };
  const auto others = worker.node.store.variants(kept->digest, kept->key);
  ObjectPtr current = kept;  // or what took its place meanwhile, with one form more
  for (const auto& other : others) {
    if (other->body == kept->body && other->vary_values == kept->vary_values) current = other;
  }
  auto mine = renew_one(*current);
  for (const auto& other : others) {
    if (other != current && !kept->etag.empty() && other->etag == kept->etag) renew_one(*other);
  }
  if (shared) worker.node.flights.retire(*flight);
  head_published = true;
  flight->complete(
      {.whole = std::move(mine), .revalidated = true, .share = share, .origin_status = 304, .trailers = {}});
}

void set_head(Object& object, int status, std::string_view reason, Fields fields, std::optional<std::uint64_t> length) {
  object.status = status;
  fields.remove(Name::age);
  std::size_t size = 64;  // for the status line and the length
  for (const Field& field : fields) size += field.name.size() + field.value.size() + 4;
  object.head.clear();
  object.head.reserve(size);
  // What came through the parser can be written again; a filter's slip would show here and leave a bare status line.
  if (!write_h1_response_head(object.head, status, reason, fields)) {
    object.head.clear();
    static_cast<void>(write_h1_response_head(object.head, status, reason, Fields{}));
  }
  if (status == 204) length.reset();
  object.length = length;
  if (length) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *length).ptr;
    object.head.append("Content-Length: ").append(digits.data(), end).append("\r\n");
  }
  object.etag = fields.value(Name::etag);
  object.last_modified = fields.value(Name::last_modified);
  object.date = parse_date(fields.value(Name::date), wall_now()).value_or(wall_now());
}

}  // namespace weir
