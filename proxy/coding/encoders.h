// The encoder of each library, for encoder.cc alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "proxy/coding/encoder.h"

namespace weir {

// What is known of the length of the body: `exact` comes from encode(), which has all of it in hand.
struct SourceSize {
  std::optional<std::uint64_t> bytes;
  bool exact = false;
};

std::unique_ptr<Encoder> make_gzip_encoder(int level);
std::unique_ptr<Encoder> make_brotli_encoder(int level, SourceSize size);
std::unique_ptr<Encoder> make_zstd_encoder(int level, SourceSize size);
std::unique_ptr<Encoder> make_dcz_encoder(int level, SourceSize size, std::shared_ptr<const Dictionary> dictionary);

}  // namespace weir
