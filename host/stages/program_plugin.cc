#include "stages/program_plugin.h"

#include <fstream>
#include <sstream>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/files.h"
#include "stages/plugin_store.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "exec:";
constexpr std::size_t kManifestBytes = std::size_t{1} << 20;
// As workers have it (worker_process.cc).
constexpr std::string_view kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool isInPath(const std::string& name) {
  std::istringstream folders{std::string(kPath)};
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((folder + "/" + name).c_str(), X_OK) == 0) return true;
  return false;
}

/// Of a `#!` line without the `#!`.
std::string whyNoInterpreter(const fs::path& program, const std::string& line) {
  std::istringstream words(line);
  std::string interpreter, name;
  words >> interpreter >> name;
  if (::access(interpreter.c_str(), X_OK) != 0)
    return fmt::format("The interpreter {} of {} is not here; install it or change the #! line.",
                       interpreter, program.string());
  if (fs::path(interpreter).filename() != "env") return {};
  if (name == "-S") words >> name;
  if (name.empty() || name.find('/') != name.npos || isInPath(name)) return {};
  return fmt::format(
      "The interpreter {} of {} is not in {}; install it there or write its path in the #! line.",
      name, program.string(), kPath);
}

}  // namespace

fs::path programOf(std::string_view pluginId) {
  return pluginId.starts_with(kPrefix) ? fs::path(pluginId.substr(kPrefix.size())) : fs::path();
}

std::string whyNoProgram(const fs::path& program) {
  std::error_code missing;
  if (!fs::is_regular_file(program, missing))
    return fmt::format("There is no program {}.", program.string());
  if (::access(program.c_str(), X_OK) != 0)
    return fmt::format("{} is not executable; run chmod +x on it.", program.string());
  std::ifstream file(program, std::ios::binary);
  char head[4] = {};
  file.read(head, sizeof head);
  const std::string_view start(head, sizeof head);
  if (start == "\177ELF") return {};
  if (!start.starts_with("#!"))
    return fmt::format(
        "{} has no #! line, so nobody knows what runs it; write one such as "
        "#!/usr/bin/env python3.",
        program.string());
  file.clear();
  file.seekg(2);
  std::string line;
  std::getline(file, line);
  if (line.ends_with('\r'))
    return fmt::format("The #! line of {} ends as on Windows; run sed -i 's/\\r$//' on it.",
                       program.string());
  return whyNoInterpreter(program, line);
}

bool isProgram(const fs::path& file) {
  std::ifstream opened(file, std::ios::binary);
  char head[2] = {};
  opened.read(head, sizeof head);
  if (std::string_view(head, sizeof head) == "#!") return true;
  return file.extension() != ".so" && whyNoProgram(file).empty() &&
         !manifestSection(readFile(file, kPluginFileBytes));
}

Result<ProgramPlugin> readProgram(const fs::path& program, const ManifestReader& reader) {
  ProgramPlugin plugin;
  if (auto why = whyNoProgram(program); !why.empty()) return invalid(std::move(why));
  for (const fs::path& each : {program, program.parent_path()})
    if (auto unsafe = whyUnsafe(each); !unsafe.empty())
      return Error{ErrorKind::Forbidden, std::move(unsafe), {}, {}};
  plugin.digest = Digest::of(readFile(program, kPluginFileBytes)).text();
  const fs::path beside = program.string() + ".json";
  if (fs::exists(beside)) {
    auto manifest = reader.parse(readFile(beside, kManifestBytes));
    if (!manifest) {
      Error error = manifest.error();
      error.message = fmt::format("{}: {}", beside.string(), error.message);
      return error;
    }
    plugin.manifest = std::move(*manifest);
  } else {
    plugin.manifest.version = "0.0.0";
    plugin.manifest.abi = "1.0";
    plugin.manifest.stages = {"planwright.source/1", "planwright.planner/1",
                              "planwright.builder/1"};
    plugin.manifest.settingsSchemaJson = "{}";
    plugin.manifest.json = "{}";
  }
  plugin.manifest.id = std::string(kPrefix) + program.string();
  plugin.manifest.inproc = false;
  plugin.manifest.process = true;
  return plugin;
}

std::string whyChanged(const fs::path& program, const std::string& digest) {
  try {
    if (Digest::of(readFile(program, kPluginFileBytes)).text() == digest) return {};
  } catch (const std::system_error& e) {
    return e.what();
  }
  return fmt::format(
      "The program {} is not the one that this host took ({}); planwright plugin reload QUEUE "
      "takes "
      "what is there now.",
      program.string(), digest);
}

}  // namespace planwright
