#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "artifacts/checked_files.h"
#include "artifacts/large_blobs.h"

namespace planwright {

/// Large blobs in a folder, which several hosts may share:
///   store.id             whose folder it is: the id its database gave it
///   sha256/ab/<64 hex>   one blob, read-only, never changed once it has that name
///   tmp/                 being written; leftovers of a crash go after a day
///   logs/                one file per attempt while it runs (written by building)
///   trash/               on its way out: see discard()
///   damaged/             files that had other bytes than their name says; whoever runs the store
///   may
///                        look at them and delete them
/// A blob is written and hashed in one pass, synced, then renamed, so a name stands for complete
/// and durable bytes. Disks lose bits all the same, so the bytes are hashed again before somebody
/// reads them, once for each state of the file; a file that is wrong is set aside, and whoever
/// stages the right bytes puts them in its place. The folder is closed to other users; to its group
/// as well, unless whoever made it lets the group write (hosts that run as several users).
/// [any thread, any number of hosts]
class FolderBlobs final : public LargeBlobs {
 public:
  /// Creates the folder if needed. Conflict if it belongs to another store; Invalid if it cannot be
  /// used (not a folder, no permission).
  static Result<std::unique_ptr<FolderBlobs>> open(const std::filesystem::path& root,
                                                   const std::string& storeId);

  using LargeBlobs::stage;
  Result<StagedBlob> stage(int fd, std::int64_t limitBytes, const ReadCheck& check) override;
  StagedBlob stageBytes(std::string_view bytes) override;
  Result<UniqueFd> open(const Digest& digest) override;
  std::optional<std::int64_t> storedBytes(const Digest& digest) override;
  bool isIntact(int fd, const Digest& digest, bool mayRead) override {
    return mayRead ? checked_.hasDigest(fd, digest) : checked_.isKnown(fd, digest);
  }
  bool isOpenedAtOnce(const Digest& digest) override;

  /// The time as this file system tells it, which files are stamped with.
  std::filesystem::file_time_type now() const;
  static constexpr int kParts = 256;
  /// The blobs of one part (0 to kParts - 1) that nobody has written or staged again since.
  std::vector<Digest> untouched(int part, std::filesystem::file_time_type since) const;
  /// Deletes the bytes unless somebody stages them at this moment: who finds them here touches
  /// them, so they are moved aside first, and come back if they were touched by then. False: they
  /// stay, or were not there. The caller knows that nobody refers to them.
  bool discard(const Digest& digest, std::filesystem::file_time_type untouchedSince);
  /// Puts back what a crash left in the middle of a discard().
  void emptyTrash();
  std::filesystem::path pathOf(const Digest& digest) const;
  std::filesystem::path logs() const { return root_ / "logs"; }
  const std::filesystem::path& root() const { return root_; }
  /// Throws std::system_error if nothing can be written.
  void tryWrite() const;

 private:
  explicit FolderBlobs(std::filesystem::path root) : root_(std::move(root)) {}
  void makeFolders();
  Result<void> claim(const std::string& storeId);
  void dropOldTempFiles() const;
  bool reuse(const Digest& digest);
  Result<UniqueFd> find(const Digest& digest) const;
  bool setAside(const Digest& digest, int fd) const;
  void putBack(const std::filesystem::path& aside) const;
  void publish(const std::filesystem::path& temp, int fd, const Digest& digest);

  const std::filesystem::path root_;
  unsigned folderMode_ = 0700, fileMode_ = 0400;
  CheckedFiles checked_;
};

}  // namespace planwright
