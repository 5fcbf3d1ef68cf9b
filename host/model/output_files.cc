#include "model/output_files.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "base/glob.h"
#include "base/utf8.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestPath = 3072;  // PATH_MAX, less the way to the folder

Error nothingFor(const std::string& glob, const std::string& folder) {
  if (folder.empty() || glob.ends_with("**"))
    return invalid(fmt::format("The job left no file that matches its output \"{}\".", glob));
  return invalid(
      fmt::format("The job's output \"{}\" names a folder, {}; write {}/** for all files "
                  "below it.",
                  glob, toUtf8(folder), glob));
}

/// What the outputs name, found entry by entry.
class Finds {
 public:
  explicit Finds(const std::vector<std::string>& globs) : globs_(globs), named_(globs.size()) {}

  void add(const fs::path& path, const std::string& relative, bool isFolder) {
    bool isWanted = false;
    for (std::size_t i = 0; i < globs_.size(); ++i) {
      if (!outputMatches(globs_[i], relative)) continue;
      if (isFolder && named_[i].folder.empty()) named_[i].folder = relative;
      // What is in a folder so deep cannot be looked at, so nobody knows that it is nothing.
      if (isFolder && relative.size() > kLongestPath && tooLong_.empty()) tooLong_ = relative;
      if (!isFolder) isWanted = named_[i].hasFile = true;
    }
    if (!isWanted) return;
    if (relative.size() > kLongestPath && tooLong_.empty()) tooLong_ = relative;
    files_.push_back(path);
  }

  Result<std::vector<fs::path>> take() {
    if (!tooLong_.empty())
      return invalid(fmt::format("The output {}... has a path of more than {} bytes.",
                                 toUtf8(tooLong_.substr(0, 200)), kLongestPath));
    for (std::size_t i = 0; i < globs_.size(); ++i)
      if (!named_[i].hasFile) return nothingFor(globs_[i], named_[i].folder);
    std::sort(files_.begin(), files_.end());
    return std::move(files_);
  }

 private:
  struct Named {
    bool hasFile = false;
    std::string folder;
  };

  const std::vector<std::string>& globs_;
  std::vector<Named> named_;
  std::vector<fs::path> files_;
  std::string tooLong_;
};

}  // namespace

Result<std::vector<fs::path>> outputFiles(const fs::path& folder,
                                          const std::vector<std::string>& globs) {
  Finds finds(globs);
  std::error_code error;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code unknown;  // of a link that leads nowhere; whoever opens it refuses it
    const bool isFolder = at->is_directory(unknown);
    const std::string relative = at->path().lexically_relative(folder).string();
    if (relative.size() > kLongestPath) at.disable_recursion_pending();
    finds.add(at->path(), relative, isFolder);
  }
  if (error) return invalid("The job's folder cannot be looked through: " + error.message() + ".");
  return finds.take();
}

}  // namespace planwright
