#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "git_handles.h"

namespace source_git {

/// A path whose content is another one than before.
struct ChangedFile {
  std::string path;
  Oid blob;
  bool isLink = false;
};

/// More is not read: a few hundred small objects can stand for 10^10 files.
constexpr std::size_t kMostChanges = 1'000'000;

/// The files of commit `to` whose path matches `pattern` and that commit `from` has not, or with
/// other bytes, by path. Without `from`: all of them. Submodules are none, and what is only
/// deleted, renamed without a change of place, or made executable is no change. Throws GitError,
/// also when the commit changes more than `most` paths, whatever matches.
std::vector<ChangedFile> changedFiles(git_repository* repository, const std::optional<Oid>& from,
                                      const Oid& to, const std::string& pattern,
                                      std::size_t most = kMostChanges);

/// The commits that lead from `from` to `to`, `from` not included, oldest first, along the branch's
/// own line (first parents): what a merge brings counts as one. {`to`} if `from` is not on that
/// line, which is so after a forced push. Throws GitError.
std::vector<Oid> lineTo(git_repository* repository, const Oid& from, const Oid& to);

}  // namespace source_git
