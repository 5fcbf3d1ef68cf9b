#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/stage_config.h"

namespace planwright {

/// Values by name, as plugins ask for them and the environment of a job has them.
using SecretValues = std::map<std::string, std::string>;

/// Nothing: none has this name.
inline std::optional<std::string> secretIn(const SecretValues& values, std::string_view name) {
  const auto found = values.find(std::string(name));
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

/// Reads them all. A line end behind the value in a file does not count. Invalid: the first that
/// cannot be read, or is empty. [any thread]
Result<SecretValues> readSecretValues(const std::map<std::string, SecretSource>& sources);

}  // namespace planwright
