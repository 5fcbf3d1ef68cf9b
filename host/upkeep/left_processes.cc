#include "upkeep/left_processes.h"

#include <set>
#include <system_error>

#include <sys/stat.h>

#include "base/files.h"
#include "programs/keeper_tags.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

fs::path openFiles(pid_t pid) {
  return fs::path("/proc") / std::to_string(pid) / "fd";
}

/// The pipe, as "pipe:[4711]", that this is an end of, or empty.
std::string pipeAt(const fs::path& descriptor) {
  std::error_code gone;
  const std::string target = fs::read_symlink(descriptor, gone);
  return !gone && target.starts_with("pipe:") ? target : std::string();
}

/// Pipes that somebody reads.
struct ReadPipes {
  std::set<std::string> byPrograms;  ///< of the family
  std::set<std::string> byOthers;    ///< while an attempt runs, its host reads its log
};

ReadPipes readPipes(const std::vector<TaggedProcess>& tagged) {
  std::set<pid_t> programs;
  for (const auto& process : tagged) programs.insert(process.pid);
  ReadPipes pipes;
  for (const pid_t pid : allProcesses()) {
    auto& read = programs.contains(pid) ? pipes.byPrograms : pipes.byOthers;
    std::error_code gone;
    for (auto file = fs::directory_iterator(openFiles(pid), gone);
         !gone && file != fs::directory_iterator(); file.increment(gone)) {
      const bool isRead =  // /proc shows it as the link's permission
          (file->symlink_status(gone).permissions() & fs::perms::owner_read) != fs::perms::none;
      if (std::string pipe = pipeAt(file->path()); isRead && !pipe.empty())
        read.insert(std::move(pipe));
    }
  }
  return pipes;
}

/// Runs whose output nobody takes any more.
std::set<std::uint32_t> closedRuns(const std::vector<TaggedProcess>& tagged) {
  const ReadPipes pipes = readPipes(tagged);
  std::set<std::uint32_t> unread, open;
  for (const auto& process : tagged)
    for (const char* stream : {"1", "2"}) {
      const auto pipe = pipeAt(openFiles(process.pid) / stream);
      if (pipe.empty()) continue;
      if (pipes.byOthers.contains(pipe))
        open.insert(process.tag.run());
      else if (!pipes.byPrograms.contains(pipe))
        unread.insert(process.tag.run());
    }
  for (const auto run : open) unread.erase(run);
  return unread;
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
  const auto tagged = taggedAmong(allProcesses(), familyOf(lock));
  if (tagged.empty()) return {};
  const auto closed = closedRuns(tagged);
  std::vector<Process> found;
  for (const auto& process : tagged)
    if (std::string name = nameOf(process.pid); !name.empty())
      found.push_back({process.pid, closed.contains(process.tag.run()), process.tag.isStage(),
                       std::move(name)});
  return found;
}

}  // namespace planwright
