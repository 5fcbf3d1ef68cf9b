#include "building/work_folder.h"

#include <limits>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_state.h"
#include "base/files.h"
#include "base/folder_owner.h"
#include "base/open_beneath.h"
#include "base/remove_tree.h"
#include "base/utf8.h"
#include "model/output_files.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kLargestOutput = std::int64_t{16} << 30;

void copyInto(const fs::path& target, int from) {
  const UniqueFd out(
      ::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!out)
    throw std::system_error(errno, std::generic_category(), "cannot write " + target.string());
  for (;;) {
    const ssize_t n = ::sendfile(out.get(), from, nullptr, std::size_t{1} << 24);
    if (n == 0) return;
    if (n < 0 && errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "cannot write " + target.string());
  }
}

/// What arrives is what was hashed: a file that somebody writes meanwhile is copied again.
Result<void> copyBlob(BlobStore& blobs, const Digest& digest, const fs::path& target) {
  for (;;) {
    const auto blob = blobs.open(digest);
    if (!blob) return blob.error();
    const FileState hashed = stateOf(blob->get());
    copyInto(target, blob->get());
    if (stateOf(blob->get()) == hashed) return {};
    fs::remove(target);
  }
}

}  // namespace

WorkFolder WorkFolder::lasting(fs::path path, bool isNew) {
  if (const auto error = isNew ? removeTree(path) : std::error_code())
    throw std::system_error(error, "cannot empty " + path.string());
  if (isNew) makeFolder(path, 0700);
  WorkFolder folder;
  folder.path_ = std::move(path);
  return folder;
}

Result<void> WorkFolder::fill(const JobTask& task, BlobStore& blobs) {
  std::size_t fromJobs = 0;
  for (const auto& input : task.job().inputs) {
    const fs::path target = path() / input.path;
    if (target.has_parent_path()) fs::create_directories(target.parent_path());
    if (input.job.empty() && input.digest.empty()) {
      const UniqueFd text = memoryFile(input.text);
      copyInto(target, text.get());
      continue;
    }
    const bool made = !input.job.empty();
    const std::string name = made ? task.inputs[fromJobs].digest : input.digest;
    const auto digest = Digest::parse(name);
    if (!digest)
      return invalid(fmt::format("the input {} has no valid digest ({})", input.path, name));
    if (const auto copied = copyBlob(blobs, *digest, target); !copied)
      return Error{copied.error().kind,
                   fmt::format("the input {} is missing: {}", input.path, copied.error().message),
                   copied.error().code, input.job};
    if (made) fs::permissions(target, static_cast<fs::perms>(task.inputs[fromJobs++].mode & 0777));
  }
  return {};
}

Result<WorkFolder::Collected> WorkFolder::collect(const std::vector<std::string>& globs,
                                                  BlobStore& blobs,
                                                  std::optional<std::int64_t> limitBytes) {
  Collected collected;
  std::int64_t left = limitBytes.value_or(std::numeric_limits<std::int64_t>::max());
  if (globs.empty()) return collected;
  const auto found = outputFiles(path_, globs);
  if (!found) return found.error();
  // Its builder may still live, and swap a folder for a link at any time.
  const UniqueFd folder(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const bool wasLent = lastUserOf(path_) != 0;
  for (const auto& path : *found) {
    const std::string name = path.lexically_relative(path_).string();
    if (!isUtf8(name))
      return invalid(fmt::format("The output {} has a name that is not UTF-8.", toUtf8(name)));
    const UniqueFd fd =
        openBeneath(folder.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, Links::Refuse);
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
      return invalid(
          fmt::format("The output {} is not a regular file; links and devices are refused.", name));
    // A second name of a file of ours that its user may not read: not every kernel refuses to make
    // one (fs.protected_hardlinks).
    if (wasLent && info.st_nlink > 1 && info.st_uid == ::geteuid())
      return invalid(fmt::format("The output {} is a link to a file of somebody else.", name));
    if (left -= info.st_size; left < 0)
      return Error{ErrorKind::TooLarge,
                   fmt::format("Its outputs add up to more than their limit of {:.4g} MiB.",
                               static_cast<double>(*limitBytes) / (1 << 20)),
                   {},
                   {}};
    auto staged = blobs.stage(fd.get(), kLargestOutput);
    if (!staged) return staged.error();
    collected.outputs.push_back(
        {name, staged->digest.text(), staged->sizeBytes, info.st_mode & 0777u});
    collected.blobs.push_back(std::move(*staged));
  }
  return collected;
}

}  // namespace planwright
