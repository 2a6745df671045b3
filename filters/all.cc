// The table of filters; see all.h. A name is the path of the option that asks for it. Response edits stand before the
// lifetime for clients, so that they run after it and have the last word.
#include "filters/all.h"

#include <array>

#include "filters/client_ttl.h"
#include "filters/compress.h"
#include "filters/headers.h"

namespace weir {

std::span<const FilterType> all_filters() {
  static constexpr std::array kFilters{
      FilterType{"request.headers", make_request_headers},
      FilterType{"response.headers", make_response_headers},
      FilterType{"response.client_ttl", make_client_ttl},
      FilterType{"compress", make_compress},
  };
  return kFilters;
}

}  // namespace weir
