// claim: who asks the origin. One fetch for all who want the same thing at the same time; a flight that an invalidation
// has overtaken is not joined any more: its answer may be the old one.
#pragma once

#include <string>

#include "proxy/fetch/fetch.h"

namespace weir {

struct Wanted {
  const Route& route;
  const RouteValues& values;
  const Key& key;
  std::string discriminator;      // what a known Vary tells this request apart by; empty mostly
  const Object* kept = nullptr;   // the copy that is to be validated: its tags count as the answer's
  Time not_before = Time::min();  // a flight that began earlier isn't joined
};

// The flight to read; `leads`: nobody fetches it yet, and the caller must start it.
FlightTable::Claim claim_shared(Node& node, const Wanted& wanted);
FlightPtr claim_alone(Node& node, const Wanted& wanted);

// Whether something invalidated the flight's answer after it began: then who asked later than that must ask again.
// `asked`: the position of the log when the reader came.
bool overtaken(const Node& node, const Flight& flight, const FlightView& view, Position asked);

}  // namespace weir
