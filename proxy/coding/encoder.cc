// Which library encodes what, and whole bodies at once; see encoder.h.
#include "proxy/coding/encoder.h"

#include "proxy/coding/encoders.h"

namespace weir {
namespace {

std::unique_ptr<Encoder> make_encoder(ContentCoding coding, int level, SourceSize size,
                                      std::shared_ptr<const Dictionary> dictionary) {
  switch (coding) {
    case ContentCoding::gzip: return make_gzip_encoder(level);
    case ContentCoding::br: return make_brotli_encoder(level, size);
    case ContentCoding::zstd: return make_zstd_encoder(level, size);
    case ContentCoding::dcz: return dictionary ? make_dcz_encoder(level, size, std::move(dictionary)) : nullptr;
    case ContentCoding::identity: break;
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<Encoder> Encoder::make(ContentCoding coding, int level, std::optional<std::uint64_t> size_hint,
                                       std::shared_ptr<const Dictionary> dictionary) {
  return make_encoder(coding, level, SourceSize{size_hint, false}, std::move(dictionary));
}

Result<std::string> encode(ContentCoding coding, int level, std::span<const std::string_view> parts,
                           std::shared_ptr<const Dictionary> dictionary) {
  std::uint64_t total = 0;
  for (const auto part : parts) total += part.size();
  const auto encoder = make_encoder(coding, level, SourceSize{total, true}, std::move(dictionary));
  if (!encoder) return Error{Side::internal, Code::unsupported, "no encoder for " + std::string(word_of(coding))};
  std::string out;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (auto added = encoder->add(parts[i], out); !added) return added.error();
  }
  const auto last = parts.empty() ? std::string_view{} : parts.back();
  if (auto finished = encoder->run(Encoder::Step::finish, last, out); !finished) return finished.error();
  return out;
}

Result<std::string> encode(ContentCoding coding, int level, std::string_view body,
                           std::shared_ptr<const Dictionary> dictionary) {
  return encode(coding, level, std::span(&body, 1), std::move(dictionary));
}

}  // namespace weir
