#pragma once

#include <filesystem>
#include <string>

namespace planwright {

/// A file in the blob folder while a restore into it is under way: one that was interrupted must
/// not pass for a system. Main thread of a command.
class RestoreMark {
 public:
  explicit RestoreMark(const std::filesystem::path& blobFolder);

  bool isSet() const;
  /// The data folder whose own Postgres that restore fills, or "" for a server of somebody else.
  std::string dataFolder() const;
  void set(const std::string& dataFolder) const;
  void clear() const;
  /// Throws while it is set: what is here is not whole.
  void refuse() const;

 private:
  const std::filesystem::path file_;
};

}  // namespace planwright
