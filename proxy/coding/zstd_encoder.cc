// zstd (RFC 8878), and dcz: the same behind 40 bytes that name the dictionary (RFC 9842 §5). No window is above 8 MiB,
// which is what every decoder takes (RFC 9659). Contexts are used again, except those that have grown: level 19 takes
// 1 MiB for 32 KiB, 19 MiB for 1 MiB (measured); levels 1 and 3 take 0.3 to 3.7 MiB.
#define ZSTD_STATIC_LINKING_ONLY  // ZSTD_getCParams, ZSTD_c_srcSizeHint
#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <climits>

#include "proxy/base/units.h"
#include "proxy/coding/encoders.h"
#include "proxy/coding/free_list.h"
#include "proxy/coding/room.h"

namespace weir {
namespace {

constexpr std::size_t kPiece = 16384;     // output at a time
constexpr std::size_t kAtOnce = 256_KiB;  // up to this a whole body is written in one go, past zstd's own buffers
constexpr unsigned kMostWindowLog = 23;   // RFC 9659
constexpr std::uint64_t kStreamSize = 64_KiB;
constexpr std::size_t kMostKept = 4_MiB;  // of memory, a context in the free list

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};
using Context = std::unique_ptr<ZSTD_CCtx, FreeContext>;

FreeList<Context>& free_contexts() {
  static FreeList<Context> list(8);
  return list;
}

Context take_context() {
  if (Context context = free_contexts().take()) return context;
  return Context(ZSTD_createCCtx());
}

// zstd's own choice; with a dictionary the window must hold the body and the dictionary, or the latter falls out of it.
unsigned window_log(int level, std::uint64_t bytes, std::size_t dictionary_size) noexcept {
  const unsigned own = ZSTD_getCParams(level, std::max<std::uint64_t>(bytes, 1), dictionary_size).windowLog;
  const auto both = static_cast<unsigned>(std::bit_width(std::min<std::uint64_t>(bytes, 1_GiB) + dictionary_size));
  return dictionary_size == 0 ? own : std::max(own, both);
}

class ZstdEncoder final : public Encoder {
 public:
  ZstdEncoder(Context context, std::shared_ptr<const Dictionary> dictionary)
      : context_(std::move(context)), dictionary_(std::move(dictionary)), header_due_(dictionary_ != nullptr) {}
  ~ZstdEncoder() override {
    ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_and_parameters);
    if (ZSTD_sizeof_CCtx(context_.get()) <= kMostKept) free_contexts().give(std::move(context_));
  }
  ZstdEncoder(const ZstdEncoder&) = delete;
  ZstdEncoder& operator=(const ZstdEncoder&) = delete;

  bool set(ZSTD_cParameter parameter, int value) {
    return ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), parameter, value)) == 0;
  }

  bool prepare(int level, SourceSize size) {
    const std::size_t dictionary_size = dictionary_ ? dictionary_->bytes().size() : 0;
    // A hint that is far too small would cost most of the ratio, so small ones count as 64 KiB.
    const std::uint64_t bytes = size.exact ? *size.bytes : std::max(size.bytes.value_or(0), kStreamSize);
    const auto window = static_cast<int>(std::min(window_log(level, bytes, dictionary_size), kMostWindowLog));
    if (!set(ZSTD_c_compressionLevel, level) || !set(ZSTD_c_windowLog, window)) return false;
    if (size.exact) {
      if (ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(context_.get(), bytes)) != 0) return false;
    } else if (!set(ZSTD_c_srcSizeHint, static_cast<int>(std::min<std::uint64_t>(bytes, INT_MAX)))) {
      return false;
    }
    if (!dictionary_) return true;
    const auto* tables = dictionary_->tables(level);
    return tables != nullptr && ZSTD_isError(ZSTD_CCtx_refCDict(context_.get(), tables)) == 0;
  }

 private:
  Result<void> run(Step step, std::string_view in, std::string& out) override {
    constexpr std::array kDirectives{ZSTD_e_continue, ZSTD_e_flush, ZSTD_e_end};
    const auto directive = kDirectives[static_cast<std::size_t>(step)];
    if (header_due_) out.append(dictionary_->dcz_header());
    header_due_ = false;
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    const bool at_once = step == Step::finish && in.size() <= kAtOnce;
    for (;;) {
      Room room(out, at_once ? ZSTD_compressBound(in.size()) : kPiece);
      ZSTD_outBuffer output{room.data(), room.size(), 0};
      const std::size_t left = ZSTD_compressStream2(context_.get(), &output, &input, directive);
      if (ZSTD_isError(left) != 0) {
        return Error{Side::internal, Code::internal, std::string("zstd: ") + ZSTD_getErrorName(left)};
      }
      room.use(output.pos);
      if (step == Step::add ? input.pos == input.size : left == 0) return {};
    }
  }

  Context context_;
  std::shared_ptr<const Dictionary> dictionary_;
  bool header_due_;
};

std::unique_ptr<Encoder> make(int level, SourceSize size, std::shared_ptr<const Dictionary> dictionary) {
  constexpr int kMostLevel = 19;  // those above need `ultra` and hundreds of MiB
  Context context = take_context();
  if (!context) return nullptr;
  auto encoder = std::make_unique<ZstdEncoder>(std::move(context), std::move(dictionary));
  if (!encoder->prepare(std::clamp(level, 1, kMostLevel), size)) return nullptr;
  return encoder;
}

}  // namespace

std::unique_ptr<Encoder> make_zstd_encoder(int level, SourceSize size) {
  return make(level, size, nullptr);
}

std::unique_ptr<Encoder> make_dcz_encoder(int level, SourceSize size, std::shared_ptr<const Dictionary> dictionary) {
  return make(level, size, std::move(dictionary));
}

}  // namespace weir
