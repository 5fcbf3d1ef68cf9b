#include "folder_watch.h"

#include <cerrno>

namespace source_folder {
namespace {

constexpr std::uint32_t kFileEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ATTRIB;
constexpr std::uint32_t kFolderEvents = IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::size_t kBufferBytes = 64 * 1024;

}  // namespace

FolderWatch::FolderWatch(bool isWanted)
    : fd_(isWanted ? ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1) {}

bool FolderWatch::add(int fd, const std::string& name) {
  // By descriptor, so that it is the very folder whose entries will be read.
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const int watch =
      ::inotify_add_watch(fd_.get(), path.c_str(), kFileEvents | kFolderEvents | IN_ONLYDIR);
  if (watch < 0) return errno != ENOSPC && errno != ENOMEM;
  names_[watch] = name;  // a renamed folder keeps its number
  return true;
}

Changes FolderWatch::take() {
  Changes changes;
  alignas(struct inotify_event) char buffer[kBufferBytes];
  const ssize_t filled = ::read(fd_.get(), buffer, sizeof buffer);
  for (ssize_t at = 0; at < filled;) {
    const auto* event = reinterpret_cast<const struct inotify_event*>(buffer + at);
    note(*event, changes);
    at += static_cast<ssize_t>(sizeof *event + event->len);
  }
  return changes;
}

void FolderWatch::note(const struct inotify_event& event, Changes& changes) {
  if (event.mask & IN_Q_OVERFLOW) {
    changes.isIncomplete = true;
    return;
  }
  const auto folder = names_.find(event.wd);
  if (folder == names_.end()) return;  // of a watch that has ended
  const bool isRoot = folder->second.empty();
  if (event.mask & (IN_IGNORED | IN_UNMOUNT | kFolderEvents)) {
    if (isRoot) changes.isRootLost = true;
    if (event.mask & IN_IGNORED) names_.erase(folder);
    return;
  }
  if (event.len == 0) return;
  std::string name = isRoot ? event.name : folder->second + "/" + event.name;
  if (event.name[0] == '.') {
    if (event.mask & (IN_CREATE | IN_MOVED_TO)) changes.hidden.insert(std::move(name));
    return;
  }
  if (!(event.mask & IN_ISDIR)) {
    changes.names.insert(std::move(name));
  } else if (event.mask & (IN_CREATE | IN_MOVED_TO)) {
    changes.folders.push_back(std::move(name));
  }
}

void FolderWatch::clear() {
  for (const auto& [watch, name] : names_) ::inotify_rm_watch(fd_.get(), watch);
  names_.clear();
  char buffer[kBufferBytes];
  while (::read(fd_.get(), buffer, sizeof buffer) > 0) continue;
}

}  // namespace source_folder
