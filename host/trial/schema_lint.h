#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace planwright {

struct SchemaRemark {
  std::string pointer;  ///< into the schema
  std::string message;
};

/// Everything in a settings schema that will not do what its author meant, beyond what a host
/// refuses at once: defaults that do not fit, secrets that are no text, limits that nothing keeps,
/// settings that accept anything. A schema that a host refuses gives that one remark.
std::vector<SchemaRemark> lintSchema(std::string_view schemaJson);

}  // namespace planwright
