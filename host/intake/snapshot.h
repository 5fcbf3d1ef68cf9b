#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <unistd.h>

#include "artifacts/blob_store.h"
#include "base/unique_fd.h"
#include "intake/stat_signature.h"

namespace planwright {

/// What a name in a folder stands for at this moment.
struct Sighting {
  enum class Kind { File, Gone, Refused };
  Kind kind = Kind::Gone;
  StatSignature signature;  ///< of the file, or of what is refused
  std::string reason;       ///< Refused: why, for a person
};

/// The end of one attempt to copy a file.
struct Snapshot {
  enum class Outcome {
    Taken,    ///< `blob` holds what the file's last writer left
    Busy,     ///< open or mapped for writing, or a writer came: try again
    Changed,  ///< not the file with the expected signature any more
    Gone,
    Refused,  ///< `reason` says why; trying again is of no use until it changes
    Stopped,  ///< `stopped` said so
  };
  Outcome outcome = Outcome::Gone;
  StagedBlob blob;
  StatSignature signature;  ///< Taken: to know it by later; a default one if it is too young for
                            ///< that, or on a file system whose times miss writes
  bool hadLease = false;    ///< Taken: false = only the stat before and after vouch for it
  std::string reason;
};

/// Copies files out of a folder that others write to, without ever leaving it: links that lead out,
/// fifos, devices, folders, unreadable and over-size files are refused. Two hosts or threads may
/// take snapshots of the same folder. [any thread, readAs() before the others]
class Snapshots {
 public:
  Snapshots(BlobStore& blobs, std::int64_t maxBytes) : blobs_(blobs), maxBytes_(maxBytes) {}

  /// From now on only what this user may read: it is who names the files.
  void readAs(uid_t user) { user_ = user; }
  /// The folder for look() and take(). Not set, with errno, if it is not there; EXDEV: what was
  /// opened is not below one of `roots`, if there are any.
  UniqueFd openFolder(const std::string& path,
                      const std::vector<std::filesystem::path>& roots) const;
  /// One stat in most cases; opens nothing that could block.
  Sighting look(int folder, const std::string& name) const;
  /// Copies the file into the blob store if it still is the one with the signature `expected`:
  /// under a read lease, with a stat before and after. `stopped` is asked now and then during a
  /// long copy.
  Snapshot take(int folder, const std::string& name, const StatSignature& expected,
                const std::function<bool()>& stopped) const;

 private:
  BlobStore& blobs_;
  const std::int64_t maxBytes_;
  uid_t user_ = ::geteuid();
};

}  // namespace planwright
