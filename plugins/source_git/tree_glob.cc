#include "tree_glob.h"

#include <cstddef>

#include <fnmatch.h>

namespace source_git {
namespace {

std::vector<std::string> partsOf(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (slash != 0) parts.emplace_back(path.substr(0, slash));
    path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
  }
  return parts;
}

}  // namespace

TreeGlob::TreeGlob(std::string_view pattern) : parts_(partsOf(pattern)) {
  if (pattern.find('/') == pattern.npos) parts_.insert(parts_.begin(), "**");
}

/// After a part that does not fit, the last `**` takes one part more; one before it never has to.
bool TreeGlob::matches(std::string_view path) const {
  const std::vector<std::string> names = partsOf(path);
  std::size_t part = 0, name = 0;
  std::size_t afterStars = parts_.size() + 1, retryAt = 0;
  while (name < names.size()) {
    if (part < parts_.size() && parts_[part] == "**") {
      afterStars = ++part;
      retryAt = name;
    } else if (part < parts_.size() &&
               ::fnmatch(parts_[part].c_str(), names[name].c_str(), FNM_NOESCAPE) == 0) {
      ++part;
      ++name;
    } else if (afterStars <= parts_.size()) {
      part = afterStars;
      name = ++retryAt;
    } else {
      return false;
    }
  }
  while (part < parts_.size() && parts_[part] == "**") ++part;
  return part == parts_.size();
}

}  // namespace source_git
