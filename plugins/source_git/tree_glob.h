#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace source_git {

/// A pattern for paths in a tree, part by part: `*`, `?` and `[a-z]` within a part, `**` for any
/// number of parts, none included. Without a slash it matches the last part, in whatever folder; a
/// slash in front ties it to the root. Immutable.
class TreeGlob {
 public:
  explicit TreeGlob(std::string_view pattern);
  /// `path`: relative, '/'-separated.
  bool matches(std::string_view path) const;

 private:
  std::vector<std::string> parts_;
};

}  // namespace source_git
