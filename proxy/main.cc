// The weir program. What it does stands in cli/.
#include "proxy/cli/command_line.h"

// Read by jemalloc: the pages of large blocks go back to the system as soon as they are freed, so that resident memory
// keeps to the budget while objects come and go. Smaller ones are kept for a second: what passes through unstored, in
// pieces of up to 64 KiB, is freed and wanted again all the time.
extern "C" const char* malloc_conf;
const char* malloc_conf = "oversize_threshold:98304,dirty_decay_ms:1000,muzzy_decay_ms:0";

int main(int argc, char** argv) {
  return weir::run_command_line(argc, argv);
}
