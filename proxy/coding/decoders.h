// The decoder of each library, for decoder.cc alone.
#pragma once

#include <memory>

#include "proxy/coding/decoder.h"

namespace weir {

std::unique_ptr<Decoder> make_gzip_decoder(const DecodeLimits& limits);
std::unique_ptr<Decoder> make_brotli_decoder(const DecodeLimits& limits);
// With a dictionary: dcz.
std::unique_ptr<Decoder> make_zstd_decoder(const DecodeLimits& limits, std::shared_ptr<const Dictionary> dictionary);

}  // namespace weir
