#include "programs/keeper_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"

namespace planwright {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kLookAgain(5);  // while something that was killed still dies
constexpr milliseconds kSweepEvery(5'000);
constexpr int kBySignal = 128;  // shells and bwrap add the number of the signal to it

std::chrono::nanoseconds sinceBoot() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// Nothing of the host's signal set-up stays; only the socket tells the keeper to end.
UniqueFd takeSignals() {
  // By raw system calls: posix_spawn leaves two signals of libc ignored, libc refuses to change
  // them, and programs would inherit that.
  const unsigned long asDefault[4] =
      {};  // the kernel's struct sigaction: handler, flags, restorer, mask
  for (int number = 1; number < NSIG; ++number)
    ::syscall(SYS_rt_sigaction, number, asDefault, nullptr, sizeof(unsigned long));
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
  sigset_t children;
  ::sigemptyset(&children);
  ::sigaddset(&children, SIGCHLD);
  ::sigprocmask(SIG_SETMASK, &children, nullptr);
  return UniqueFd(::signalfd(-1, &children, SFD_NONBLOCK | SFD_CLOEXEC));
}

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

template <class T>
bool readMessage(const Packet& packet, T& message) {
  if (packet.bytes.size() < sizeof message) return false;
  std::memcpy(&message, packet.bytes.data(), sizeof message);
  return true;
}

}  // namespace

int keeperMain(int fd) {
  ::prctl(PR_SET_NAME, "pw-keeper");
  try {
    return KeeperProcess(fd).run();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "planwright keeper: %s\n", e.what());
    return 1;
  }
}

KeeperProcess::KeeperProcess(int control)
    : control_(control),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      childSignals_(takeSignals()) {
  for (int fd = control; fd <= control + 1; ++fd)
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);  // socket, perhaps the lock
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 || !epoll_ || !childSignals_)
    throw std::system_error(errno, std::generic_category(), "cannot set up");
  watch(epoll_.get(), control_.get());
  watch(epoll_.get(), childSignals_.get());
}

int KeeperProcess::run() {
  greet();
  buryThePast();
  groups_.emplace(family_);
  sendPacket(control_.get(), bytesOf(ShortMessage{KeeperWord::Hello, 0}));
  while (!isHostGone_) {
    epoll_event events[64];
    const int count = ::epoll_wait(epoll_.get(), events, std::size(events), waitMillis());
    bool hasEnded =
        false;  // some child; looked at last, so that programs start before others are buried
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == control_.get()) {
        readControl();
      } else if (fd == childSignals_.get()) {
        hasEnded = true;
      } else {
        readChannel(fd);
      }
    }
    if (hasEnded) reap();
    keepTime();
    if (isHostSilent()) isHostGone_ = true;
  }
  killEverything();
  return 0;
}

void KeeperProcess::greet() {
  HelloMessage hello;
  const Packet packet = receivePacket(control_.get(), buffer_);
  if (!readMessage(packet, hello) || hello.word != KeeperWord::Hello)
    throw std::runtime_error("is started by `planwright serve`, not by hand");
  family_ = hello.family;
  lease_ = milliseconds(hello.leaseMillis);
  spawner_.setOpenFiles(hello.openFiles);
  lastWord_ = sinceBoot();
}

/// Ends what an earlier keeper of the same data folder left when it was killed itself.
void KeeperProcess::buryThePast() {
  constexpr milliseconds kPatience(10'000);
  const auto giveUp = Steady::now() + kPatience;
  for (;;) {
    const auto left = killAll([this] { return pidsOf(allProcesses(), std::nullopt); });
    if (left.empty() || Steady::now() > giveUp) return;
    std::this_thread::sleep_for(kLookAgain);  // not our children: no signal tells of their end
  }
}

void KeeperProcess::readControl() {
  Packet packet = receivePacket(control_.get(), buffer_, MSG_DONTWAIT);
  if (packet.isNothing) return;
  ShortMessage message;
  if (!readMessage(packet, message)) {
    isHostGone_ = true;
    return;
  }
  lastWord_ = sinceBoot();
  if (message.word != KeeperWord::Channel || packet.fds.empty()) return;
  UniqueFd channel = std::move(packet.fds.front());
  const int fd = channel.get();
  watch(epoll_.get(), fd);
  channels_.emplace(fd, std::move(channel));
}

void KeeperProcess::readChannel(int channel) {
  if (channels_.count(channel) == 0) return;  // dropped earlier in the same round
  Packet packet = receivePacket(channel, buffer_, MSG_DONTWAIT);
  if (packet.isNothing) return;
  ShortMessage message;
  if (!readMessage(packet, message)) return dropChannel(channel);
  if (message.word == KeeperWord::Stop) return stopRun(message.number);
  if (message.word == KeeperWord::Run) startRun(channel, std::move(packet));
}

void KeeperProcess::startRun(int channel, Packet packet) {
  RunMessage message;
  if (!readMessage(packet, message)) return dropChannel(channel);
  Run run;
  run.number = message.number;
  run.channel = channel;
  run.exit.number = message.number;
  run.tag = RunTag(family_, message.number);
  run.grace = milliseconds(message.graceMillis);

  std::string longText;
  const std::span<char> text(buffer_.data() + sizeof message, packet.bytes.size() - sizeof message);
  Spawned spawned{-1, "a message to the keeper lost its descriptors", true};
  if (auto plan = planOf(message, packet, text, longText)) {
    plan->tag = run.tag;
    const ControlGroups::Joined groups =
        groups_->make(run.number, plan->limits, message.isConfined);
    run.hasLimitGroup = groups.processes || groups.memory;
    run.isWrapped = message.isWrapped;
    run.hasInit = message.hasInit;
    run.limits = plan->limits;
    plan->processGroupFd = groups.processes.get();
    plan->memoryGroupFd = groups.memory.get();
    run.startedAt = Steady::now();
    spawned = spawner_.start(*plan);
  }
  packet.fds.clear();  // before the answer: then nobody of us holds the caller's files any more
  if (spawned.pid < 0) {
    std::snprintf(run.exit.startError, sizeof run.exit.startError, "%s", spawned.error.c_str());
    run.exit.isLost = spawned.isLost;
    if (run.hasLimitGroup) groups_->remove(run.number);
    return answer(run);
  }
  if (message.timeoutMillis > 0) run.stopAt = run.startedAt + milliseconds(message.timeoutMillis);
  run.leader = spawned.pid;
  leaders_[run.leader] = run.number;
  runs_.emplace(run.number, run);
  startedSinceSweep_ = true;
}

void KeeperProcess::stopRun(std::uint32_t number) {
  const auto found = runs_.find(number);
  if (found == runs_.end() || found->second.hasExited || found->second.killAt) return;
  found->second.exit.stopped = true;
  askToEnd(found->second);
}

/// The host's end is closed: whoever asked for the run is gone, so the run goes at once.
void KeeperProcess::dropChannel(int channel) {
  channels_.erase(channel);  // closing takes it out of the epoll set
  for (auto& [number, run] : runs_) {
    if (run.channel != channel) continue;
    run.channel = -1;
    if (!run.hasExited) ::kill(-run.leader, SIGKILL);
  }
}

void KeeperProcess::askToEnd(Run& run) {
  run.killAt = Steady::now() + run.grace;
  if (run.isWrapped) {
    for (const pid_t pid : pidsOf(allProcesses(), run.number))
      if (pid != run.leader && ::kill(pid, SIGTERM) == 0) ::kill(pid, SIGCONT);
    return;
  }
  ::kill(-run.leader, SIGTERM);
  ::kill(-run.leader, SIGCONT);  // a stopped process would not hear it
}

void KeeperProcess::reap() {
  signalfd_siginfo ignored[16];
  while (::read(childSignals_.get(), ignored, sizeof ignored) > 0) {
  }
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
    noteExit(runs_.at(leader->second), status, usage);
    leaders_.erase(leader);
  }
}

void KeeperProcess::noteExit(Run& run, int status, const rusage& usage) {
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
void KeeperProcess::noteGroups(Run& run) const {
  if (!run.hasLimitGroup) return;
  if (const auto peak = groups_->peakMemoryBytes(run.number); peak > 0)
    run.exit.peakMemoryBytes = peak;
  if (!run.exit.stopped && !run.exit.timedOut) run.exit.limit = groups_->brokenLimit(run.number);
}

/// The limit that a signal tells.
void KeeperProcess::noteLimit(Run& run) const {
  if (run.exit.code == 0 || run.exit.stopped || run.exit.timedOut) return;
  // The exit code of a shell contains the signal that ended its child.
  const int signal = run.exit.signal != 0 ? run.exit.signal : run.exit.code - kBySignal;
  if (signal == SIGXCPU && run.limits.cpuSeconds > 0) run.exit.limit = ProgramLimit::Cpu;
  if (signal == SIGXFSZ && run.limits.fileSizeBytes > 0) run.exit.limit = ProgramLimit::FileSize;
}

/// Answers for the runs of which nothing is left.
void KeeperProcess::settle() {
  for (auto at = runs_.begin(); at != runs_.end();) {
    if (at->second.hasExited && isGone(at->second)) {
      noteGroups(at->second);
      noteLimit(at->second);
      if (at->second.hasLimitGroup) groups_->remove(at->first);
      answer(at->second);
      at = runs_.erase(at);
    } else {
      ++at;
    }
  }
}

/// Kills what is left of a run whose leader has ended. True once that is nothing.
bool KeeperProcess::isGone(Run& run) {
  if (!run.isGroupGone && ::kill(-run.leader, SIGKILL) == 0) return false;
  run.isGroupGone = true;  // from now on the number may be another group's
  if (run.hasLimitGroup && !killAll([&] { return groups_->membersOf(run.number); }).empty())
    return false;
  return killAll([&] { return pidsOf(mayBelongTo(run), run.number); }).empty();
}

/// Those among `candidates` that live and are of our family, or of one run of it.
std::vector<pid_t> KeeperProcess::pidsOf(const std::vector<pid_t>& candidates,
                                         std::optional<std::uint32_t> run) const {
  std::vector<pid_t> pids;
  for (const TaggedProcess& process : taggedAmong(candidates, family_))
    if (!run || process.tag.run() == *run) pids.push_back(process.pid);
  return pids;
}

/// Processes younger than the leader that are in no session of another run.
std::vector<pid_t> KeeperProcess::mayBelongTo(const Run& run) const {
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
    return session <= 0 || leaders_.count(session) > 0;
  });
  return pids;
}

void KeeperProcess::answer(const Run& run) {
  if (run.channel < 0) return;
  if (!sendPacket(run.channel, bytesOf(run.exit), {}, {}, MSG_DONTWAIT)) dropChannel(run.channel);
}

void KeeperProcess::keepTime() {
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
  settle();
  if (startedSinceSweep_ && now >= nextSweep_) sweep();
}

/// The safety net below mayBelongTo: nothing may live with the tag of a run that is over.
void KeeperProcess::sweep() {
  startedSinceSweep_ = !runs_.empty();
  nextSweep_ = Steady::now() + kSweepEvery;
  for (const TaggedProcess& process : taggedAmong(allProcesses(), family_))
    if (runs_.count(process.tag.run()) == 0) ::kill(process.pid, SIGKILL);
}

void KeeperProcess::killEverything() {
  for (;;) {
    const std::vector<pid_t> left = killAll([this] {
      std::vector<pid_t> all = pidsOf(allProcesses(), std::nullopt);
      for (const pid_t child : ownChildren()) all.push_back(child);
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

int KeeperProcess::waitMillis() const {
  auto wait =
      milliseconds(lease_ - std::chrono::duration_cast<milliseconds>(sinceBoot() - lastWord_));
  const auto now = Steady::now();
  const auto until = [&](Steady::time_point time) {
    wait = std::min(wait, std::chrono::ceil<milliseconds>(time - now));
  };
  for (const auto& [number, run] : runs_) {
    if (run.hasExited) wait = std::min(wait, kLookAgain);
    if (!run.hasExited && run.stopAt) until(*run.stopAt);
    if (!run.hasExited && run.killAt) until(*run.killAt);
  }
  if (startedSinceSweep_) until(nextSweep_);
  return static_cast<int>(std::max(wait, milliseconds(0)).count());
}

bool KeeperProcess::isHostSilent() const {
  return sinceBoot() - lastWord_ >= lease_;
}

}  // namespace planwright
