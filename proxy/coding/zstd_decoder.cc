// zstd, frame after frame, with windows up to 8 MiB (RFC 8878, RFC 9659); dcz: that behind the header that names the
// dictionary we have (RFC 9842 §5). See decoder.h.
#define ZSTD_STATIC_LINKING_ONLY  // ZSTD_DCtx_loadDictionary_advanced
#include <zstd.h>

#include <algorithm>

#include "proxy/coding/decoders.h"

namespace weir {
namespace {

constexpr int kMostWindowLog = 23;

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder(const DecodeLimits& limits, std::shared_ptr<const Dictionary> dictionary)
      : Decoder(limits), dictionary_(std::move(dictionary)), context_(ZSTD_createDCtx()) {
    if (dictionary_) header_left_ = dictionary_->dcz_header();
  }

  bool prepare() {
    if (!context_) return false;
    if (ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kMostWindowLog)) != 0) return false;
    if (!dictionary_) return true;
    const auto bytes = dictionary_->bytes();
    return ZSTD_isError(ZSTD_DCtx_loadDictionary_advanced(context_.get(), bytes.data(), bytes.size(), ZSTD_dlm_byRef,
                                                          ZSTD_dct_rawContent)) == 0;
  }

 private:
  Progress decode_some(std::string_view in, char* to, std::size_t room) override {
    if (!header_left_.empty()) return take_header(in);
    if (between_frames_ && in.empty()) return {};
    // A frame's header goes byte by byte. When libzstd finds all of a frame in its input it takes a short cut that sees
    // more errors than its usual way, and when it dislikes a header it looks there for formats before 0.8: what a body
    // means may not hang on how it was cut, and nobody needs those formats.
    if (between_frames_) single_bytes_left_ = ZSTD_FRAMEHEADERSIZE_MAX;
    const bool single = single_bytes_left_ > 0;
    if (single) --single_bytes_left_;
    ZSTD_inBuffer input{in.data(), single ? std::min<std::size_t>(in.size(), 1) : in.size(), 0};
    ZSTD_outBuffer output{to, room, 0};
    const std::size_t left = ZSTD_decompressStream(context_.get(), &output, &input);
    const bool broken = ZSTD_isError(left) != 0;
    between_frames_ = !broken && left == 0;
    complete_ = between_frames_;
    return Progress{input.pos, output.pos, broken};
  }

  Progress take_header(std::string_view in) {
    const auto piece = in.substr(0, header_left_.size());
    if (!header_left_.starts_with(piece)) return Progress{0, 0, true};
    header_left_.remove_prefix(piece.size());
    return Progress{piece.size(), 0, false};
  }

  bool complete() const override { return complete_; }

  std::shared_ptr<const Dictionary> dictionary_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  std::string_view header_left_;  // into the dictionary
  int single_bytes_left_ = 0;     // of this frame, to be handed in one by one
  bool between_frames_ = true;
  bool complete_ = false;  // between frames, behind at least one
};

}  // namespace

std::unique_ptr<Decoder> make_zstd_decoder(const DecodeLimits& limits, std::shared_ptr<const Dictionary> dictionary) {
  auto decoder = std::make_unique<ZstdDecoder>(limits, std::move(dictionary));
  return decoder->prepare() ? std::move(decoder) : nullptr;
}

}  // namespace weir
