// The one scan that every byte of a head goes through; see grammar.h.
#include "proxy/http/grammar.h"

#include <bit>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace weir {

std::size_t find_control(std::string_view text, std::size_t from) noexcept {
  std::size_t i = from;
#ifdef __SSE2__
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  const __m128i last_control = _mm_set1_epi8(0x1f);
  for (; i + 16 <= text.size(); i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);  // unsigned bytes ≤ 0x1f
    const __m128i bad = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), low), _mm_cmpeq_epi8(bytes, del));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(bad));
    if (mask != 0) return i + static_cast<std::size_t>(std::countr_zero(mask));
  }
#endif
  while (i < text.size() && kValueChars.has(text[i])) ++i;
  return i;
}

bool is_field_value(std::string_view text) noexcept {
  return find_control(text) == text.size();
}

}  // namespace weir
