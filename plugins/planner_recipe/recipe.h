#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <yaml-cpp/yaml.h>

namespace recipe {

/// A text and where it stands in the file.
struct Placed {
  std::string text;
  YAML::Mark mark;
};

struct Input {
  Placed path;
  std::string source;  ///< sha256:<hex> or <job>/<output>; empty: `text` are the bytes
  std::string text;
  std::string fromJob;  ///< the job of the source, or empty
};

struct Job {
  Placed id;
  std::vector<Placed> needs;  ///< as written; jobs named by inputs are added by checkGraph
  std::vector<std::string> argv;
  std::string script;  ///< instead of argv, for sh -eu -c
  std::vector<Input> inputs;
  std::vector<std::string> outputs;
  std::vector<std::pair<std::string, std::string>> env;
  std::optional<std::chrono::milliseconds> timeout;
  std::optional<std::int64_t> cpus;
  std::optional<std::int64_t> memoryBytes;
  std::optional<std::int64_t> processes;
  bool cacheable = false;
};

/// Reads a recipe (NAME.plan.yaml). `variables`: ${name} in a value becomes the value; names that
/// are not there stay, since shell scripts have their own. Rejects with line and column.
std::vector<Job> readRecipe(const std::string& yaml,
                            const std::map<std::string, std::string>& variables);

/// Adds the needs that inputs imply; rejects unknown jobs and cycles, at their place.
void checkGraph(std::vector<Job>& jobs);

}  // namespace recipe
