// MemoryLog against the suite of all logs.
#include "tests/conformance/invalidation_log_suite.h"

namespace weir {
namespace {

class MemoryFixture {
 public:
  InvalidationLog& log() { return log_; }
  Position append(std::vector<InvalidationRecord> records) {
    Position position = 0;
    log_.append(std::move(records), {}, [&position](Result<Appended> got) { position = got->position; });
    return position;  // the memory log answers before append() returns
  }

 private:
  InvalidationRules rules_;
  MemoryLog log_{rules_};
};

TEST_CASE("MemoryLog keeps the promises of a log") {
  test::invalidation_log_suite([] { return std::make_unique<MemoryFixture>(); });
}

}  // namespace
}  // namespace weir
