// Encoder: one body into one coding, piece by piece (a stream) or at once (what is stored). Bytes in, bytes out, no
// I/O, no clock; it is the caller who keeps large bodies off the event loop. An Encoder may move between threads and is
// used by one at a time. The same input, level, hint and calls give the same bytes. No dcb: RFC 9842's brotli needs the
// shared dictionaries of brotli 1.1, and Debian 12 has 1.0.9, whose encode.h knows none.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/result.h"
#include "proxy/coding/dictionary.h"
#include "proxy/http/content_coding.h"

namespace weir {

class Encoder {
 public:
  // `level` as of levels.h; the nearest that the coding has is taken. `size_hint` chooses windows and tables and is
  // never relied on; without it a window of 64 KiB bounds what a stream holds: 0.5 MiB (zstd 1), 0.7 to 1.8 MiB (br 4),
  // 0.3 MiB (gzip), measured. Empty for identity, and for dcz without a dictionary.
  static std::unique_ptr<Encoder> make(ContentCoding coding, int level, std::optional<std::uint64_t> size_hint,
                                       std::shared_ptr<const Dictionary> dictionary = {});
  virtual ~Encoder() = default;

  // Each appends to `out` what there is to send. Only a lack of memory can make them fail.
  Result<void> add(std::string_view in, std::string& out) { return run(Step::add, in, out); }
  // After this, all that was added can be decoded from what came out.
  Result<void> flush(std::string& out) { return run(Step::flush, {}, out); }
  // The end; nothing may be called after it.
  Result<void> finish(std::string& out) { return run(Step::finish, {}, out); }

 protected:
  friend Result<std::string> encode(ContentCoding, int, std::span<const std::string_view>,
                                    std::shared_ptr<const Dictionary>);
  enum class Step : std::uint8_t { add, flush, finish };
  virtual Result<void> run(Step step, std::string_view in, std::string& out) = 0;
};

// A whole body that lies in pieces.
Result<std::string> encode(ContentCoding coding, int level, std::span<const std::string_view> parts,
                           std::shared_ptr<const Dictionary> dictionary = {});
Result<std::string> encode(ContentCoding coding, int level, std::string_view body,
                           std::shared_ptr<const Dictionary> dictionary = {});

}  // namespace weir
