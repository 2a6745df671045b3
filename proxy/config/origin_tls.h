// What stands in the files that `upstreams.NAME.tls` names: read when a config is prepared, so that a bad one is an
// error of the file and leaves what runs as it is.
#pragma once

#include "proxy/config/config.h"
#include "proxy/config/place.h"

namespace weir {

// Sets tls_context of every upstream with a server that wants it. Reads files: never on a worker's loop.
void open_origin_tls(Config& config, Diagnostics& diagnostics);

}  // namespace weir
