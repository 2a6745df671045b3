// recode: the answer is there, but not in the coding that this client gets. Small ones are coded at once; of others the
// client reads the flight of the coded content as it is made, which all share who want the same.
#include "proxy/fetch/recode.h"
#include "proxy/exchange/choose_form.h"

namespace weir {
namespace {

// Of one content under one key in one coding; no key of a request ends so.
Flight::Identity identity_of(const Object& object, ContentCoding coding, const Dictionary* dictionary) {
  Flight::Identity identity;
  identity.key = object.key;
  identity.key.append("\0form:", 6).append(word_of(coding));
  identity.digest = hash128(identity.key);
  const Digest& body = object.body->digest();
  identity.discriminator =
      std::to_string(object.position) + ":" + std::to_string(body.high) + ":" + std::to_string(body.low) + object.etag;
  for (const auto& value : object.vary_values) identity.discriminator.append(1, '\0').append(value);
  if (dictionary != nullptr) identity.discriminator.append(dictionary->available_text());
  identity.position = object.position;
  identity.tags = object.tags;
  return identity;
}

// Reads `into` from now on; starts who writes it where nobody does.
bool read_coded(Exchange& x, const Flight::Coded& into, Recoding::Order order) {
  auto reader = into.flight->join(
      x.worker.loop, [&x] { x.advance(); }, into.leads);
  if (!reader) return false;
  if (into.leads) Recoding::start(x.worker, std::move(order));
  x.reader = std::move(*reader);
  return true;
}

Next recode(Exchange& x) {
  const ObjectPtr object = x.answer;
  const auto chosen = choose_form(x, *object);
  x.step = &kDeliver;
  if (!chosen.missing) return Next::run;
  const bool decodes = *chosen.missing == ContentCoding::identity;
  if (object->body->size() <= kCodedAtOnce && !decodes) {
    const FormPtr form = make_form(*object, *x.route->coding, *chosen.missing, chosen.dictionary);
    if (!form) return x.refuse(503, "no memory to compress with");
    x.answer = hang_on(x.worker.node.store, object, form);
    if (!x.answer) x.answer = with_form(*object, form);
    return Next::run;
  }
  auto place = RecodingPlace::take(x.worker.node, decodes ? RecodingPlace::Kind::decoded : RecodingPlace::Kind::kept);
  if (place) {
    const auto claim = x.worker.node.flights.claim(identity_of(*object, *chosen.missing, chosen.dictionary.get()),
                                                   [](const Flight&) { return true; });
    Recoding::Order order{nullptr,           object,          *chosen.missing,
                          claim.flight,      x.snapshot,      &*x.route->coding,
                          chosen.dictionary, std::move(place)};
    if (read_coded(x, {claim.flight, claim.leads}, std::move(order))) {
      x.recoded = true;
      x.step = &kStream;
      return Next::run;
    }
  }
  if (decodes) return x.refuse(503, "too much is being decoded");
  x.plain = true;
  return Next::run;
}

}  // namespace

const Step kRecode{"recode", recode};

bool recode_flight(Exchange& x, ContentCoding to) {
  const FlightPtr source = x.reader.flight().shared_from_this();
  using Kind = RecodingPlace::Kind;
  const Kind kind = source->keeps() ? Kind::kept : Kind::streamed;
  auto place = RecodingPlace::take(x.worker.node, to == ContentCoding::identity ? Kind::decoded : kind);
  if (!place) return false;
  const auto into = source->coded(to);
  x.recoded =
      read_coded(x, into, {source, nullptr, to, into.flight, x.snapshot, &*x.route->coding, nullptr, std::move(place)});
  return x.recoded;
}

}  // namespace weir
