#include "programs/keeper_groups.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs/keeper_tags.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLeaf = "planwright-host";  // where makeRoom() puts us

bool writeFile(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// The groups of this process. cgroups(7): lines "number:controllers:path".
struct OwnGroups {
  std::string processes, memory;  ///< version 1
  std::string unified;
};

OwnGroups readOwnGroups(const fs::path& path, const fs::path& mount) {
  OwnGroups own;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string group = line.substr(second + 1);
    if (controllers.find(",pids,") != std::string::npos)
      own.processes = mount / "pids" / group.substr(1);
    if (controllers.find(",memory,") != std::string::npos)
      own.memory = mount / "memory" / group.substr(1);
    if (controllers != ",,") continue;
    fs::path unified = mount / group.substr(1);
    if (unified.filename() == kLeaf) unified = unified.parent_path();
    own.unified = unified;
  }
  return own;
}

/// Version 2 hands controllers down only from a group that holds no process itself. A systemd unit
/// is all ours, so its processes move one down.
void makeRoom(const fs::path& unified) {
  if (unified.extension() != ".service") return;
  const fs::path leaf = unified / kLeaf;
  ::mkdir(leaf.c_str(), 0755);
  constexpr int kMostLooks = 10;  // new ones may be forked meanwhile
  for (int i = 0; i < kMostLooks; ++i) {
    std::ifstream file(unified / "cgroup.procs");
    std::string pid;
    bool isEmpty = true;
    for (; file >> pid; isEmpty = false) writeFile(leaf / "cgroup.procs", pid);
    if (isEmpty) return;
  }
}

/// True if all of them are on.
bool handDown(const std::string& unified) {
  bool isDone = true;
  for (const char* controller : {"+pids", "+memory"})
    isDone = writeFile(unified + "/cgroup.subtree_control", controller) && isDone;
  return isDone;
}

/// The value behind `name` in lines of "name value"; 0 if it is not there.
std::uint64_t eventCount(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  std::string word;
  std::uint64_t value = 0;
  while (file >> word >> value)
    if (word == name) return value;
  return 0;
}

}  // namespace

ControlGroups::ControlGroups(std::uint32_t family, fs::path mount, const fs::path& ownGroups)
    : mount_(std::move(mount)) {
  char name[32];
  std::snprintf(name, sizeof name, "planwright-%08x-", family);
  const OwnGroups own = readOwnGroups(ownGroups, mount_);
  Hierarchy processes{{}, "pids.max", "pids.events", "max"};
  Hierarchy memory{
      {}, "memory.limit_in_bytes", "memory.oom_control", "oom_kill", "memory.max_usage_in_bytes"};
  if (prepare(processes, own.processes, name)) processes_ = processes;
  if (prepare(memory, own.memory, name)) memory_ = memory;
  version_ = processes_.base.empty() && memory_.base.empty() ? 0 : 1;
  if (version_ != 0 || own.unified.empty()) return;
  memory = {{}, "memory.max", "memory.events", "oom_kill", "memory.peak"};
  if (!handDown(own.unified)) {
    makeRoom(own.unified);
    handDown(own.unified);
  }
  if (prepare(processes, own.unified, name)) processes_ = processes;
  if (prepare(memory, own.unified, name)) memory_ = memory;
  version_ = processes_.base.empty() && memory_.base.empty() ? 0 : 2;
}

/// Removes old groups and tries whether a new one can be made.
bool ControlGroups::prepare(Hierarchy& hierarchy, const std::string& own, const char* name) const {
  std::error_code error;
  if (own.empty() || !fs::is_directory(own, error)) return false;
  for (const auto& entry : fs::directory_iterator(own, error))
    if (entry.path().filename().string().starts_with(name)) ::rmdir(entry.path().c_str());
  hierarchy.base = own + (own.back() == '/' ? "" : "/") + name;
  constexpr std::uint64_t kHarmless = std::uint64_t{1} << 22;  // the most that pids.max takes
  const UniqueFd procs = makeIn(hierarchy, 0, kHarmless);
  ::rmdir(folderOf(hierarchy, 0).c_str());
  return static_cast<bool>(procs);
}

std::string ControlGroups::folderOf(const Hierarchy& hierarchy, std::uint32_t run) {
  return hierarchy.base + std::to_string(run);
}

UniqueFd ControlGroups::makeIn(const Hierarchy& hierarchy, std::uint32_t run,
                               std::uint64_t most) const {
  if (hierarchy.base.empty()) return {};
  const std::string folder = folderOf(hierarchy, run);
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return {};
  UniqueFd procs(::open((folder + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  if (procs && most == 0) return procs;
  if (procs && writeFile(folder + "/" + hierarchy.limitFile, std::to_string(most))) {
    writeFile(folder + "/memory.swap.max", "0");  // version 2: no way around the limit
    return procs;
  }
  ::rmdir(folder.c_str());
  return {};
}

ControlGroups::Joined ControlGroups::make(std::uint32_t run, const ProgramLimits& limits,
                                          bool isMeasured) {
  Joined joined;
  if (limits.processes > 0) joined.processes = makeIn(processes_, run, limits.processes);
  if (limits.memoryBytes > 0 || isMeasured)
    joined.memory = makeIn(memory_, run, limits.memoryBytes);
  return joined;
}

ProgramLimit ControlGroups::brokenLimit(std::uint32_t run) const {
  const auto hasMet = [run](const Hierarchy& hierarchy) {
    return !hierarchy.base.empty() &&
           eventCount(folderOf(hierarchy, run) + "/" + hierarchy.eventFile, hierarchy.eventName) >
               0;
  };
  if (hasMet(memory_)) return ProgramLimit::Memory;
  return hasMet(processes_) ? ProgramLimit::Processes : ProgramLimit::None;
}

std::int64_t ControlGroups::peakMemoryBytes(std::uint32_t run) const {
  if (memory_.base.empty()) return 0;
  std::ifstream file(folderOf(memory_, run) + "/" + memory_.peakFile);
  std::int64_t bytes = 0;
  return file >> bytes ? bytes : 0;
}

std::vector<pid_t> ControlGroups::membersOf(std::uint32_t run) const {
  std::vector<pid_t> pids;
  for (const Hierarchy* hierarchy : {&processes_, &memory_}) {
    if (hierarchy->base.empty()) continue;
    std::ifstream file(folderOf(*hierarchy, run) + "/cgroup.procs");
    for (pid_t pid = 0; file >> pid;) pids.push_back(pid);
  }
  return pids;
}

bool ControlGroups::end(std::uint32_t run) const {
  if (membersOf(run).empty()) return true;
  for (const Hierarchy* hierarchy : {&processes_, &memory_})
    if (!hierarchy->base.empty()) writeFile(folderOf(*hierarchy, run) + "/cgroup.kill", "1");
  if (!processes_.base.empty()) writeFile(folderOf(processes_, run) + "/pids.max", "0");
  killAll([this, run] { return membersOf(run); });
  return false;
}

void ControlGroups::remove(std::uint32_t run) const {
  for (const Hierarchy* hierarchy : {&processes_, &memory_})
    if (!hierarchy->base.empty()) ::rmdir(folderOf(*hierarchy, run).c_str());
}

}  // namespace planwright
