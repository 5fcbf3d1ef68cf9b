#include "upkeep/left_processes.h"

#include <charconv>
#include <map>
#include <system_error>

#include <sys/stat.h>

#include "base/files.h"
#include "base/keeper_tags.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

/// The attempt whose log is the output of the process, or 0.
std::int64_t attemptOf(pid_t pid, const fs::path& logs) {
  for (const char* stream : {"1", "2"}) {
    std::error_code gone;
    const fs::path target =
        fs::read_symlink(fs::path("/proc") / std::to_string(pid) / "fd" / stream, gone);
    if (gone || target.parent_path() != logs) continue;
    const std::string name = target.filename();
    std::int64_t attempt = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), attempt);
    if (error == std::errc() && end == name.data() + name.size()) return attempt;
  }
  return 0;
}

std::string nameOf(pid_t pid) {
  try {
    std::string name = readFile(fs::path("/proc") / std::to_string(pid) / "comm", 64);
    while (!name.empty() && name.back() == '\n') name.pop_back();
    return name;
  } catch (const std::system_error&) {
    return {};
  }
}

}  // namespace

std::vector<LeftProcesses::Process> LeftProcesses::find(const Place& place) {
  struct stat lock {};
  if (place.dataId.empty() || ::stat(place.lockFile.c_str(), &lock) != 0) return {};
  std::error_code ignored;
  const fs::path logs = fs::weakly_canonical(place.logs, ignored);
  const auto tagged = taggedAmong(allProcesses(), familyOf(lock));
  std::map<std::uint32_t, std::int64_t> attempts;  // by run
  for (const auto& process : tagged)
    if (const auto attempt = attemptOf(process.pid, logs); attempt != 0)
      attempts[process.tag.run()] = attempt;
  std::vector<Process> found;
  for (const auto& process : tagged)
    if (std::string name = nameOf(process.pid); !name.empty())
      found.push_back({process.pid, attempts[process.tag.run()], std::move(name)});
  return found;
}

}  // namespace planwright
