#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "base/unique_fd.h"

namespace planwright {

/// The body of an upload on its way in: a file without a name, gone with its last descriptor, also
/// after a crash. Owned by one HttpConnection.
class SpoolFile {
 public:
  /// Throws std::system_error.
  explicit SpoolFile(const std::filesystem::path& folder);
  /// Throws std::system_error, e.g. ENOSPC.
  void append(std::string_view bytes);
  std::size_t sizeBytes() const { return sizeBytes_; }
  /// The file at offset 0; nothing can be appended afterwards.
  std::shared_ptr<const UniqueFd> finish();

 private:
  UniqueFd fd_;
  std::size_t sizeBytes_ = 0;
};

}  // namespace planwright
