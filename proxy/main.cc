// The weir program. What it does stands in cli/.
#include "proxy/cli/command_line.h"

int main(int argc, char** argv) {
  return weir::run_command_line(argc, argv);
}
