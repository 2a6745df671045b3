// br by libbrotli (RFC 7932). 1.0.9 can't reset an encoder, so each body makes its own; an allocator that kept the
// blocks was tried and won nothing. What it holds grows with the window, measured on JSON at levels 4 and 5: 0.6 to 1.1
// MiB for 2 KiB, 1 to 1.6 MiB for 32 KiB; level 11 takes 0.8 and 3 MiB.
#include <brotli/encode.h>

#include <algorithm>
#include <array>
#include <bit>

#include "proxy/coding/encoders.h"

namespace weir {
namespace {

constexpr unsigned kStreamWindow = 16;  // unknown length: 4 MiB in a window of 22 holds 23 MiB, of 16 1.8 MiB
constexpr unsigned kMostWindow = 20;    // past 1 MiB the window costs memory and found nothing more in JSON

struct Destroy {
  void operator()(BrotliEncoderState* state) const noexcept { BrotliEncoderDestroyInstance(state); }
};
using State = std::unique_ptr<BrotliEncoderState, Destroy>;

// The smallest window that holds the body whole: 16 bytes of it are brotli's own.
std::uint32_t window_for(SourceSize size) noexcept {
  if (!size.bytes) return kStreamWindow;
  const auto bits = static_cast<unsigned>(std::bit_width(std::min<std::uint64_t>(*size.bytes, 1U << 30) + 16));
  return std::clamp(bits, kStreamWindow, kMostWindow);
}

class BrotliEncoder final : public Encoder {
 public:
  explicit BrotliEncoder(State state) : state_(std::move(state)) {}

 private:
  Result<void> run(Step step, std::string_view in, std::string& out) override {
    constexpr std::array kOperations{BROTLI_OPERATION_PROCESS, BROTLI_OPERATION_FLUSH, BROTLI_OPERATION_FINISH};
    const auto operation = kOperations[static_cast<std::size_t>(step)];
    const auto* next = reinterpret_cast<const std::uint8_t*>(in.data());
    std::size_t left = in.size();
    bool more = true;  // what is flushed or finished may come in several calls, the last of which has nothing to give
    while (more) {
      std::size_t no_room = 0;  // it keeps what it writes until that is taken
      if (BrotliEncoderCompressStream(state_.get(), operation, &left, &next, &no_room, nullptr, nullptr) == 0) {
        return Error{Side::internal, Code::internal, "br: the encoder failed"};
      }
      const std::size_t before = out.size();
      take_output(out);
      more = left > 0 || (step != Step::add && out.size() > before);
    }
    return {};
  }

  void take_output(std::string& out) {
    while (BrotliEncoderHasMoreOutput(state_.get()) != 0) {
      std::size_t size = 0;
      const auto* bytes = BrotliEncoderTakeOutput(state_.get(), &size);
      out.append(reinterpret_cast<const char*>(bytes), size);
    }
  }

  State state_;
};

}  // namespace

std::unique_ptr<Encoder> make_brotli_encoder(int level, SourceSize size) {
  State state(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr));
  if (!state) return nullptr;
  const auto quality = static_cast<std::uint32_t>(std::clamp(level, BROTLI_MIN_QUALITY, BROTLI_MAX_QUALITY));
  BrotliEncoderSetParameter(state.get(), BROTLI_PARAM_QUALITY, quality);
  BrotliEncoderSetParameter(state.get(), BROTLI_PARAM_LGWIN, window_for(size));
  const auto hint = static_cast<std::uint32_t>(std::min<std::uint64_t>(size.bytes.value_or(0), UINT32_MAX));
  BrotliEncoderSetParameter(state.get(), BROTLI_PARAM_SIZE_HINT, hint);
  return std::make_unique<BrotliEncoder>(std::move(state));
}

}  // namespace weir
