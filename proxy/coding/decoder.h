// Decoder: from gzip (several members too), br, zstd or dcz back to the body, piece by piece. The bytes come from an
// origin that is not trusted (hostile.md 21): output is bounded in size and in ratio, a call in time, memory by windows
// of 8 MiB (zstd) and 16 MiB (br). What is cut short, or goes on behind its end, is an error. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/base/result.h"
#include "proxy/base/units.h"
#include "proxy/coding/dictionary.h"
#include "proxy/http/content_coding.h"

namespace weir {

// At any moment output ≤ free_output + max_ratio × the input so far. gzip can't do more than 1032 : 1; br and zstd go
// far past that on zeros. JSON of real data stays well below; a list of nothing but equal members may pass 1000 : 1,
// and then it is small enough for free_output or looks like an attack to anybody.
struct DecodeLimits {
  std::uint64_t max_output = 64_MiB;
  std::uint64_t free_output = 1_MiB;
  std::uint64_t max_ratio = 1000;
};

class Decoder {
 public:
  // Empty for identity, and for dcz without a dictionary. An empty body is none of these codings: it ends too early.
  static std::unique_ptr<Decoder> make(ContentCoding coding, const DecodeLimits& limits,
                                       std::shared_ptr<const Dictionary> dictionary = {});
  virtual ~Decoder() = default;

  // Appends `most` bytes at most, taking from the front of `in` what that needs: a slice of bounded time. True: there
  // is more to come, call again before handing in anything new. After an error nothing more comes.
  Result<bool> advance(std::string_view& in, std::string& out, std::size_t most);
  // The same until all of `in` is used up.
  Result<void> add(std::string_view in, std::string& out);
  // That this was the end.
  Result<void> finish();

 protected:
  struct Progress {
    std::size_t taken = 0;
    std::size_t written = 0;
    bool broken = false;
  };
  explicit Decoder(const DecodeLimits& limits) : limits_(limits) {}
  // Decodes into `to`, `room` bytes; nothing taken and nothing written means that more input is needed.
  virtual Progress decode_some(std::string_view in, char* to, std::size_t room) = 0;
  virtual bool complete() const = 0;

 private:
  std::uint64_t allowed() const noexcept;
  Error fail(Code code, std::string_view why);

  const DecodeLimits limits_;
  std::uint64_t taken_ = 0;
  std::uint64_t written_ = 0;
  bool pending_ = false;  // the last call filled its room: there may be output left inside
  bool failed_ = false;
};

Result<std::string> decode(ContentCoding coding, std::string_view body, const DecodeLimits& limits = {},
                           std::shared_ptr<const Dictionary> dictionary = {});

}  // namespace weir
