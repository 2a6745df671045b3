// PURGE and SOFTPURGE of one URL on the public port, for the addresses in admin.purge_from; never forwarded.
#include "proxy/exchange/exchange.h"
#include "proxy/route/request_refusals.h"
#include "proxy/route/url.h"

namespace weir {

Next purge(Exchange& x) {
  // A proxy's own address stands for nobody whom that proxy didn't name.
  const auto client = x.client_named ? Ip::parse(x.client_address) : std::nullopt;
  if (!client || !any_contains(x.snapshot->shared->config->admin.purge_from, *client)) return x.refuse(405, kNotServed);
  const RequestHead& request = *x.request;
  const PlainUrl url{std::string(request.authority), std::string(request.path), std::string(request.query),
                     request.has_query};
  InvalidationRecord record{InvalidationRecord::Kind::url, as_keyed(url, *x.snapshot->shared->routes).text(),
                            request.method == Method::softpurge};
  // The answer follows the acknowledgement, which may come later where the log is shared.
  auto open = std::make_shared<bool>(true);
  x.purging = Operation([open] { *open = false; });
  static const Step kPurging{"purging", [](Exchange&) { return Next::wait; }};
  x.step = &kPurging;
  x.worker.node.log->append({std::move(record)}, {.everywhere = true},
                            [&x, &loop = x.worker.loop, open](Result<Appended> appended) {
                              loop.execute([&x, open, appended = std::move(appended)] {
                                if (!*open) return;
                                x.purging.done();
                                appended ? x.refuse(appended->replicated ? 200 : 202,
                                                    appended->replicated ? "purged" : "purged, but not replicated yet")
                                         : x.refuse(503, appended.error().detail);
                                x.outcome = appended ? Outcome::bypass : Outcome::error;
                                x.advance();
                              });
                            });
  return Next::wait;
}

}  // namespace weir
