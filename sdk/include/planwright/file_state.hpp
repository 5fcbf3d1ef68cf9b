// planwright/file_state.hpp - whether files are still as they were, without reading them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace pw {

/// Of one file, or of what a link leads to: another text once it was written, replaced or removed.
inline std::string stateOfFile(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "none";
  std::string out;
  for (const auto number :
       {std::uintmax_t{info.st_dev}, std::uintmax_t{info.st_ino},
        static_cast<std::uintmax_t>(info.st_size), static_cast<std::uintmax_t>(info.st_mtim.tv_sec),
        static_cast<std::uintmax_t>(info.st_mtim.tv_nsec),
        static_cast<std::uintmax_t>(info.st_ctim.tv_sec),
        static_cast<std::uintmax_t>(info.st_ctim.tv_nsec)})
    out += std::to_string(number) + " ";
  return out;
}

/// Of a folder: another text once a file in it is added, removed, renamed or written, and not those
/// in the folders below. Nothing if it cannot be listed. Files that Python compiles on its way do
/// not count.
struct FolderState {
  std::string text;
  std::vector<std::string> names;  ///< sorted
};
inline std::optional<FolderState> stateOfFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::directory_iterator entries(path, error);
  FolderState out;
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    std::string name = entries->path().filename().string();
    if (!name.ends_with(".pyc") && name != "__pycache__") out.names.push_back(std::move(name));
  }
  if (error) return std::nullopt;
  std::sort(out.names.begin(), out.names.end());
  for (const auto& name : out.names)  // none holds a slash
    out.text += name + "/" + stateOfFile(path + "/" + name) + "\n";
  return out;
}

}  // namespace pw
