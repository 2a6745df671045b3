// The JSON Schema of the config file (draft 7, which editors know), made from the descriptions of its options.
#pragma once

#include <string>

namespace weir {

std::string config_schema();  // one JSON text

}  // namespace weir
