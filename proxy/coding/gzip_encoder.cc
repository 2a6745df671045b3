// gzip by zlib (RFC 1952). The header says no time and no name. A context takes 262 KiB (measured, any level) and is
// reset and used again: making one costs more than the compressing of 2 KiB.
#include <zlib.h>

#include <algorithm>
#include <array>

#include "proxy/coding/encoders.h"
#include "proxy/coding/free_list.h"
#include "proxy/coding/room.h"

namespace weir {
namespace {

constexpr std::size_t kPiece = 16384;         // output at a time
constexpr std::size_t kMostInput = 1U << 30;  // zlib counts with 32 bits
constexpr int kGzipWindow = MAX_WBITS + 16;   // 16: gzip's frame, not zlib's
constexpr int kMemory = 8;                    // zlib's default

struct EndDeflate {
  void operator()(z_stream* z) const noexcept {
    (void)deflateEnd(z);
    delete z;
  }
};
using Deflater = std::unique_ptr<z_stream, EndDeflate>;

FreeList<Deflater>& free_deflaters() {
  static FreeList<Deflater> list(8);
  return list;
}

Deflater take_deflater(int level) {
  if (Deflater z = free_deflaters().take()) {
    const bool ready = deflateReset(z.get()) == Z_OK && deflateParams(z.get(), level, Z_DEFAULT_STRATEGY) == Z_OK;
    if (ready) return z;
  }
  auto z = std::make_unique<z_stream>();
  if (deflateInit2(z.get(), level, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  return Deflater(z.release());
}

class GzipEncoder final : public Encoder {
 public:
  explicit GzipEncoder(Deflater z) : z_(std::move(z)) {}
  ~GzipEncoder() override { free_deflaters().give(std::move(z_)); }
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;

 private:
  Result<void> run(Step step, std::string_view in, std::string& out) override {
    while (in.size() > kMostInput) {
      if (auto done = deflate_all(Z_NO_FLUSH, in.substr(0, kMostInput), out); !done) return done;
      in.remove_prefix(kMostInput);
    }
    constexpr std::array kFlush{Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH};
    return deflate_all(kFlush[static_cast<std::size_t>(step)], in, out);
  }

  Result<void> deflate_all(int flush, std::string_view in, std::string& out) {
    z_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));  // zlib only reads it
    z_->avail_in = static_cast<uInt>(in.size());
    for (;;) {
      Room room(out, kPiece);
      z_->next_out = reinterpret_cast<Bytef*>(room.data());
      z_->avail_out = kPiece;
      const int status = deflate(z_.get(), flush);
      room.use(kPiece - z_->avail_out);
      if (status == Z_STREAM_END) return {};
      if (status != Z_OK && status != Z_BUF_ERROR) return Error{Side::internal, Code::internal, "gzip: deflate failed"};
      if (z_->avail_out > 0 && flush != Z_FINISH) return {};  // a full piece may have left something behind
    }
  }

  Deflater z_;
};

}  // namespace

std::unique_ptr<Encoder> make_gzip_encoder(int level) {
  auto z = take_deflater(std::clamp(level, 1, 9));
  return z ? std::make_unique<GzipEncoder>(std::move(z)) : nullptr;
}

}  // namespace weir
