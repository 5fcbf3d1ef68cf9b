#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config_node.h"

namespace planwright {

/// Parses exactly one YAML document into a tree. Mistakes (syntax, duplicate keys, more documents,
/// strange tags, merge keys, endless aliases, quotes never closed) are added to `problems`; what
/// could be read is returned. `file` is the name used in places.
ConfigNode loadYaml(std::string_view text, const std::string& file,
                    std::vector<ConfigProblem>& problems);

}  // namespace planwright
