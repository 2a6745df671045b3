// A folder of a test's own, that goes with the object.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "proxy/base/check.h"

namespace weir::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-redis-test-XXXXXX").string();
    WEIR_CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  // Of a file in it; of itself, with a slash at the end, for no name.
  std::string path(const std::string& name = "") const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace weir::test
