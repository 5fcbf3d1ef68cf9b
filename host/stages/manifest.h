#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace planwright {

/// A larger file is no plugin.
inline constexpr std::size_t kPluginFileBytes = std::size_t{1} << 30;

/// Programs that a plugin may start through planwright.exec/1, each as the first word of its argv;
/// "*" = any. nullopt: it does not say, and may start any.
using ExecGrant = std::optional<std::vector<std::string>>;

/// What a plugin says of itself (plugin.json; sdk/schema/manifest.schema.json has every member).
struct Manifest {
  std::string id;
  std::string version;
  std::string abi;  ///< "MAJOR.MINOR" it was built with
  std::string description;
  std::vector<std::string> stages;   ///< interface ids
  std::vector<std::string> secrets;  ///< names it may ask for
  std::string settingsSchemaJson;    ///< "{}" if it has no settings of its own
  std::string json;                  ///< the whole manifest
  bool pure = false;
  bool inproc = true;           ///< may run inside the host
  bool process = true;          ///< may run in a process of its own
  bool prefersProcess = false;  ///< also when it comes with the program
  /// What may happen to its code when another version takes its place: it stays in memory, is
  /// unloaded, or never has another version beside it in one process.
  enum class Reload { Any, Unload, Process };
  Reload reload = Reload::Any;
  bool network = false;  ///< asks for it
  ExecGrant exec;        ///< programs that it may start
  bool provides(std::string_view stage) const;
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// The manifest section of a 64-bit ELF shared object of this machine's byte order. Reads `file`
/// with every offset checked and runs no code of it. The errors say what is wrong with the file.
Result<std::string> manifestSection(std::string_view file);

/// Parses and checks manifests. Immutable: [any thread].
class ManifestReader {
 public:
  ManifestReader();
  /// `json` as found in the section. Also refuses a settings schema that would silently accept
  /// anything.
  Result<Manifest> parse(std::string_view json) const;

 private:
  JsonSchema schema_;
};

}  // namespace planwright
