#include "interpreter.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "planwright/sha256.hpp"

#include "pip_report.h"
#include "surroundings.h"

namespace wheels {
namespace {

constexpr const char* kPython = "python";

/// Prints the program and the folders of this Python.
constexpr const char* kPrintFolders =
    "import os, sys\n"
    "print('\\n'.join([os.path.realpath(sys.executable)] + [p for p in sys.path if p[:1] == '/']))";

std::vector<std::string> rowsOf(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

bool isBelowAny(const std::string& path, const std::vector<std::string>& folders) {
  return std::any_of(folders.begin(), folders.end(), [&path](const std::string& folder) {
    const auto end = (std::filesystem::path(folder) / "").lexically_normal();  // with its slash
    return std::filesystem::path(path).lexically_normal().string().starts_with(end.string());
  });
}

}  // namespace

const std::string& Interpreter::state() {
  if (state_) return *state_;
  const std::string key = stateOfPython(name_, {});
  // Its lines: the folders, and the digest of their state.
  if (const auto kept = memory_.find(kPython, key)) {
    folders_ = rowsOf(*kept);
    std::string state = folders_.empty() ? std::string() : folders_.back();
    if (!folders_.empty()) folders_.pop_back();
    state_ = std::move(state);
    if (isUnchanged()) return *state_;
  }
  folders_ = foldersOfIt();
  state_ = folders_.empty() ? std::string() : pw::sha256(stateOfPython(name_, folders_));
  std::string text;
  for (const auto& folder : folders_) text += folder + "\n";
  if (!state_->empty()) memory_.keep(kPython, key, text + *state_ + "\n");
  return *state_;
}

bool Interpreter::isUnchanged() const {
  return state_ && *state_ == pw::sha256(stateOfPython(name_, folders_));
}

std::vector<std::string> Interpreter::foldersOfIt() const {
  const pw::ProgramResult result = run(program({"-c", kPrintFolders}));
  return result.ok() ? rowsOf(result.output) : std::vector<std::string>{};
}

pw::Program Interpreter::program(std::vector<std::string> arguments) const {
  pw::Program program;
  program.argv = std::move(arguments);
  program.argv.insert(program.argv.begin(), name_);
  for (const auto& [name, value] : pythonEnvironment()) program.env[name] = value;
  program.capture = true;
  program.network = false;
  program.readable = readable();
  return program;
}

pw::ProgramResult Interpreter::run(const pw::Program& program) const {
  pw::ProgramResult result = call_.exec(program);
  if (result.outcome == "not_started")
    pw::badSetting("the setting python is wrong: " + result.error);
  if (result.outcome != "refused") return result;
  for (const auto& link : options_.findLinks)
    if (result.error.starts_with(link + " "))
      pw::badSetting("the setting find_links names a folder that pip cannot read: " + result.error);
  pw::badSetting(result.error);
}

void Interpreter::refuseHidden(const std::string& path) const {
  namespace fs = std::filesystem;
  std::error_code none;
  const bool hasSteps = path.find("/../") != path.npos || path.ends_with("/..");
  // Inside of a sandbox these hold other files than outside.
  const bool isOfKernel = isBelowAny(path, {"/proc", "/dev", "/sys"}) ||
                          isBelowAny(fs::weakly_canonical(path, none), {"/proc", "/dev", "/sys"});
  if (!hasSteps && !isOfKernel) {
    if (isBelowAny(path, places())) return;
    // An index may link to files elsewhere, which `readable` of the stage shows. To open one says
    // more than access(2), which knows nothing of Landlock.
    pw::Program look = program({});
    look.argv = {"/bin/sh", "-c", "test -f \"$1\" && : <\"$1\"", "sh", path};
    const pw::ProgramResult seen = run(look);
    if (seen.ok()) return;
    if (seen.outcome != "failed") pw::retry("sh " + seen.how());
  }
  pw::reject("pip reports the archive " + path +
             ", which is in no folder of find_links and is not shown to pip");
}

/// The folders with archives that the settings name.
std::vector<std::string> Interpreter::places() const {
  std::vector<std::string> paths = options_.folders();
  if (const std::string path = pathOfFileUrl(options_.indexUrl); !path.empty())
    paths.push_back(path);
  return paths;
}

/// What a confined pip must see: the folders with archives, and a Python that is not the system's.
std::vector<std::string> Interpreter::readable() const {
  std::vector<std::string> paths = places();
  const std::filesystem::path python(name_);
  if (python.is_absolute() && !name_.starts_with("/usr/"))
    paths.push_back(python.parent_path().parent_path().string());  // with its lib/
  return paths;
}

const std::vector<std::pair<std::string, std::string>>& pythonEnvironment() {
  // No option but an environment variable, since pip before 23.0.1 does not know
  // --break-system-packages, and a Debian pip refuses even a dry run without it.
  static const std::vector<std::pair<std::string, std::string>> kEnvironment = {
      {"CFLAGS", "-g0"},  // debug information would name pip's random folder
      {"PIP_BREAK_SYSTEM_PACKAGES", "1"},
      {"PIP_CONFIG_FILE", "/dev/null"},
      {"PIP_DISABLE_PIP_VERSION_CHECK", "1"},
      {"PIP_NO_CACHE_DIR", "1"},
      {"PIP_NO_INPUT", "1"},
      {"PIP_ROOT_USER_ACTION", "ignore"},
      {"PYTHONDONTWRITEBYTECODE", "1"},
      {"PYTHONHASHSEED", "0"},  // sets have one order
      {"PYTHONNOUSERSITE", "1"},
      {"SOURCE_DATE_EPOCH", "1577836800"}};  // 2020-01-01: the same sources give the same bytes
  return kEnvironment;
}

}  // namespace wheels
