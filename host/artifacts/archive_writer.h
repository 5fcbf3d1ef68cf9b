#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace planwright {

enum class ArchiveFormat { Tar, TarGz, Zip };

/// Takes bytes as they come; may throw, which ends the archive.
using ByteSink = std::function<void(std::string_view)>;

/// A tar (pax, as it is or by gzip) or zip file written front to back, by libarchive: memory is one
/// piece, whatever the size of the files. Same files and time, same bytes. One thread at a time.
class ArchiveWriter {
 public:
  /// All files carry that time (seconds of the epoch).
  ArchiveWriter(ArchiveFormat format, std::int64_t fileTime, ByteSink sink);
  ~ArchiveWriter();
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  /// Reads `fd` to its end, which must come after `sizeBytes`: else it throws, as for I/O errors.
  void add(const std::string& path, unsigned mode, std::int64_t sizeBytes, int fd);
  /// The same in steps: the first, then copy() until it is false.
  void begin(const std::string& path, unsigned mode, std::int64_t sizeBytes);
  /// One piece of the file that was begun. False: that was its end.
  bool copy(int fd);
  /// The end of the archive. Without it readers find the archive broken.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace planwright
