// bench_micro: one table, in nanoseconds for each operation. Absolute figures differ by machine and by minute: compare
// rows of one run, and runs by turns.
#include <cstdio>

#include "bench/micro/bench.h"

int main() {
  std::printf("%-46s %9s %9s %9s\n", "ns for each", "median", "fastest", "slowest");
  weir::bench::parser();
  weir::bench::keys();
  weir::bench::store();
  weir::bench::invalidation();
}
