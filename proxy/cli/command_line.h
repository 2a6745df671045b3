// The command line: finds the call named by the first argument and runs it.
#pragma once

namespace weir {

// Returns the exit status: 0 done, 1 failed (the reason on standard error), 2 wrong usage.
int run_command_line(int argc, char** argv);

}  // namespace weir
