#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "planwright/plugin.h"

#include "base/digest.h"
#include "base/program.h"
#include "base/result.h"
#include "stages/host_table.h"
#include "stages/manifest.h"

namespace boost::dll {
class shared_library;
}

namespace planwright {

/// One loaded generation of a plugin: its code, its manifest and the functions it was given. Shared
/// by its instances; the code is never unloaded while one lives, since their vtables point into it.
class Library {
 public:
  /// Loads `file`, a copy nobody writes to, and greets the module: magic, major, id and version as
  /// in the manifest, every promised stage. The error is a sentence for the plugin's page. `count`:
  /// as HostTable.
  static Result<std::shared_ptr<Library>> load(const std::filesystem::path& file, Manifest manifest,
                                               Programs& programs,
                                               const std::filesystem::path& workFolder,
                                               CountMetric count);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const Manifest& manifest() const { return manifest_; }
  const std::filesystem::path& file() const { return file_; }
  const pw_host* host() const { return host_.table(); }
  const CountMetric& count() const { return host_.count(); }
  /// The stage's table, e.g. const pw_planner*, or null.
  const void* stage(std::string_view id) const;
  /// Held around create, start, stop and destroy: the ABI never has two of them at once in one
  /// module.
  std::mutex& lifecycle() { return lifecycle_; }

 private:
  Library(std::unique_ptr<boost::dll::shared_library> code, std::filesystem::path file,
          Manifest manifest, Programs& programs, const std::filesystem::path& workFolder,
          CountMetric count);
  Result<void> greet();
  Result<void> open();

  const std::unique_ptr<boost::dll::shared_library> code_;  // destroyed last
  const std::filesystem::path file_;
  const Manifest manifest_;
  HostTable host_;
  const pw_module* module_ = nullptr;
  bool opened_ = false;
  std::mutex lifecycle_;
};

/// Puts a read-only copy of a plugin at `<store>/<sha256>/<name>` unless it is there already, and
/// gives its path. The loader tells libraries apart by inode, so a new version never meets an old
/// one's code, and overwriting the original cannot crash the host.
std::filesystem::path storeLibrary(const std::filesystem::path& store, const std::string& name,
                                   std::string_view bytes, const Digest& digest);

}  // namespace planwright
