#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <sys/stat.h>
#include <sys/types.h>

namespace planwright {

/// Marks a program and all that ever descends from it, so that a daemon which left its process
/// group and session (double fork, setsid) is still known as one run's. The mark is a value of
/// RLIMIT_RTTIME: it is inherited over fork and exec, anybody may read it in /proc/PID/limits, and
/// as a limit of more than 73,000 years of real-time scheduling it means nothing to the program.
/// (Its environment must stay exactly as asked for, cgroups need rights, and the parent of a daemon
/// is gone.)
///   bit 62 | 30 bits family: one data folder | 32 bits run
class RunTag {
 public:
  static constexpr std::uint32_t kFamilyMask = (1U << 30) - 1;
  static constexpr std::uint32_t kStage = 1U << 31;  ///< in the number of a run: of a stage

  /// The number of a run: whether it is a process of a stage, and a counter.
  static std::uint32_t numberOf(std::uint32_t count, bool isStage) {
    return (count & (kStage - 1)) | (isStage ? kStage : 0);
  }

  RunTag(std::uint32_t family, std::uint32_t run)
      : value_((std::uint64_t{1} << 62) | (std::uint64_t{family & kFamilyMask} << 32) | run) {}

  std::uint64_t value() const { return value_; }
  std::uint32_t family() const { return static_cast<std::uint32_t>(value_ >> 32) & kFamilyMask; }
  std::uint32_t run() const { return static_cast<std::uint32_t>(value_); }
  bool isStage() const { return (run() & kStage) != 0; }

  /// The limit's value as a tag; false if it is none.
  static bool read(std::uint64_t limit, RunTag& tag);

 private:
  std::uint64_t value_;
};

/// The same for every host of one data folder, whose lock file that is, so that a new keeper knows
/// what an old one left; a copied folder has another lock file.
std::uint32_t familyOf(const struct stat& lock);

/// A living (not zombie) process that bears a tag.
struct TaggedProcess {
  pid_t pid;
  RunTag tag;
};

/// Those among `candidates` that live and bear a tag of the family.
std::vector<TaggedProcess> taggedAmong(const std::vector<pid_t>& candidates, std::uint32_t family);
/// All processes that this process can see in /proc.
std::vector<pid_t> allProcesses();
/// Sends SIGKILL to all that `find` finds and gives those. They are stopped first, until a look
/// finds no more than the one before: what is stopped cannot fork, so not even a fork bomb outruns
/// it.
std::vector<pid_t> killAll(const std::function<std::vector<pid_t>()>& find);
/// No zombie, and not gone.
bool isLiving(pid_t pid);
/// Those that are children of this process, zombies included.
std::vector<pid_t> childrenAmong(const std::vector<pid_t>& candidates);

/// The pid given out last in this pid namespace (the last word of /proc/loadavg), or 0. Between the
/// start and the end of a short run few pids are given out, so that looking at each of them is far
/// cheaper than all of /proc.
class LastPid {
 public:
  LastPid();
  ~LastPid();
  LastPid(const LastPid&) = delete;
  LastPid& operator=(const LastPid&) = delete;
  pid_t read() const;

 private:
  int fd_;
};

}  // namespace planwright
