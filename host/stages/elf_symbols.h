#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace planwright {

/// What the loader of a 64-bit ELF shared object will see.
struct ElfFacts {
  std::vector<std::string> exported;  ///< symbols that others can bind to
  std::vector<std::string> unique;    ///< of these, those that pin it in memory (STB_GNU_UNIQUE)
  bool hasTextRelocations = false;
  bool isNoDelete = false;
};

/// Reads `file` with every offset checked; runs no code of it. Invalid says what is wrong.
Result<ElfFacts> elfFacts(std::string_view file);

}  // namespace planwright
