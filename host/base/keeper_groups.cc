#include "base/keeper_groups.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace planwright {
namespace {

namespace fs = std::filesystem;

bool writeFile(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// The folder of this process' own group that has the pids controller, or empty. cgroups(7):
/// lines "number:controllers:path" of /proc/self/cgroup.
std::string ownGroup() {
  std::ifstream file("/proc/self/cgroup");
  std::string line, unified;
  while (std::getline(file, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string path = line.substr(second + 1);
    if (controllers.find(",pids,") != std::string::npos) return "/sys/fs/cgroup/pids" + path;
    if (controllers == ",,") unified = "/sys/fs/cgroup" + path;
  }
  if (!unified.empty() && writeFile(unified + "/cgroup.subtree_control", "+pids")) return unified;
  return {};
}

}  // namespace

ProcessGroups::ProcessGroups(std::uint32_t family) {
  const std::string own = ownGroup();
  std::error_code error;
  if (own.empty() || !fs::is_directory(own, error)) return;
  char name[32];
  std::snprintf(name, sizeof name, "planwright-%08x-", family);
  for (const auto& entry : fs::directory_iterator(own, error))
    if (entry.path().filename().string().starts_with(name)) ::rmdir(entry.path().c_str());
  base_ = own + (own.back() == '/' ? "" : "/") + name;
  if (!make(0, 1)) base_.clear();
  remove(0);
}

std::string ProcessGroups::folderOf(std::uint32_t run) const {
  return base_ + std::to_string(run);
}

UniqueFd ProcessGroups::make(std::uint32_t run, std::uint64_t most) {
  if (base_.empty()) return {};
  const std::string folder = folderOf(run);
  if (::mkdir(folder.c_str(), 0755) != 0) return {};
  UniqueFd procs(::open((folder + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  if (procs && writeFile(folder + "/pids.max", std::to_string(most))) return procs;
  ::rmdir(folder.c_str());
  return {};
}

void ProcessGroups::remove(std::uint32_t run) {
  if (!base_.empty()) ::rmdir(folderOf(run).c_str());
}

}  // namespace planwright
