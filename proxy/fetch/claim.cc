// Claiming a flight; see claim.h.
#include "proxy/fetch/claim.h"

namespace weir {
namespace {

Flight::Identity identity_of(const Node& node, const Wanted& wanted) {
  Flight::Identity identity;
  identity.position = node.rules.head();  // read before anything is asked: what is purged from now on covers it
  identity.began = MonotonicClock::now();
  identity.key = wanted.key.bytes;
  identity.digest = wanted.key.digest;
  identity.discriminator = wanted.discriminator;
  for (const Template& tag : wanted.route.tags) {
    std::string text;
    tag.render(wanted.values, text);
    add_tag(identity.tags, std::move(text));
  }
  if (wanted.kept != nullptr) identity.kept_tags = wanted.kept->tags;
  return identity;
}

}  // namespace

FlightTable::Claim claim_shared(Node& node, const Wanted& wanted) {
  const Position asked = node.rules.head();
  return node.flights.claim(identity_of(node, wanted), [&](const Flight& flight) {
    return flight.identity().began >= wanted.not_before && !overtaken(node, flight, flight.look(), asked);
  });
}

FlightPtr claim_alone(Node& node, const Wanted& wanted) {
  return node.flights.alone(identity_of(node, wanted));
}

bool overtaken(const Node& node, const Flight& flight, const FlightView& view, Position asked) {
  const auto& identity = flight.identity();
  if (asked == identity.position) return false;
  const auto covered = [&](const std::vector<std::string>& tags) {
    return node.rules.covers({identity.key, &tags, identity.position}, asked) != Coverage::none;
  };
  if (covered(identity.tags)) return true;
  const Object* answer = view.whole ? view.whole.get() : view.draft.get();
  return covered(answer != nullptr ? answer->tags : identity.kept_tags);
}

}  // namespace weir
