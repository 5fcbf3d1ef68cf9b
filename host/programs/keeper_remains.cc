#include "programs/keeper_remains.h"

#include <algorithm>
#include <chrono>
#include <csignal>

#include <unistd.h>

#include "programs/user_processes.h"

namespace planwright {

bool Remains::end(RunTraces& run) {
  constexpr int kLooksBeforeChase = 3;
  if (run.user != 0) killUser(run.user);
  if (!run.isGroupGone && ::kill(-run.leader, SIGKILL) == 0) return false;
  run.isGroupGone = true;  // from now on the number may be another group's
  if (run.hasLimitGroup && !groups_.end(run.number)) return false;
  const auto left = killAll([&] {
    std::vector<pid_t> pids = mayBelongTo(run);
    std::erase_if(pids, [&](pid_t pid) { return !isOf(run, pid); });
    return pids;
  });
  if (left.empty()) return true;
  if (++run.looks > kLooksBeforeChase) chase(run);
  return false;
}

bool Remains::endStrays(const std::function<bool(std::uint32_t run)>& isRunning) const {
  bool isAny = false;
  const auto end = [&](pid_t pid) { isAny = ::kill(pid, SIGKILL) == 0 || isAny; };
  const std::vector<pid_t> all = allProcesses();
  for (const TaggedProcess& process : taggedAmong(all, family_))
    if (!isRunning(process.tag.run())) end(process.pid);
  for (const pid_t pid : childrenAmong(all))
    if (isLiving(pid) && !isLeader_(pid) && taggedAmong({pid}, family_).empty()) end(pid);
  return isAny;
}

/// Living, and of this run.
bool Remains::isOf(const RunTraces& run, pid_t pid) const {
  const auto tagged = taggedAmong({pid}, family_);
  if (!tagged.empty() && tagged.front().tag.run() == run.number) return true;
  return run.user != 0 && !processesOf({pid}, run.user).empty();
}

/// Processes younger than the leader that are in no session of another run.
std::vector<pid_t> Remains::mayBelongTo(const RunTraces& run) const {
  constexpr pid_t kFewPids = 4096;
  const pid_t last = lastPid_.read();
  std::vector<pid_t> pids;
  if (last < run.leader || last - run.leader > kFewPids) {  // a long run, or the numbers began anew
    pids = allProcesses();
  } else {
    for (pid_t pid = run.leader + 1; pid <= last; ++pid) pids.push_back(pid);
  }
  std::erase_if(pids, [this](pid_t pid) {
    const pid_t session = ::getsid(pid);
    return session <= 0 || isLeader_(session);
  });
  return pids;
}

/// What forks and ends all the time is gone before a list of processes is made. So each new one is
/// looked at as it comes.
void Remains::chase(const RunTraces& run) const {
  using Steady = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kLongest(5);  // others wait for us
  pid_t seen = lastPid_.read();
  for (const auto until = Steady::now() + kLongest; Steady::now() < until;) {
    const pid_t last = lastPid_.read();
    for (pid_t pid = seen + 1; pid <= last; ++pid)
      if (isOf(run, pid)) ::kill(pid, SIGKILL);
    seen = last;
  }
}

}  // namespace planwright
