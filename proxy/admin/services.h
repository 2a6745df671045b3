// What the admin endpoint may reach of the process: filled in once by server/, which owns all of it and outlives the
// AdminServer. Every function is called on the control loop and must not block it for long; none may throw.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "proxy/admin/sharing.h"
#include "proxy/base/callback.h"
#include "proxy/base/operation.h"
#include "proxy/base/result.h"
#include "proxy/base/units.h"
#include "proxy/fetch/context.h"

namespace weir {

// What became of one URL that was fetched through the cache.
struct WarmResult {
  int status = 0;       // what a client would have got; 0 where there was no answer
  std::string outcome;  // a result word: miss, hit, uncacheable, …
  Duration took{};
  std::string error;  // why there was no answer; empty where there was one
};

struct AdminServices {
  Node& node;

  // The config that runs now. Never null. Its admin.token and admin.address are what requests are checked against.
  std::function<std::shared_ptr<const Snapshot>()> snapshot;

  // Validates the file, then swaps whole. The value is a summary in one line ("12 routes, 1 upstream, generation 3");
  // the error's detail has all diagnostics, a line each. Empty where weir runs without a file.
  std::function<Result<std::string>()> reload;

  // False while draining, and before the listeners stand.
  std::function<bool()> ready;

  // Fetches "host/path?query" (normalised, without a scheme) with GET as a client without any header fields would,
  // stores what may be stored, and drops the body. The answer comes on the control loop, never from inside the call;
  // dropping the operation cancels it.
  std::function<Operation(std::string url, Callback<void(WarmResult)> done)> warm_one;

  // Empty where this node caches alone.
  std::function<SharingLook()> sharing;
  // Empty where no database is followed.
  std::function<DatabaseLook()> database;

  // host:port of the first public listener as a local client writes it (localhost for 0.0.0.0): the host of a URL to
  // warm that names none.
  std::function<std::string()> public_authority;
};

}  // namespace weir
