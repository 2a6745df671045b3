// gzip by zlib, member after member (RFC 1952 §2.2); checksum and length of each are checked. See decoder.h.
#include <zlib.h>

#include <algorithm>

#include "proxy/coding/decoders.h"

namespace weir {
namespace {

constexpr std::size_t kMostInput = 1U << 30;  // zlib counts with 32 bits
constexpr int kGzipWindow = MAX_WBITS + 16;   // 16: gzip's frame only

class GzipDecoder final : public Decoder {
 public:
  explicit GzipDecoder(const DecodeLimits& limits) : Decoder(limits) {}
  ~GzipDecoder() override {
    if (ready_) (void)inflateEnd(&z_);
  }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  bool prepare() { return ready_ = inflateInit2(&z_, kGzipWindow) == Z_OK; }

 private:
  Progress decode_some(std::string_view in, char* to, std::size_t room) override {
    if (member_ended_ && !in.empty()) {  // what follows must be a member again
      member_ended_ = false;
      if (inflateReset(&z_) != Z_OK) return Progress{0, 0, true};
    }
    const std::size_t offered = std::min(in.size(), kMostInput);
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));  // zlib only reads it
    z_.avail_in = static_cast<uInt>(offered);
    z_.next_out = reinterpret_cast<Bytef*>(to);
    z_.avail_out = static_cast<uInt>(room);
    const int status = member_ended_ ? Z_BUF_ERROR : inflate(&z_, Z_NO_FLUSH);
    member_ended_ = member_ended_ || status == Z_STREAM_END;
    const bool fine = status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR;
    return Progress{offered - z_.avail_in, room - z_.avail_out, !fine};
  }

  bool complete() const override { return member_ended_; }

  z_stream z_{};
  bool ready_ = false;
  bool member_ended_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_gzip_decoder(const DecodeLimits& limits) {
  auto decoder = std::make_unique<GzipDecoder>(limits);
  return decoder->prepare() ? std::move(decoder) : nullptr;
}

}  // namespace weir
