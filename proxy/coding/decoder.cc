// The bounds that hold for every decoder, and which library decodes what; see decoder.h.
#include "proxy/coding/decoder.h"

#include <algorithm>

#include "proxy/coding/decoders.h"
#include "proxy/coding/room.h"

namespace weir {
namespace {

constexpr std::size_t kPiece = 32768;  // output at a time

}  // namespace

std::unique_ptr<Decoder> Decoder::make(ContentCoding coding, const DecodeLimits& limits,
                                       std::shared_ptr<const Dictionary> dictionary) {
  switch (coding) {
    case ContentCoding::gzip: return make_gzip_decoder(limits);
    case ContentCoding::br: return make_brotli_decoder(limits);
    case ContentCoding::zstd: return make_zstd_decoder(limits, nullptr);
    case ContentCoding::dcz: return dictionary ? make_zstd_decoder(limits, std::move(dictionary)) : nullptr;
    case ContentCoding::identity: break;
  }
  return nullptr;
}

std::uint64_t Decoder::allowed() const noexcept {
  const bool huge = limits_.max_ratio != 0 && taken_ > (UINT64_MAX - limits_.free_output) / limits_.max_ratio;
  const std::uint64_t by_ratio = huge ? UINT64_MAX : limits_.free_output + limits_.max_ratio * taken_;
  return std::min(limits_.max_output, by_ratio);
}

Error Decoder::fail(Code code, std::string_view why) {
  failed_ = true;
  return Error{Side::origin, code, "the encoded body " + std::string(why)};
}

Result<bool> Decoder::advance(std::string_view& in, std::string& out, std::size_t most) {
  if (failed_) return fail(Code::malformed, "had failed before");
  while (most > 0 && (pending_ || !in.empty())) {
    Room room(out, std::min(most, kPiece));
    const Progress progress = decode_some(in, room.data(), room.size());
    in.remove_prefix(progress.taken);
    taken_ += progress.taken;
    const std::uint64_t over_by = written_ + progress.written > allowed() ? written_ + progress.written - allowed() : 0;
    room.use(progress.written - static_cast<std::size_t>(std::min<std::uint64_t>(over_by, progress.written)));
    if (progress.broken) return fail(Code::malformed, "is malformed");
    if (over_by > 0) return fail(Code::too_large, "grows past its bound");
    written_ += progress.written;
    most -= progress.written;
    pending_ = progress.written == room.size();
    const bool stuck = progress.taken == 0 && progress.written == 0;
    if (stuck && !in.empty()) return fail(Code::malformed, "goes on behind its end");
    if (stuck) break;
  }
  return pending_ || !in.empty();
}

Result<void> Decoder::add(std::string_view in, std::string& out) {
  for (;;) {
    auto more = advance(in, out, SIZE_MAX);
    if (!more) return std::move(more).error();
    if (!*more) return {};
  }
}

Result<void> Decoder::finish() {
  if (failed_) return fail(Code::malformed, "had failed before");
  if (pending_ || !complete()) return fail(Code::malformed, "ends too early");
  return {};
}

Result<std::string> decode(ContentCoding coding, std::string_view body, const DecodeLimits& limits,
                           std::shared_ptr<const Dictionary> dictionary) {
  const auto decoder = Decoder::make(coding, limits, std::move(dictionary));
  if (!decoder) return Error{Side::internal, Code::unsupported, "no decoder for " + std::string(word_of(coding))};
  std::string out;
  if (auto added = decoder->add(body, out); !added) return added.error();
  if (auto finished = decoder->finish(); !finished) return finished.error();
  return out;
}

}  // namespace weir
