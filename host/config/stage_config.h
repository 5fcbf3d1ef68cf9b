#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/program.h"
#include "config/place.h"

namespace planwright {

/// The source of a queue that only takes uploads: the host itself, no plugin.
constexpr std::string_view kManualSource = "planwright.manual";

/// Limits of the programs of a builder's jobs (empty = none), or of the programs that a source or
/// planner starts and of its own process, whose cpu is that of each call (empty = the default of
/// ProgramsConfig). Outputs are of jobs.
struct LimitsConfig {
  std::optional<std::int64_t> memoryBytes;
  std::optional<std::chrono::milliseconds> cpu;
  std::optional<int> files;
  std::optional<std::int64_t> outputBytes;
  std::optional<int> processes;
  std::optional<std::int64_t> fileSizeBytes;
  std::optional<std::int64_t> diskBytes;
  friend bool operator==(const LimitsConfig&, const LimitsConfig&) = default;
};

/// Sandbox of the process that runs a stage, if it has one.
struct WorkerSandboxConfig {
  std::string profile = "auto";  ///< auto | none | strict
  bool network = false;
  friend bool operator==(const WorkerSandboxConfig&, const WorkerSandboxConfig&) = default;
};

/// What the programs of a source or planner may use; those of a builder have it in the settings of
/// its plugin. Their limits are those of the stage, else the ones here.
struct ProgramsConfig {
  static constexpr std::int64_t kMemoryBytes = std::int64_t{2} << 30;
  static constexpr int kProcesses = 512;
  static constexpr int kFiles = 4096;
  static constexpr std::int64_t kFileSizeBytes = std::int64_t{4} << 30;
  static constexpr std::int64_t kDiskBytes = std::int64_t{4} << 30;

  std::string sandbox = "auto";  ///< auto | require | none
  Network network = Network::None;
  std::vector<std::string> readable;  ///< absolute paths, besides the system
  friend bool operator==(const ProgramsConfig&, const ProgramsConfig&) = default;
};

/// Where the value of a secret is: in a file, or in a variable of the host's environment.
struct SecretSource {
  std::filesystem::path file;  ///< absolute, or empty
  std::string variable;        ///< or empty
  friend bool operator==(const SecretSource&, const SecretSource&) = default;
};

/// What every stage of a queue has: the plugin and its settings.
struct StageConfig {
  std::string plugin;               ///< id, or "exec:/absolute/program"
  std::string settingsJson = "{}";  ///< object; not yet checked against the plugin's schema
  std::string pointer;              ///< of this stage in the file, "/queues/wheels/planner/0"
  std::string isolation = "auto";   ///< auto | process | inproc
  LimitsConfig limits;
  WorkerSandboxConfig workerSandbox;
  ProgramsConfig programs;  ///< of a source or planner
  /// Granted by name. A builder's jobs find them in their environment, under these names.
  std::map<std::string, SecretSource> secrets;
  /// Settings written as `!secret NAME`: JSON pointer into the settings and the name. Not in
  /// settingsJson.
  std::vector<std::pair<std::string, std::string>> secretSettings;
  /// What the plugin itself may ask for: the granted ones, and settings written as `!secret NAME`
  /// by the name of the setting.
  std::map<std::string, SecretSource> pluginSecrets;

  /// JSON pointer in the file of a place in the settings, for Config::placeOf.
  std::string settingsPointer(std::string_view pointerInSettings) const {
    return pointer + "/settings" + std::string(pointerInSettings);
  }
  friend bool operator==(const StageConfig&, const StageConfig&) = default;
};

/// Newer content of a name that is not planned yet: keep every version, or only the latest.
enum class OnOverwrite { Every, Latest };

/// What editors, office programs, downloads, synchronizations, desktops and crashes leave beside
/// people's files. Names with a dot in front (.x.swp, .#x, .~lock.x#, .DS_Store) are never taken.
inline const std::vector<std::string> kLeftovers = {
    // clang-format off
    "*~", "#*#", "*.bak", "*.sw[k-px]", "*.crswap", "4913",
    "~$*", "*.tmp", "*.TMP",
    "*.part", "*.partial", "*.filepart", "*.crdownload", "*.opdownload", "*.download", "*.downloading",
    "*.aria2", "*.!qB", "*.!ut", "*.bc!", "*.!sync",
    "[Tt]humbs.db", "ehthumbs.db", "[Dd]esktop.ini",
    "core", "core.[0-9]", "core.[0-9]*[0-9]", "vgcore.[0-9]*", "hs_err_pid*.log", "*.stackdump",
    // clang-format on
};

struct SourceConfig : StageConfig {
  std::string pattern = "*";
  std::vector<std::string> ignore = kLeftovers;  ///< patterns of names that it skips
  std::chrono::milliseconds stableFor{1'000};
  OnOverwrite onOverwrite = OnOverwrite::Every;
  std::int64_t maxBytes = std::int64_t{1} << 30;
  int weight = 1;                         ///< of its turns, beside the other sources of the queue
  std::chrono::milliseconds deadline{0};  ///< for one poll; 0 = none
  std::chrono::milliseconds silenceTimeout{
      300'000};  ///< of a poll without a sign of life; 0 = none
  friend bool operator==(const SourceConfig&, const SourceConfig&) = default;
};

struct PlannerConfig : StageConfig {
  std::string match = "*";                      ///< glob over the input's name
  std::chrono::milliseconds deadline{600'000};  ///< for one call
  std::chrono::milliseconds silenceTimeout{
      300'000};  ///< of a call without a sign of life; 0 = none
  friend bool operator==(const PlannerConfig&, const PlannerConfig&) = default;
};

struct BuilderConfig : StageConfig {
  int workers = 2;                          ///< builds open at once
  int jobSlots = 0;                         ///< jobs running at once; 0 = number of cores
  int cpus = 0;                             ///< for jobs in all; 0 = the machine's
  std::optional<std::int64_t> memoryBytes;  ///< likewise; empty = the machine's
  /// How long the failure of a cacheable job counts for other plans; 0 = not at all.
  std::chrono::milliseconds cacheFailures{60'000};
  std::chrono::milliseconds deadline{7'200'000};    ///< for one job that names no timeout
  std::chrono::milliseconds silenceTimeout{0};      ///< of a job without a sign of life; 0 = none
  std::int64_t logBytes = std::int64_t{256} << 20;  ///< of one attempt; 0 = any length
  bool keepsLogRest = false;  ///< what a longer log leaves out becomes an output of the job
  friend bool operator==(const BuilderConfig&, const BuilderConfig&) = default;
};

}  // namespace planwright
