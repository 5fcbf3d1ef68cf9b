#include "surroundings.h"

#include <algorithm>
#include <filesystem>

#include <sys/stat.h>

#include "pip_report.h"

namespace wheels {
namespace fs = std::filesystem;

std::string stateOfFile(const std::string& path) {
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

std::optional<FolderState> stateOfFolder(const std::string& path) {
  std::error_code error;
  fs::directory_iterator entries(path, error);
  if (error) return std::nullopt;
  FolderState out;
  std::vector<std::string> lines;
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const fs::path& entry = entries->path();
    const std::string kind = entry.extension().string();
    out.hasPages = out.hasPages || kind == ".html" || kind == ".htm" || kind == ".xhtml";
    if (kind == ".pyc" || entry.filename() == "__pycache__") continue;
    lines.push_back(entry.filename().string() + "/" +
                    stateOfFile(entry.string()));  // no name holds a slash
  }
  if (error) return std::nullopt;
  std::sort(lines.begin(), lines.end());
  for (const auto& line : lines) out.text += line + "\n";
  return out;
}

std::optional<std::string> stateOfPlaces(const Options& options) {
  if (!options.noIndex) return std::nullopt;
  std::string out;
  for (const auto& place : options.findLinks) {
    const std::string path = place.starts_with('/') ? place : pathOfFileUrl(place);
    const auto state = path.empty() ? std::nullopt : stateOfFolder(path);
    if (!state || state->hasPages) return std::nullopt;
    out += path + "\n" + state->text;
  }
  return out;
}

std::string stateOfPython(const std::string& python, const std::vector<std::string>& folders) {
  std::string out;
  for (const auto& path : pathsOfProgram(python)) out += path + " " + stateOfFile(path) + "\n";
  for (const auto& path : folders) {
    const auto state = stateOfFolder(path);
    out += path + " " + (state ? state->text : stateOfFile(path)) + "\n";  // it may be a zip file
  }
  return out;
}

}  // namespace wheels
