#include "config/watched_folders.h"

#include <algorithm>

#include "base/json.h"

namespace planwright {
namespace {

struct Watched {
  const QueueConfig* queue;
  const SourceConfig* source;
  std::filesystem::path folder;
  bool isRecursive;
};

/// False only if the text before the first wildcard of both, or that after the last one, shows that
/// no name fits both.
bool mayMeet(const std::string& a, const std::string& b, bool isOneFolder) {
  constexpr const char* kWild = "*?[";
  const auto inFolders = [](const std::string& pattern) {
    return pattern.find('/') != pattern.npos;
  };
  const auto agree = [](const auto& x, const auto& y) {
    return std::equal(x.begin(),
                      x.begin() + static_cast<std::ptrdiff_t>(std::min(x.size(), y.size())),
                      y.begin());
  };
  const auto head = [](const std::string& pattern) {
    return pattern.substr(0, pattern.find_first_of(kWild));
  };
  const auto tail = [](const std::string& pattern) {
    const auto at = pattern.find_last_of("*?]");
    std::string rest = at == pattern.npos ? pattern : pattern.substr(at + 1);
    std::reverse(rest.begin(), rest.end());
    return rest;
  };
  if (!agree(tail(a), tail(b))) return false;
  if (inFolders(a) != inFolders(b) || (inFolders(a) && !isOneFolder)) return true;
  return agree(head(a), head(b));
}

bool takeTheSame(const Watched& a, const Watched& b) {
  const bool isOneFolder = a.folder == b.folder;
  const bool isOneInTheOther = (a.isRecursive && isWithin(b.folder, a.folder)) ||
                               (b.isRecursive && isWithin(a.folder, b.folder));
  return (isOneFolder || isOneInTheOther) &&
         mayMeet(a.source->pattern, b.source->pattern, isOneFolder);
}

}  // namespace

void checkWatchedFolders(const Config& config, ConfigProblems& problems) {
  std::vector<Watched> all;
  for (const auto& queue : config.queues)
    for (const auto& source : queue.sources) {
      if (source.plugin != "planwright.folder") continue;
      const auto settings = parseJson(source.settingsJson);
      const std::string folder = settings ? textOr(*settings, "path") : "";
      if (folder.empty()) continue;
      const Watched now{&queue, &source, folder, boolOr(*settings, "recursive", false)};
      const auto before = std::find_if(all.begin(), all.end(),
                                       [&](const Watched& each) { return takeTheSame(each, now); });
      if (before != all.end())
        problems.push_back(
            {config.placeOf(source.settingsPointer("/path")),
             "queue \"" + before->queue->name + "\" watches " + before->folder.string() + " too (" +
                 config.placeOf(before->source->settingsPointer("/path")).text() +
                 "), so a file there would be taken twice; write another folder, or patterns that "
                 "no name fits both, such as *.txt and *.yaml"});
      all.push_back(now);
    }
}

std::vector<std::filesystem::path> watchRootsOf(const Config& config) {
  if (!config.watchRoots.empty()) return config.watchRoots;
  std::vector<std::filesystem::path> roots;
  for (const auto& queue : config.queues)
    for (const auto& source : queue.sources) {
      const auto settings = parseJson(source.settingsJson);
      const std::filesystem::path path = settings ? textOr(*settings, "path") : "";
      if (source.plugin != "planwright.folder" || path.empty()) continue;
      roots.push_back(config.file.empty() ? path.parent_path() : config.file.parent_path() / path);
    }
  return roots;
}

bool isWithin(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end() || (std::next(end) == folder.end() && end->empty());
}

}  // namespace planwright
