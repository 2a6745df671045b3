// Whatever bytes come, in whatever pieces, a decoder gives the same, within its bounds; what it decodes comes out of
// the encoder and back again as it was; what names a dictionary names it in one way. The first byte says which coding.
#include <array>
#include <optional>
#include <string>

#include "proxy/coding/decoder.h"
#include "proxy/coding/encoder.h"
#include "tests/fuzz/fuzz.h"

using namespace weir;

namespace {

constexpr std::array kCodings{ContentCoding::gzip, ContentCoding::br, ContentCoding::zstd, ContentCoding::dcz};
constexpr DecodeLimits kLimits{1_MiB, 64_KiB, 200};

const std::shared_ptr<const Dictionary>& dictionary() {
  static const auto shared = std::move(Dictionary::make("one dictionary for all, all for one dictionary")).value();
  return shared;
}

// Nothing for what is malformed; where the bounds cut in depends on the pieces, so that is told apart.
struct Outcome {
  std::optional<std::string> body;
  bool too_large = false;
};

Outcome in_pieces(ContentCoding coding, std::string_view bytes, std::size_t piece, std::size_t most) {
  const auto decoder = Decoder::make(coding, kLimits, dictionary());
  std::string out;
  std::size_t given = 0;
  while (given < bytes.size()) {
    auto part = bytes.substr(given, piece);
    given += part.size();
    for (bool more = true; more;) {
      const std::size_t before = out.size();
      const auto result = decoder->advance(part, out, most);
      WEIR_CHECK(out.size() - before <= most);
      WEIR_CHECK(out.size() <= kLimits.max_output && out.size() <= kLimits.free_output + kLimits.max_ratio * given);
      if (!result) return {std::nullopt, result.error().code == Code::too_large};
      more = *result;
    }
    WEIR_CHECK(part.empty());
  }
  if (!decoder->finish()) return {};
  return {std::move(out)};
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  static constexpr std::array<std::string_view, 8> kWords{std::string_view("\x1f\x8b\x08\0", 4),
                                                          std::string_view("\x28\xb5\x2f\xfd", 4),
                                                          std::string_view("\x5e\x2a\x4d\x18\x20\0\0\0", 8),
                                                          std::string_view("\x50\x2a\x4d\x18\0\0\0\0", 8),
                                                          std::string_view("\0\0\0\0", 4),
                                                          "\xff\xff\xff\xff",
                                                          "\x03",
                                                          ":ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:"};
  return kWords;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = weir::test::text_of(data, size);
  if (const auto hash = parse_available_dictionary(text)) WEIR_CHECK(available_dictionary_text(*hash) == text);
  const ContentCoding coding = kCodings[data[0] % kCodings.size()];
  const auto bytes = text.substr(1);
  const auto whole = in_pieces(coding, bytes, SIZE_MAX, SIZE_MAX);
  const auto again = bytes.size() <= 4096 ? in_pieces(coding, bytes, 1, 100) : in_pieces(coding, bytes, 97, 5000);
  WEIR_CHECK(again.body == whole.body || again.too_large || whole.too_large);
  const std::string body = whole.body.value_or(std::string(bytes));
  const auto encoded = encode(coding, 1 + static_cast<int>(data[0] / 64), body, dictionary());
  const DecodeLimits wide{UINT64_MAX, UINT64_MAX, 1};
  WEIR_CHECK(encoded.ok() && *decode(coding, *encoded, wide, dictionary()) == body);
  return 0;
}
