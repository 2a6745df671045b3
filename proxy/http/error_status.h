// Which status a client sees for an error: the one place where that is decided.
#pragma once

#include "proxy/base/result.h"

namespace weir {

int status_of(const Error& error) noexcept;

}  // namespace weir
