#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "stages/manifest.h"

namespace planwright {

/// What one check found.
struct CheckOutcome {
  enum class Verdict { Passed, Failed, Skipped };
  Verdict verdict = Verdict::Passed;
  std::string message;  ///< a sentence: what is wrong, or why it was left out
  friend bool operator==(const CheckOutcome&, const CheckOutcome&) = default;

  static CheckOutcome passed() { return {}; }
  static CheckOutcome failed(std::string what) { return {Verdict::Failed, std::move(what)}; }
  static CheckOutcome skipped(std::string why) { return {Verdict::Skipped, std::move(why)}; }
};

/// Something to be worked on: an input of a planner, a job of a builder.
struct CheckSample {
  std::string name;
  std::string content;
};

/// The plugin that is checked, and with what. Made once, read by every check.
struct CheckSubject {
  std::filesystem::path file;
  bool isProgram = false;  ///< exec: (stages/program_plugin.h); else a shared object
  std::string bytes;
  std::filesystem::path scratch;     ///< an empty folder for the checks, removed afterwards
  Manifest manifest;                 ///< empty until it could be read
  std::string settings = "{}";       ///< with defaults, as a host hands them over
  std::string settingsProblem;       ///< why no instance can be made with them; empty = one can
  std::vector<CheckSample> samples;  ///< of the author: the plugin must take them
};

/// One promise of a plugin. `run` is called in a child process of its own if `runsCode`, so it may
/// crash, hang and leak.
struct Check {
  const char* group;
  const char* name;
  CheckOutcome (*run)(const CheckSubject&);
  const char* remedy;
  bool isGate = false;  ///< if it fails the later ones say nothing and are left out
  bool runsCode = true;
};

/// Every check of a shared object, in the order in which they run.
std::vector<Check> allChecks();
/// Of a program (exec:), which is run in a process of its own, as a host does.
std::vector<Check> programChecks();

// The groups, a file each.
std::vector<Check> staticChecks();
std::vector<Check> loadChecks();
std::vector<Check> lifeChecks();
std::vector<Check> workChecks();  ///< of programs, too
std::vector<Check> modeChecks();
std::vector<Check> faultChecks();
std::vector<Check> reloadChecks();

}  // namespace planwright
