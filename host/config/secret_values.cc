#include "config/secret_values.h"

#include <cstdlib>
#include <exception>
#include <system_error>

#include "base/files.h"

namespace planwright {
namespace {

constexpr std::size_t kLargestSecret = std::size_t{64} << 10;

Result<std::string> valueOf(const SecretSource& source) {
  if (source.file.empty()) {
    const char* value = std::getenv(source.variable.c_str());  // nobody sets variables at run time
    if (value == nullptr)
      return Error{ErrorKind::Invalid, "$" + source.variable + " is not set", {}, {}};
    return std::string(value);
  }
  try {
    std::string value = readFile(source.file, kLargestSecret);
    while (value.ends_with('\n') || value.ends_with('\r')) value.pop_back();
    return value;
  } catch (const std::system_error& e) {
    return Error{ErrorKind::Invalid, e.what(), {}, {}};
  }
}

}  // namespace

Result<SecretValues> readSecretValues(const std::map<std::string, SecretSource>& sources) {
  SecretValues values;
  for (const auto& [name, source] : sources) {
    auto value = valueOf(source);
    if (value && value->empty()) value = Error{ErrorKind::Invalid, "it is empty", {}, {}};
    if (value && value->find('\0') != std::string::npos)
      value = Error{ErrorKind::Invalid, "it holds a NUL byte, which no variable can", {}, {}};
    if (!value)
      return Error{ErrorKind::Invalid,
                   "The secret " + name + " cannot be used: " + value.error().message,
                   {},
                   {}};
    values.emplace(name, std::move(*value));
  }
  return values;
}

}  // namespace planwright
