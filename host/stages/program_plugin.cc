#include "stages/program_plugin.h"

#include <algorithm>
#include <sstream>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/files.h"

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

/// What a system would refuse to start, and the remedy. Empty = it can be started.
std::string whyNoProgram(const fs::path& program, int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
    return fmt::format("There is no program {}.", program.string());
  if (::access(("/proc/self/fd/" + std::to_string(fd)).c_str(), X_OK) != 0)
    return fmt::format("{} is not executable; run chmod +x on it.", program.string());
  char head[1024];
  const ssize_t size = ::pread(fd, head, sizeof head, 0);
  const std::string_view start(head, static_cast<std::size_t>(std::max<ssize_t>(0, size)));
  if (start.starts_with("\177ELF")) return {};
  if (!start.starts_with("#!"))
    return fmt::format(
        "{} has no #! line, so nobody knows what runs it; write one such as "
        "#!/usr/bin/env python3.",
        program.string());
  const std::string line(start.substr(2, start.find('\n') - 2));
  if (line.ends_with('\r'))
    return fmt::format("The #! line of {} ends as on Windows; run sed -i 's/\\r$//' on it.",
                       program.string());
  return whyNoInterpreter(program, line);
}

Result<TrustedFile> openProgram(const fs::path& program) {
  auto opened = openTrusted(program);
  if (!opened && opened.error().kind == ErrorKind::NotFound)
    return invalid(fmt::format("There is no program {}.", program.string()));
  return opened;
}

Result<bool> hasDigest(const TrustedFile& file, const std::string& digest) {
  try {
    return Digest::of(readAll(file.fd.get(), kPluginFileBytes)).text() == digest;
  } catch (const std::system_error& e) {
    return invalid(fmt::format("{}: {}", file.path.string(), e.what()));
  }
}

}  // namespace

fs::path programOf(std::string_view pluginId) {
  return pluginId.starts_with(kPrefix) ? fs::path(pluginId.substr(kPrefix.size())) : fs::path();
}

bool isProgram(const fs::path& file) {
  const UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char head[2] = {};
  if (!opened || ::pread(opened.get(), head, sizeof head, 0) < 0) return false;
  if (std::string_view(head, sizeof head) == "#!") return true;
  return file.extension() != ".so" && whyNoProgram(file, opened.get()).empty() &&
         !manifestSection(readAll(opened.get(), kPluginFileBytes));
}

Result<ProgramPlugin> readProgram(const fs::path& program, const ManifestReader& reader) {
  ProgramPlugin plugin;
  const auto opened = openProgram(program);
  if (!opened) return opened.error();
  if (auto why = whyNoProgram(program, opened->fd.get()); !why.empty())
    return invalid(std::move(why));
  plugin.digest = Digest::of(readAll(opened->fd.get(), kPluginFileBytes)).text();
  const fs::path beside = program.string() + ".json";
  const auto told = openTrusted(beside);
  if (!told && told.error().kind != ErrorKind::NotFound) return told.error();
  if (told) {
    auto manifest = reader.parse(readAll(told->fd.get(), kManifestBytes));
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

Result<TrustedFile> unchangedProgram(const fs::path& program, const std::string& digest) {
  auto opened = openProgram(program);
  if (!opened) return opened;
  const auto is = hasDigest(*opened, digest);
  if (!is) return is.error();
  if (*is) return opened;
  return invalid(fmt::format(
      "The program {} is not the one that this host took ({}); planwright plugin reload QUEUE "
      "takes what is there now.",
      program.string(), digest));
}

Result<TrustedFile> unchangedCopy(const fs::path& copy, const std::string& digest) {
  auto opened = openTrusted(copy, copy.parent_path().parent_path());
  if (!opened) return opened;
  const auto is = hasDigest(*opened, digest);
  if (!is) return is.error();
  if (*is) return opened;
  return invalid(
      fmt::format("{} is not the plugin {} any more; restart the host, which makes this "
                  "copy anew.",
                  copy.string(), digest));
}

}  // namespace planwright
