#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/guarded.h"
#include "base/program.h"
#include "base/result.h"
#include "stages/library.h"
#include "stages/manifest.h"

namespace planwright {

/// How the code of a plugin lives in a process.
struct Residence {
  /// Why no other version of it may be there too, as the end of a sentence, or "".
  std::string whyAlone;
  /// It may be unloaded: it promises that this works, and nothing that the loader sees keeps it.
  bool mayLeave = false;
};

/// One version of a plugin: what its manifest says, and its copy in the store. Its code comes into
/// this process only once something is to run here. After its last instance it is parked: code that
/// left a thread or a destructor behind must not go, and costs some 60 KiB. Only a plugin that
/// promises "reload": "unload" is unloaded, and the loader is asked whether that worked. Shared by
/// all generations of plugins that have it. [any thread]
class StoredPlugin {
 public:
  /// `count`: as HostTable. `bytes` of the file, if it is a shared object.
  StoredPlugin(Manifest says, std::string digestOfFile, std::filesystem::path copy,
               Programs& programs, std::filesystem::path workFolder, CountMetric count,
               std::string_view bytes = {});

  const Manifest manifest;
  const std::string digest;
  const std::filesystem::path file;
  const Residence residence;

  /// Its code for an instance, loaded into this process unless it is there. Errors as
  /// Library::load.
  Result<std::shared_ptr<Library>> library();
  /// Only loads it.
  Result<void> load();

  bool isInMemory() const;
  /// It ran in this process, nothing uses it any more, and it is still in memory.
  bool isParked() const;

 private:
  struct Code {
    std::shared_ptr<Library> library;
    std::weak_ptr<Library> lease;  ///< what instances hold; over = none is left
    bool wasLeased = false;
    bool isPinned = false;  ///< was unloaded, but did not go
  };
  Result<void> load(Code& code) const;
  static void release(Code& code, const std::filesystem::path& file);

  Programs& programs_;
  const std::filesystem::path workFolder_;
  const CountMetric count_;
  const std::shared_ptr<Guarded<Code>> code_;  ///< leases may outlive this
};

}  // namespace planwright
