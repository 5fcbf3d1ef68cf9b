#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/output.h"

namespace planwright::cli {

/// A kind of thing the API has lists of.
struct Listing {
  std::string plural;    ///< "inputs": the command
  std::string singular;  ///< "input"
  std::string path;      ///< "/api/pending-inputs"
  Columns columns;
};

const std::vector<Listing>& listings();
/// By its plural or singular name; asserted to exist.
const Listing& listing(std::string_view name);

/// GETs one object and prints it; `next` is the command to type if it is not there.
ExitCode showObject(Session& session, const std::string& path, const std::string& next);

}  // namespace planwright::cli
