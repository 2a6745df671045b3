// Io: what came of moving bytes over a socket, inside TLS or not.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

struct Io {
  enum class Kind : std::uint8_t { moved, again, ended, failed } kind = Kind::again;
  std::size_t bytes = 0;
  int error = 0;  // errno, for failed
};

}  // namespace weir
