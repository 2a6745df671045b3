// The filters there are, in request order; responses run them backwards.
#pragma once

#include <span>

#include "proxy/route/filter.h"

namespace weir {

std::span<const FilterType> all_filters();

}  // namespace weir
