#pragma once

#include <filesystem>
#include <string>

namespace planwright {

/// A file in the blob folder while a restore into it is under way, so that no host starts on an
/// unfinished restore. Main thread of a command.
class RestoreMark {
 public:
  explicit RestoreMark(const std::filesystem::path& blobFolder);

  bool isSet() const;
  /// The data folder whose own Postgres that restore fills, or "" for a server of somebody else.
  std::string dataFolder() const;
  void set(const std::string& dataFolder) const;
  void clear() const;
  /// Throws while the mark is set, because the data here is not complete.
  void refuse() const;

 private:
  const std::filesystem::path file_;
};

}  // namespace planwright
