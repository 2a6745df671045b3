// The weir program. What it does stands in cli/.
#include "proxy/cli/command_line.h"

// Read by jemalloc: freed pages go back to the system at once, so that resident memory keeps to the budget while large
// objects come and go. Small pieces are reused from its thread caches all the same, and a hit frees nothing.
extern "C" const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:0,muzzy_decay_ms:0";

int main(int argc, char** argv) {
  return weir::run_command_line(argc, argv);
}
