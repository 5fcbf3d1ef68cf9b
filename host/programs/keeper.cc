#include "programs/keeper.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <stop_token>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"
#include "base/open_files.h"
#include "base/threads.h"
#include "programs/keeper_tags.h"
#include "programs/user_processes.h"

namespace planwright {
namespace {

constexpr int kControlFd = 3;  // the keeper finds its socket here, and behind it the lock

[[noreturn]] void fail(const char* what, int error = errno) {
  throw std::system_error(error, std::generic_category(), what);
}

struct SocketPair {
  UniqueFd ours, theirs;
};

SocketPair socketPair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) fail("socketpair");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// Without a lock no later keeper can know what this one leaves: any number will do.
std::uint32_t familyOf(int lockFd) {
  struct stat lock {};
  if (lockFd >= 0 && ::fstat(lockFd, &lock) == 0) return planwright::familyOf(lock);
  std::uint32_t random = 0;
  if (::getrandom(&random, sizeof random, 0) < 0) fail("getrandom");
  return random & RunTag::kFamilyMask;
}

/// A copy whose number is not 3 or 4, which the child uses itself.
UniqueFd copyAbove(int fd) {
  constexpr int kAbove = 16;
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, kAbove));
  if (!copy) fail("F_DUPFD_CLOEXEC");
  return copy;
}

pid_t spawnKeeper(const std::string& program, int socket, int lockFd) {
  const UniqueFd control = copyAbove(socket);
  const UniqueFd lock = lockFd >= 0 ? copyAbove(lockFd) : UniqueFd();
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t all, none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, control.get(), kControlFd);
  if (lock) ::posix_spawn_file_actions_adddup2(&actions, lock.get(), kControlFd + 1);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, kControlFd + (lock ? 2 : 1));
  ::posix_spawnattr_init(
      &attributes);  // a session of its own: ^C in the terminal is for the host alone
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  char name[] = "planwright", command[] = "keeper";
  char* const argv[] = {name, command, nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, &attributes, argv, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) fail(("cannot start the keeper " + program).c_str(), error);
  return pid;
}

ProgramExit lost(const std::string& why) {
  ProgramExit exit;
  exit.lost = true;
  exit.startError = why;
  return exit;
}

ProgramExit toExit(const ExitMessage& message) {
  ProgramExit exit;
  exit.code = message.code;
  exit.signal = message.signal;
  exit.timedOut = message.timedOut;
  exit.stopped = message.stopped;
  exit.lost = message.isLost;
  exit.limit = message.limit;
  exit.startError = message.startError;
  exit.ran = std::chrono::microseconds(message.ranMicros);
  exit.peakMemoryBytes = message.peakMemoryBytes;
  return exit;
}

}  // namespace

/// The connection to one keeper. When the last run drops it, the socket is closed, and so the
/// keeper learns that nobody uses it any more.
struct Keeper::Link {
  pid_t pid = -1;
  UniqueFd control;
  Guarded<std::vector<UniqueFd>> idle;  // channels without a run
};

Keeper::Keeper(KeeperOptions options)
    : options_(std::move(options)),
      family_(familyOf(options_.lockFd)) {
  *link_.lock() = startLink();
  feeder_ = startThread("pw-keeper", [this](const std::stop_token& stop) { feed(stop); });
}

Keeper::~Keeper() {
  feeder_.request_stop();
  feeder_.join();
  const pid_t pid = this->pid();
  link_.lock()->reset();  // no run is under way, so this closes all its sockets
  while (pid > 0 && ::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::shared_ptr<Keeper::Link> Keeper::startLink() const {
  auto link = std::make_shared<Link>();
  SocketPair pair = socketPair();
  link->pid = spawnKeeper(options_.selfExe, pair.theirs.get(), options_.lockFd);
  link->control = std::move(pair.ours);
  HelloMessage hello;
  hello.family = family_;
  hello.leaseMillis = options_.leaseMillis;
  hello.openFiles = openFileLimitOfPrograms();
  sendPacket(link->control.get(), bytesOf(hello));
  // It answers when all processes that an earlier keeper left have ended.
  pair.theirs.reset();  // so that its death is heard
  char answer[sizeof(ShortMessage)];
  receivePacket(link->control.get(), answer);
  return link;
}

std::shared_ptr<Keeper::Link> Keeper::liveLink() {
  auto link = link_.lock();
  if (!*link) *link = startLink();
  return *link;
}

/// The keeper behind `link` is gone: the next use starts another.
void Keeper::giveUp(const std::shared_ptr<Link>& link) {
  auto current = link_.lock();
  if (*current != link) return;  // another thread has seen it first
  ::kill(link->pid, SIGKILL);    // our unreaped child; it may be ending, but must not linger
  while (::waitpid(link->pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  current->reset();
  ++restarts_;
  log::error("the keeper (pid {}) is gone, and with it what ran below it; a new one is started",
             link->pid);
}

pid_t Keeper::pid() {
  auto link = link_.lock();
  return *link ? (*link)->pid : -1;
}

Keeper::Channel Keeper::takeChannel() {
  Channel channel{liveLink(), {}};
  {
    auto idle = channel.link->idle.lock();
    if (!idle->empty()) {
      channel.fd = std::move(idle->back());
      idle->pop_back();
      return channel;
    }
  }
  SocketPair pair = socketPair();
  channel.fd = std::move(pair.ours);
  const ShortMessage message{KeeperWord::Channel, 0};
  const int theirs[] = {pair.theirs.get()};
  sendPacket(channel.link->control.get(), bytesOf(message), {},
             theirs);  // a failure shows in the next send
  return channel;
}

bool Keeper::sendRun(const Channel& channel, std::uint32_t number, const ProgramSpec& spec,
                     const std::string& text) const {
  RunMessage message;
  message.number = number;
  message.argCount = static_cast<std::uint32_t>(spec.argv.size());
  message.envCount = static_cast<std::uint32_t>(spec.env.size());
  message.hasStdin = spec.stdinFd >= 0;
  message.hasStdout = spec.stdoutFd >= 0;
  message.hasStderr = spec.stderrFd >= 0;
  message.hasLandlock = spec.confinement.landlockFd >= 0;
  message.hasFilter = spec.confinement.filterFd >= 0;
  message.isConfined = spec.confinement.isConfined;
  message.isWrapped = spec.confinement.isWrapped;
  message.namespaceCount = static_cast<std::uint32_t>(spec.confinement.namespaces.size());
  message.hasInit = spec.confinement.initFd >= 0;
  message.hasProgram = spec.programFd >= 0;
  message.isFolderChosen = spec.confinement.isFolderChosen;
  message.isUserOwn = spec.confinement.isUserOwn;
  message.user = spec.confinement.user;
  message.group = spec.confinement.group;
  message.isTextInFile = text.size() > kInlineTextBytes;
  message.limits = spec.limits;
  message.timeoutMillis = spec.timeout.count();
  message.graceMillis = spec.grace.count();
  std::vector<int> fds;
  for (const int fd : {spec.stdinFd, spec.stdoutFd, spec.stderrFd, spec.confinement.landlockFd,
                       spec.confinement.filterFd, spec.confinement.reportFd,
                       spec.confinement.initFd, spec.programFd})
    if (fd >= 0) fds.push_back(fd);
  for (const int fd : spec.confinement.namespaces) fds.push_back(fd);
  if (!message.isTextInFile) return sendPacket(channel.fd.get(), bytesOf(message), text, fds);
  const UniqueFd file = memoryFile(text);
  fds.push_back(file.get());
  return sendPacket(channel.fd.get(), bytesOf(message), {}, fds);
}

/// False if the keeper is gone.
bool Keeper::awaitExit(const Channel& channel, std::uint32_t number, const std::stop_token& stop,
                       ExitMessage& exit) const {
  const std::stop_callback onStop(stop, [&channel, number] {
    sendPacket(channel.fd.get(), bytesOf(ShortMessage{KeeperWord::Stop, number}), {}, {},
               MSG_DONTWAIT);
  });
  for (;;) {
    char buffer[sizeof exit];
    const Packet packet = receivePacket(channel.fd.get(), buffer);
    if (packet.bytes.size() != sizeof exit) return false;
    std::memcpy(&exit, packet.bytes.data(), sizeof exit);
    if (exit.number == number) return true;
  }
}

ProgramExit Keeper::run(const ProgramSpec& spec, const std::stop_token& stop) {
  ProgramExit notStarted;
  notStarted.stopped = true;
  if (stop.stop_requested()) return notStarted;
  if (spec.sandbox.mode == SandboxWish::Mode::Require && !spec.confinement.isConfined) {
    notStarted.stopped = false;
    notStarted.refusal = "sandbox: require cannot be met: nothing here confines programs";
    return notStarted;
  }
  const Result<std::string> text = programText(spec);
  if (!text) {
    notStarted.stopped = false;
    notStarted.startError = text.error().message;
    return notStarted;
  }
  const std::uint32_t number = RunTag::numberOf(++lastNumber_, spec.isStage);
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; ++i) {
    Channel channel = takeChannel();
    if (!sendRun(channel, number, spec, *text)) {
      const int error = errno;
      if (error != EPIPE && error != ECONNRESET && error != ENOTCONN)
        return lost("cannot reach the keeper: " + std::generic_category().message(error));
      giveUp(channel.link);  // nothing was started, so the next keeper may do it
      continue;
    }
    ExitMessage exit;
    if (!awaitExit(channel, number, stop, exit)) {
      giveUp(channel.link);
      liveLink();  // which ends what is left of the program: the caller may rely on that
      if (spec.confinement.isUserOwn) endUser(spec.confinement.user);  // it does not know of it
      return lost("the keeper of '" + spec.argv[0] + "' died, and the program with it");
    }
    channel.link->idle.lock()->push_back(std::move(channel.fd));
    return toExit(exit);
  }
  return lost("the keeper dies as soon as it is started");
}

void Keeper::feed(const std::stop_token& stop) {
  constexpr std::chrono::milliseconds kLongest(1'000);
  const auto every = std::min(kLongest, std::chrono::milliseconds(options_.leaseMillis / 10));
  while (sleepFor(every, stop)) {
    try {
      const std::shared_ptr<Link> link = liveLink();
      const bool isSent =
          sendPacket(link->control.get(), bytesOf(ShortMessage{}), {}, {}, MSG_DONTWAIT);
      if (!isSent && errno != EAGAIN) giveUp(link);
    } catch (const std::exception& e) {
      log::error("{}", e.what());  // no process to be had; the next second tries again
    }
  }
}

}  // namespace planwright
