// The reference of the config file, made from the descriptions of its options: docs/config.md for people, and
// conf/reference.yaml, which holds each option with its default and loads as the defaults.
#pragma once

#include <string>

namespace weir {

std::string config_reference_yaml();
std::string config_reference_markdown();

}  // namespace weir
