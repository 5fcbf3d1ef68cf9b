#include "programs/landlock.h"

#include <cstdint>

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace planwright {
namespace {

// Headers may be older than the kernel.
struct RulesetAttributes {
  std::uint64_t files = 0, network = 0, scoped = 0;
};
constexpr std::uint64_t kTruncate = 1U << 14, kControlDevice = 1U << 15;
constexpr std::uint64_t kBindTcp = 1, kConnectTcp = 2;
constexpr std::uint64_t kAbstractSockets = 1, kSignals = 2;

constexpr std::uint64_t kRead =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                                   LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate | kControlDevice;

std::uint64_t allFileRights(int version) {
  std::uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  if (version >= 2) all |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) all |= kTruncate;
  if (version >= 5) all |= kControlDevice;
  return all;
}

bool allow(int ruleset, int parent, std::uint64_t rights) {
  struct stat info {};
  if (::fstat(parent, &info) != 0) return false;
  if (!S_ISDIR(info.st_mode)) rights &= kOfFiles;
  const landlock_path_beneath_attr rule{rights, parent};
  return ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

bool allow(int ruleset, const std::string& path, std::uint64_t rights) {
  const UniqueFd parent(::open(path.c_str(), O_PATH | O_CLOEXEC));
  return parent && allow(ruleset, parent.get(), rights);
}

}  // namespace

int landlockVersion() {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version > 0 ? static_cast<int>(version) : 0;
}

UniqueFd landlockRuleset(const LandlockRules& rules) {
  const int version = landlockVersion();
  const std::uint64_t all = allFileRights(version);
  RulesetAttributes attributes;
  attributes.files = all;
  if (version >= 4 && rules.refusesNetwork) attributes.network = kBindTcp | kConnectTcp;
  if (version >= 6) attributes.scoped = kAbstractSockets | kSignals;
  const std::size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  UniqueFd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
  if (!ruleset) return {};
  for (const auto& path : rules.readable) allow(ruleset.get(), path, kRead & all);
  for (const auto& path : rules.writable)
    if (!allow(ruleset.get(), path, all)) return {};
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"})
    allow(ruleset.get(), device,
          (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate) & all);
  for (const int fd : rules.files) {
    const UniqueFd file(
        ::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_PATH | O_CLOEXEC));
    if (file) allow(ruleset.get(), file.get(), (LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate) & all);
  }
  return ruleset;
}

}  // namespace planwright
