#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace planwright {

struct NewPlugin {
  std::string id;        ///< such as "org.acme.conda"; its last part names the files
  std::string stage;     ///< planner, builder or source
  std::string language;  ///< a folder of sdk/templates
};

/// A complete small project: its files by path, from sdk/templates. Invalid: the id is none, or
/// there is no such template.
Result<std::map<std::string, std::string>> projectOf(const NewPlugin& plugin);

/// "conda": the name of the project's files and of its shared object.
std::string projectName(const std::string& id);

}  // namespace planwright
