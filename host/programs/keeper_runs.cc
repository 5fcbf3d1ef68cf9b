#include "programs/keeper_runs.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <thread>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

#include "programs/user_processes.h"
#include "programs/user_table.h"

namespace planwright {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kLookAgain(5);  // while something that was killed still dies
constexpr milliseconds kSweepEvery(5'000);
constexpr int kBySignal = 128;  // shells and bwrap add the number of the signal to it

std::vector<pid_t> pidsOf(const std::vector<TaggedProcess>& processes) {
  std::vector<pid_t> pids;
  pids.reserve(processes.size());
  for (const TaggedProcess& process : processes) pids.push_back(process.pid);
  return pids;
}

}  // namespace

KeeperRuns::KeeperRuns(std::uint32_t family, std::uint64_t openFiles)
    : family_(family),
      groups_(family),
      remains_(family, groups_, [this](pid_t pid) { return leaders_.contains(pid); }) {
  spawner_.setOpenFiles(openFiles);
}

std::optional<ExitMessage> KeeperRuns::start(const RunMessage& message, int channel,
                                             std::optional<SpawnPlan> plan) {
  Run run;
  run.number = message.number;
  run.channel = channel;
  run.exit.number = message.number;
  run.grace = milliseconds(message.graceMillis);

  Spawned spawned{-1, "a message to the keeper lost its descriptors", true};
  if (plan) {
    plan->tag = RunTag(family_, message.number);
    const ControlGroups::Joined groups = groups_.make(run.number, plan->limits, message.isConfined);
    run.hasLimitGroup = groups.processes || groups.memory;
    run.isWrapped = message.isWrapped;
    if (message.isUserOwn && !message.isWrapped) run.user = message.user;
    run.hasInit = message.hasInit;
    run.limits = plan->limits;
    plan->processGroupFd = groups.processes.get();
    plan->memoryGroupFd = groups.memory.get();
    run.startedAt = Steady::now();
    spawned = spawner_.start(*plan);
  }
  if (spawned.pid < 0) {
    std::snprintf(run.exit.startError, sizeof run.exit.startError, "%s", spawned.error.c_str());
    run.exit.isLost = spawned.isLost;
    if (run.hasLimitGroup) groups_.remove(run.number);
    return run.exit;
  }
  if (message.timeoutMillis > 0) run.stopAt = run.startedAt + milliseconds(message.timeoutMillis);
  run.leader = spawned.pid;
  leaders_[run.leader] = run.number;
  runs_.emplace(run.number, run);
  startedSinceSweep_ = true;
  return std::nullopt;
}

void KeeperRuns::stop(std::uint32_t number) {
  const auto found = runs_.find(number);
  if (found == runs_.end() || found->second.hasExited || found->second.killAt) return;
  found->second.exit.stopped = true;
  askToEnd(found->second);
}

void KeeperRuns::drop(int channel) {
  for (auto& [number, run] : runs_) {
    if (run.channel != channel) continue;
    run.channel = -1;
    if (!run.hasExited) ::kill(-run.leader, SIGKILL);
  }
}

void KeeperRuns::askToEnd(Run& run) const {
  run.killAt = Steady::now() + run.grace;
  if (run.isWrapped) {
    for (const auto& [pid, tag] : taggedAmong(allProcesses(), family_))
      if (tag.run() == run.number && pid != run.leader && ::kill(pid, SIGTERM) == 0)
        ::kill(pid, SIGCONT);
    return;
  }
  ::kill(-run.leader, SIGTERM);
  ::kill(-run.leader, SIGCONT);  // a stopped process would not hear it
}

void KeeperRuns::reap() {
  for (;;) {
    siginfo_t ended{};
    if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) break;
    const auto leader = leaders_.find(ended.si_pid);
    // Until the dead leader is reaped, nobody else can get its number, so this signal reaches only
    // its group.
    if (leader != leaders_.end()) ::kill(-ended.si_pid, SIGKILL);
    int status = 0;
    rusage usage{};
    ::wait4(ended.si_pid, &status, WNOHANG, &usage);
    if (leader == leaders_.end()) continue;  // an orphan that came to us
    Run& run = runs_.at(leader->second);
    noteExit(run, status, usage);
    noteGroups(run);  // before what is left is kept from forking
    noteLimit(run);
    leaders_.erase(leader);
  }
}

void KeeperRuns::noteExit(Run& run, int status, const rusage& usage) {
  run.hasExited = true;
  run.exit.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  run.exit.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (run.isWrapped && !run.hasInit && run.exit.code > kBySignal &&
      run.exit.code <= kBySignal + SIGSYS)
    run.exit.signal = std::exchange(run.exit.code, -1) - kBySignal;
  run.exit.ranMicros =
      std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - run.startedAt).count();
  // Between fork and exec it was the keeper, whose size a smaller program keeps as its own.
  rusage ours{};
  ::getrusage(RUSAGE_SELF, &ours);
  if (usage.ru_maxrss > ours.ru_maxrss)
    run.exit.peakMemoryBytes = static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

/// What the run's groups tell: the memory of all its processes, and the limit that it broke. One
/// whose processes were refused or killed has not done all of its work, even if it says so.
void KeeperRuns::noteGroups(Run& run) const {
  if (!run.hasLimitGroup) return;
  if (const auto peak = groups_.peakMemoryBytes(run.number); peak > 0)
    run.exit.peakMemoryBytes = peak;
  if (!run.exit.stopped && !run.exit.timedOut) run.exit.limit = groups_.brokenLimit(run.number);
}

/// The limit that a signal tells.
void KeeperRuns::noteLimit(Run& run) {
  if (run.exit.code == 0 || run.exit.stopped || run.exit.timedOut) return;
  // The exit code of a shell contains the signal that ended its child.
  const int signal = run.exit.signal != 0 ? run.exit.signal : run.exit.code - kBySignal;
  if (signal == SIGXCPU && run.limits.cpuSeconds > 0) run.exit.limit = ProgramLimit::Cpu;
  if (signal == SIGXFSZ && run.limits.fileSizeBytes > 0) run.exit.limit = ProgramLimit::FileSize;
}

std::vector<KeeperRuns::Ended> KeeperRuns::takeEnded() {
  std::vector<Ended> ended;
  for (auto at = runs_.begin(); at != runs_.end();) {
    Run& run = at->second;
    if (!run.hasExited || !remains_.end(run)) {
      ++at;
      continue;
    }
    if (run.hasLimitGroup) groups_.remove(run.number);
    ended.push_back({run.channel, run.exit});
    at = runs_.erase(at);
  }
  return ended;
}

void KeeperRuns::keepTime() {
  const auto now = Steady::now();
  for (auto& [number, run] : runs_) {
    if (run.hasExited) continue;
    if (run.stopAt && now >= *run.stopAt) {
      run.stopAt.reset();
      if (!run.killAt) {
        run.exit.timedOut = true;
        askToEnd(run);
      }
    }
    if (run.killAt && now >= *run.killAt) {
      run.killAt = now + std::chrono::seconds(1);  // again, should one have been forked meanwhile
      ::kill(-run.leader, SIGKILL);
    }
  }
}

void KeeperRuns::sweep() {
  const auto now = Steady::now();
  if (!startedSinceSweep_ || now < nextSweep_) return;
  nextSweep_ = now + kSweepEvery;
  const bool isAny = remains_.endStrays([this](std::uint32_t run) { return runs_.contains(run); });
  startedSinceSweep_ = isAny || !runs_.empty();
}

std::optional<milliseconds> KeeperRuns::untilDue() const {
  std::optional<milliseconds> wait;
  const auto atMost = [&wait](milliseconds time) { wait = std::min(wait.value_or(time), time); };
  const auto until = [&atMost, now = Steady::now()](Steady::time_point time) {
    atMost(std::chrono::ceil<milliseconds>(time - now));
  };
  for (const auto& [number, run] : runs_) {
    if (run.hasExited) atMost(kLookAgain);
    if (!run.hasExited && run.stopAt) until(*run.stopAt);
    if (!run.hasExited && run.killAt) until(*run.killAt);
  }
  if (startedSinceSweep_) until(nextSweep_);
  return wait;
}

void buryThePast(std::uint32_t family) {
  constexpr milliseconds kPatience(10'000);
  const auto giveUp = std::chrono::steady_clock::now() + kPatience;
  UserTable().endLeft();
  for (;;) {
    const auto left = killAll([family] { return pidsOf(taggedAmong(allProcesses(), family)); });
    if (left.empty() || std::chrono::steady_clock::now() > giveUp) return;
    std::this_thread::sleep_for(kLookAgain);  // not our children: no signal tells of their end
  }
}

void KeeperRuns::killEverything() const {
  for (;;) {
    for (const auto& [number, run] : runs_)
      if (run.user != 0) killUser(run.user);
    const std::vector<pid_t> left = killAll([this] {
      const std::vector<pid_t> processes = allProcesses();
      std::vector<pid_t> all = pidsOf(taggedAmong(processes, family_));
      for (const pid_t child : childrenAmong(processes)) all.push_back(child);
      return all;
    });
    pid_t reaped = 0;
    do {
      reaped = ::waitpid(-1, nullptr, WNOHANG);
    } while (reaped > 0);
    if (left.empty() && reaped < 0) return;  // ECHILD: no child either
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace planwright
