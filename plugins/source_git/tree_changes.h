#pragma once

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

/// The files of commit `to` that commit `from` has not, or with other bytes, by path. Without
/// `from`: all of them. Submodules are none, and what is only deleted, renamed without a change of
/// place, or made executable is no change. Throws GitError.
std::vector<ChangedFile> changedFiles(git_repository* repository, const std::optional<Oid>& from,
                                      const Oid& to);

/// The commits that lead from `from` to `to`, `from` not included, oldest first, along the branch's
/// own line (first parents): what a merge brings counts as one. {`to`} if `from` is not on that
/// line, which is so after a forced push. Throws GitError.
std::vector<Oid> lineTo(git_repository* repository, const Oid& from, const Oid& to);

}  // namespace source_git
