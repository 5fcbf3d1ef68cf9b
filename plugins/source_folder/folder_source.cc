#include "folder_source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>

#include "file_system.h"

namespace source_folder {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kNamesPerPoll = 1000;
constexpr std::uint64_t kMissingRetryMs = 1000;

std::string absolutePath(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.empty() || path[0] != '/') {
    pw::badSetting("path: \"" + path + "\" is not an absolute path of a folder");
  }
  return path;
}

}  // namespace

FolderSource::FolderSource(const pw::Settings& settings)
    : path_(absolutePath(settings.text("path"))),
      isRecursive_(settings.flag("recursive", false)),
      how_(settings.text("watch", "auto")),
      pollEvery_(settings.duration("poll_every", "2s")),
      rescanEvery_(settings.duration("rescan_every", "1min")),
      watch_(how_ != "poll") {}

void FolderSource::poll(pw::Poll& out, pw::Call&) {
  findRoot();
  std::vector<std::string> names;
  readChanges(names);
  if (Clock::now() >= nextScan_ && !isFullScan_) beginFullScan();
  if (scan_) readScan(names);
  const auto nextScan = std::exchange(nextScan_, Clock::time_point{});
  for (const std::string& name : names) out.file(name, path_ + "/" + name);
  nextScan_ = nextScan;  // had the host refused one, everything would be listed again
  const auto idle = std::chrono::ceil<std::chrono::milliseconds>(nextScan_ - Clock::now());
  out.next(scan_ ? 0ms : std::max(idle, 0ms));
}

/// The path may lead to another folder than last time: one was removed and made again, or mounted.
void FolderSource::findRoot() {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) waitForRoot(std::strerror(errno));
  if (!S_ISDIR(status.st_mode)) waitForRoot("it is not a folder");
  if (FolderId(status.st_dev, status.st_ino) == rootId_) return;

  const pw::Fd fd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::fstat(fd.get(), &status) != 0) waitForRoot(std::strerror(errno));
  if (how_ == "inotify" && watch_.fd() < 0) {
    pw::retry("inotify cannot be used: raise fs.inotify.max_user_instances or set watch: poll");
  }
  forgetRoot();
  rootId_ = {status.st_dev, status.st_ino};
  isWatching_ = watch_.fd() >= 0 && (how_ == "inotify" || !isRemote(fd.get()));
}

void FolderSource::waitForRoot(const char* why) {
  forgetRoot();
  pw::retry("The folder " + path_ + " cannot be read: " + why + ".", kMissingRetryMs);
}

void FolderSource::forgetRoot() {
  scan_.reset();
  isFullScan_ = false;
  watch_.clear();
  rootId_ = {};
  nextScan_ = Clock::now();
}

/// A hidden link or folder, through which the links of any file may lead: Kubernetes swaps the link
/// ..data for all files of a ConfigMap at once. Hidden files come and go with every editor.
bool FolderSource::mayLeadOn(const std::string& name) const {
  struct stat status {};
  return ::lstat((path_ + "/" + name).c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

void FolderSource::readChanges(std::vector<std::string>& names) {
  Changes changes = watch_.take();
  if (std::any_of(changes.hidden.begin(), changes.hidden.end(),
                  [this](const std::string& name) { return mayLeadOn(name); }))
    changes.isIncomplete = true;
  names.assign(changes.names.begin(), changes.names.end());
  if (changes.isRootLost) forgetRoot();  // the scan that follows fails, or finds another folder
  if (changes.isIncomplete) {
    scanAgain_ = isFullScan_;
    nextScan_ = Clock::now();
  }
  if (!isRecursive_ || changes.isRootLost) return;
  for (std::string& folder : changes.folders) scan().add(std::move(folder));
}

FolderScan& FolderSource::scan() {
  if (!scan_) {
    scan_.emplace(pw::Fd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), isRecursive_,
                  [this](int fd, const std::string& name) { onFolder(fd, name); });
  }
  return *scan_;
}

void FolderSource::beginFullScan() {
  isFullScan_ = true;
  scanAgain_ = false;
  scanBegan_ = Clock::now();
  scan().add("");
}

void FolderSource::readScan(std::vector<std::string>& names) {
  scan_->next(kNamesPerPoll, names);
  if (!scan_->isDone()) return;
  scan_.reset();
  if (!std::exchange(isFullScan_, false)) return;
  const auto now = Clock::now();
  // A large folder is not listed all the time.
  const auto wait =
      std::max<Clock::duration>(isWatching_ ? rescanEvery_ : pollEvery_, 10 * (now - scanBegan_));
  nextScan_ = scanAgain_ ? now : now + wait;
}

void FolderSource::onFolder(int fd, const std::string& name) {
  if (isWatching_ && !watch_.add(fd, name)) isWatching_ = false;
}

}  // namespace source_folder

PW_MODULE("planwright.folder", "1.0.0", pw::Source<source_folder::FolderSource>)
