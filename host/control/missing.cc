#include "control/missing.h"

#include <fmt/format.h>

namespace planwright {

Error missing(Connection& connection, std::string_view noun, std::int64_t id) {
  const std::string table = noun == "input" ? "pending_inputs" : fmt::format("{}s", noun);
  if (connection.run("api_was_pruned", {table, id}).flag(0, 0))
    return {ErrorKind::Gone, fmt::format("The {} {} has been pruned.", noun, id), "pruned", {}};
  return notFound(fmt::format("There is no {} {}.", noun, id));
}

}  // namespace planwright
