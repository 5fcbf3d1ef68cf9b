#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace planwright {

/// A file or folder that only root and this process's user can change or replace.
struct TrustedFile {
  UniqueFd fd;                 ///< for reading
  std::filesystem::path path;  ///< absolute, without links: nobody else can make it lead elsewhere
};

/// Opens what code is to be taken from. The path is walked from the root, part by part, each opened
/// below the one before: every folder and link on the way, and what it leads to, must belong to
/// root or to us and be writable by nobody else. (A folder like /tmp is one that others may write
/// to, but not change what is ours in it.) So what is checked is what is opened, however fast
/// somebody swaps names meanwhile. NotFound, or Forbidden with the place and the remedy.
/// `below`: a folder on the way that is taken as it is reached; from there on all is checked.
Result<TrustedFile> openTrusted(const std::filesystem::path& path,
                                const std::filesystem::path& below = "/");

}  // namespace planwright
