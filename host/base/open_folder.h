#pragma once

#include <memory>
#include <string_view>

#include <dirent.h>

#include "base/unique_fd.h"

namespace planwright {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

/// A folder whose entries are read. Null: it could not be opened.
using OpenFolder = std::unique_ptr<DIR, CloseFolder>;

inline OpenFolder entriesOf(UniqueFd folder) {
  OpenFolder entries(folder ? ::fdopendir(folder.get()) : nullptr);
  if (entries) folder.release();
  return entries;
}

/// The next one that is neither "." nor ".."; null: there is none, or it cannot be read.
inline const dirent* nextEntry(const OpenFolder& folder) {
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return entry;
  }
  return nullptr;
}

}  // namespace planwright
