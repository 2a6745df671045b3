// What a request can reach; see context.h.
#include "proxy/fetch/context.h"

#include "proxy/fetch/fetch.h"
#include "proxy/fetch/recode.h"

namespace weir {

WorkerContext::WorkerContext(Node& the_node, unsigned the_number) : node(the_node), number(the_number) {}
WorkerContext::~WorkerContext() = default;

}  // namespace weir
