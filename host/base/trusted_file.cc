#include "base/trusted_file.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace planwright {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // as the kernel has it

Error notOpened(const fs::path& path) {
  const int error = errno;
  const bool isMissing = error == ENOENT || error == ENOTDIR;
  if (isMissing) return notFound(fmt::format("There is no file {}.", path.string()));
  return {ErrorKind::Forbidden,
          fmt::format("{} cannot be opened: {}.", path.string(),
                      std::generic_category().message(error)),
          {},
          {}};
}

/// Why others could change it, or put something else in its place.
std::string whyUnsafe(const struct stat& info, const fs::path& path) {
  const char* what = S_ISDIR(info.st_mode) ? "folder" : S_ISLNK(info.st_mode) ? "link" : "file";
  if (info.st_uid != 0 && info.st_uid != ::geteuid())
    return fmt::format(
        "The {} {} belongs to another user (uid {}), who could replace what the host runs; run "
        "chown on it, or put the plugin elsewhere.",
        what, path.string(), info.st_uid);
  if (S_ISLNK(info.st_mode)) return {};
  const bool isSticky = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0;
  const bool othersGroup = (info.st_mode & S_IWGRP) != 0 && info.st_gid != ::getegid();
  if (((info.st_mode & S_IWOTH) != 0 || othersGroup) && !isSticky)
    return fmt::format("The {} {} can be written by others; run chmod go-w on it.", what,
                       path.string());
  return {};
}

std::string targetOf(int link) {
  std::string target(4096, '\0');
  const ssize_t size = ::readlinkat(link, "", target.data(), target.size());
  target.resize(static_cast<std::size_t>(std::max<ssize_t>(0, size)));
  return target;
}

/// A walk: the folders that it went through, each opened below the one before.
class Walk {
 public:
  Walk(const fs::path& below, const fs::path& path) : start_(below) { append(path); }

  Result<TrustedFile> run() {
    if (auto entered = enter(start_); !entered) return entered.error();
    while (!parts_.empty()) {
      const std::string part = parts_.front().string();
      parts_.pop_front();
      if (auto taken = take(part); !taken) return taken.error();
    }
    TrustedFile file;
    file.path = here_.back().path;
    struct stat info {};
    ::fstat(here_.back().fd.get(), &info);
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))  // opening a device may do something
      return notFound(fmt::format("There is no file {}.", file.path.string()));
    // By the descriptor that was checked, not by the name again.
    const std::string self = "/proc/self/fd/" + std::to_string(here_.back().fd.get());
    file.fd.reset(::open(self.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.fd) return notOpened(file.path);
    return file;
  }

 private:
  struct Place {
    UniqueFd fd;  ///< O_PATH
    fs::path path;
  };

  void append(const fs::path& path) {
    const fs::path relative = path.relative_path();
    parts_.insert(parts_.begin(), relative.begin(), relative.end());
  }

  Result<void> enter(const fs::path& folder) {
    here_.clear();
    here_.push_back({UniqueFd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), folder});
    if (!here_.back().fd) return notOpened(folder);
    return check(here_.back());
  }

  static Result<void> check(const Place& place) {
    struct stat info {};
    if (::fstat(place.fd.get(), &info) != 0) return notOpened(place.path);
    if (auto why = whyUnsafe(info, place.path); !why.empty())
      return Error{ErrorKind::Forbidden, std::move(why), {}, {}};
    return {};
  }

  Result<void> take(const std::string& part) {
    if (part.empty() || part == ".") return {};
    if (part == "..") {
      if (here_.size() == 1) return enter(here_.back().path.parent_path());
      here_.pop_back();
      return {};
    }
    Place next{
        UniqueFd(::openat(here_.back().fd.get(), part.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)),
        here_.back().path / part};
    if (!next.fd) return notOpened(next.path);
    if (auto ok = check(next); !ok) return ok;
    struct stat info {};
    ::fstat(next.fd.get(), &info);
    if (!S_ISLNK(info.st_mode)) {
      here_.push_back(std::move(next));
      return {};
    }
    if (++links_ > kMostLinks) {
      errno = ELOOP;
      return notOpened(next.path);
    }
    const fs::path target = targetOf(next.fd.get());
    append(target);
    return target.is_absolute() ? enter("/") : Result<void>();
  }

  const fs::path start_;
  std::deque<fs::path> parts_;  // still to be walked
  std::vector<Place> here_;
  int links_ = 0;
};

}  // namespace

Result<TrustedFile> openTrusted(const fs::path& path, const fs::path& below) {
  const fs::path start = fs::absolute(below);
  return Walk(start, fs::absolute(path).lexically_relative(start)).run();
}

}  // namespace planwright
