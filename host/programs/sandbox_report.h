#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace planwright {

/// How well programs can be kept in their place here, worst first.
enum class SandboxLevel {
  None,       ///< a process group and limits; files and network are open
  Landlock,   ///< files by Landlock, network by a seccomp filter
  Namespaces  ///< bubblewrap: own processes, files, network, /tmp
};

inline std::string_view toText(SandboxLevel level) {
  switch (level) {
    case SandboxLevel::Namespaces:
      return "namespaces";
    case SandboxLevel::Landlock:
      return "landlock";
    case SandboxLevel::None:
      break;
  }
  return "none";
}

/// One means, and what came of trying it.
struct SandboxFacility {
  std::string name;  ///< bubblewrap, landlock, seccomp, control_groups, build_user, network
  bool works = false;
  std::string detail;  ///< what there is, or why it does not work
};

/// What this machine allows, found by trying at the start of the host.
struct SandboxReport {
  SandboxLevel level = SandboxLevel::None;
  std::vector<SandboxFacility> facilities;
  std::string remedy;  ///< what would make it better, in a sentence; empty if nothing would

  const SandboxFacility* find(std::string_view name) const {
    for (const auto& facility : facilities)
      if (facility.name == name) return &facility;
    return nullptr;
  }
  bool works(std::string_view name) const {
    const auto* facility = find(name);
    return facility != nullptr && facility->works;
  }
  /// {"level","facilities":[{"name","works","detail"}],"remedy"}
  std::string json() const;
};

}  // namespace planwright
