// br by libbrotli, without its large windows (RFC 7932: 16 MiB at most). See decoder.h.
#include <brotli/decode.h>

#include "proxy/coding/decoders.h"

namespace weir {
namespace {

struct Destroy {
  void operator()(BrotliDecoderState* state) const noexcept { BrotliDecoderDestroyInstance(state); }
};

class BrotliDecoder final : public Decoder {
 public:
  explicit BrotliDecoder(const DecodeLimits& limits)
      : Decoder(limits), state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {}

  bool ready() const { return state_ != nullptr; }

 private:
  Progress decode_some(std::string_view in, char* to, std::size_t room) override {
    if (complete()) return {};  // takes nothing more: what is left behind the end is noticed by that
    std::size_t left = in.size();
    const auto* next = reinterpret_cast<const std::uint8_t*>(in.data());
    std::size_t free = room;
    auto* at = reinterpret_cast<std::uint8_t*>(to);
    const auto result = BrotliDecoderDecompressStream(state_.get(), &left, &next, &free, &at, nullptr);
    return Progress{in.size() - left, room - free, result == BROTLI_DECODER_RESULT_ERROR};
  }

  bool complete() const override { return BrotliDecoderIsFinished(state_.get()) != 0; }

  std::unique_ptr<BrotliDecoderState, Destroy> state_;
};

}  // namespace

std::unique_ptr<Decoder> make_brotli_decoder(const DecodeLimits& limits) {
  auto decoder = std::make_unique<BrotliDecoder>(limits);
  return decoder->ready() ? std::move(decoder) : nullptr;
}

}  // namespace weir
