#include "programs/keeper_spawn.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/open_files.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PLANWRIGHT_PLAIN_FORK \
  1  // a sanitizer's own state must not be shared with a half-made child
#else
#define PLANWRIGHT_PLAIN_FORK 0
#endif

namespace planwright {
namespace {

/// After a plain fork the descriptor that tells of the exec must live until then.
constexpr int kCloseHow = PLANWRIGHT_PLAIN_FORK ? CLOSE_RANGE_CLOEXEC : 0;

enum class Step : int { None, Setup, Limits, Folder, Confine, Exec };

struct Limit {
  int resource;
  rlim_t value;
  bool isSoftOnly = false;  ///< the program may raise it again
  rlim_t slack = 0;         ///< from the signal that tells to the one that ends
};

/// Where execvp(3) would look, with the program's own PATH.
std::vector<std::string> placesOf(const ProgramWords& words) {
  const std::string name = words.argv[0];
  if (name.find('/') != std::string::npos) return {name};
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  for (const char* variable : words.env)
    if (variable != nullptr && std::strncmp(variable, "PATH=", 5) == 0) path = variable + 5;
  std::vector<std::string> places;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    places.push_back(end == at ? name : path.substr(at, end - at) + "/" + name);
    at = end + 1;
  }
  return places;
}

std::string describe(Step step, int error, const ProgramWords& words,
                     const std::vector<std::string>& places) {
  const std::string reason = std::generic_category().message(error);
  const std::string name = words.argv[0];
  switch (step) {
    case Step::Folder:
      return "cannot run '" + name + "' in folder '" + words.cwd + "': " + reason;
    case Step::Limits:
      return "cannot set the limits of '" + name + "': " + reason;
    case Step::Confine:
      return "cannot confine '" + name + "': " + reason;
    case Step::Exec:
      break;
    case Step::None:
    case Step::Setup:
      return "cannot prepare a process for '" + name + "': " + reason;
  }
  const bool isScript =
      places.size() == 1 && places[0].front() == '/' && ::access(places[0].c_str(), F_OK) == 0;
  if (error == ENOENT && isScript)
    return "cannot run '" + name + "': the interpreter it names does not exist";
  if (error == ENOEXEC)
    return "cannot run '" + name + "': not a program, nor a script that starts with #!";
  return "cannot run '" + name + "': " + reason;
}

}  // namespace

std::optional<SpawnPlan> planOf(const RunMessage& message, const Packet& packet,
                                std::span<char> text, std::string& longText) {
  SpawnPlan plan;
  std::size_t next = 0;
  bool isComplete = true;
  const auto take = [&](bool isThere) {
    if (!isThere) return -1;
    isComplete = isComplete && next < packet.fds.size();
    return isComplete ? packet.fds[next++].get() : -1;
  };
  plan.stdinFd = take(message.hasStdin);
  plan.stdoutFd = take(message.hasStdout);
  plan.stderrFd = take(message.hasStderr);
  plan.confinement = {
      message.isConfined,      message.user,
      message.group,           take(message.hasLandlock),
      take(message.hasFilter), {},
      message.isWrapped,       take(message.hasInit),
      take(message.hasInit),   message.isFolderChosen,
      message.isUserOwn,
  };
  plan.programFd = take(message.hasProgram);
  for (std::uint32_t i = 0; i < message.namespaceCount && isComplete; ++i)
    plan.confinement.namespaces.push_back(take(true));
  const int file = take(message.isTextInFile);
  if (!isComplete || next != packet.fds.size()) return std::nullopt;
  if (file >= 0) text = longText = readAll(file);
  Result<ProgramWords> words = splitProgramText(text, message.argCount, message.envCount);
  if (!words) return std::nullopt;
  plan.words = std::move(*words);
  plan.limits = message.limits;
  return plan;
}

/// Written by the child before it gives up, read by the keeper after.
struct Spawner::Report {
  Step step;
  int error;
};

/// All that the child touches: nothing may be allocated there.
struct Spawner::Prepared {
  Report* report;
  char* const* argv;
  char* const* env;
  const char* cwd;
  const char* const* places;
  int stdio[3];
  int groups[2];
  int file;  ///< that is started, or -1
  const Confinement* confinement;
  const sock_fprog* filter;  ///< null: none, or not for us to enter
  const Limit* limits;
  std::size_t limitCount;
  pid_t keeper;
};

Spawner::Spawner()
    : report_(static_cast<Report*>(::mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_ANONYMOUS, -1, 0))),
      null_(::open("/dev/null", O_RDWR | O_CLOEXEC)) {
  if (report_ == MAP_FAILED || !null_)
    throw std::system_error(errno, std::generic_category(), "keeper");
  raiseOpenFileLimit();
  openFiles_ = openFileLimitOfPrograms();
}

Spawner::~Spawner() {
  ::munmap(report_, sizeof(Report));
}

void Spawner::becomeProgram(const Prepared& program) {
  const auto giveUp = [&program](Step step) {
    *program.report = {step, errno};
    ::_exit(127);
  };
  if (::setsid() < 0) giveUp(Step::Setup);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE})
    ::signal(number, SIG_DFL);  // what we ignore
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != program.keeper) ::_exit(127);
  ::umask(022);
  for (const int group : program.groups)
    if (group >= 0 && ::write(group, "0", 1) != 1) giveUp(Step::Limits);
  for (int i = 0; i < 3; ++i)
    if (::dup2(program.stdio[i], i) < 0) giveUp(Step::Setup);
  if (!enterNamespaces(program)) giveUp(Step::Confine);
  for (std::size_t i = 0; i < program.limitCount; ++i) {
    const Limit& limit = program.limits[i];
    rlimit now{};
    ::getrlimit(static_cast<__rlimit_resource>(limit.resource), &now);
    const rlim_t value =
        std::min(limit.value, now.rlim_max);  // what is already limited further stays so
    now = {value, limit.isSoftOnly ? now.rlim_max : std::min(value + limit.slack, now.rlim_max)};
    if (::setrlimit(static_cast<__rlimit_resource>(limit.resource), &now) != 0)
      giveUp(Step::Limits);
  }
  const bool isChosen = program.confinement->isFolderChosen;
  if (!isChosen && ::chdir(program.cwd) != 0) giveUp(Step::Folder);
  if (!becomeUser(program)) giveUp(Step::Confine);
  if (isChosen && ::chdir(program.cwd) != 0) giveUp(Step::Folder);
  if (!confine(program)) giveUp(Step::Confine);
  int error = ENOENT;
  for (const char* const* place = program.places; *place != nullptr; ++place) {
    ::execve(*place, program.argv, program.env);
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
  }
  errno = error;
  giveUp(Step::Exec);
  ::_exit(127);
}

/// A user namespace first, if there is one: it brings the right to enter the others, and takes back
/// the signal of our parent's death.
bool Spawner::enterNamespaces(const Prepared& program) {
  for (const int fd : program.confinement->namespaces)
    if (::setns(fd, 0) != 0) return false;
  if (program.confinement->namespaces.empty()) return true;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != program.keeper) ::_exit(127);
  return true;
}

/// Raw calls: libc would change the ids of all threads, and of the keeper whose memory we share.
bool Spawner::becomeUser(const Prepared& program) {
  const Confinement& wish = *program.confinement;
  if (!wish.isConfined || wish.user == 0) return true;
  const auto user = static_cast<long>(wish.user), group = static_cast<long>(wish.group);
  if (::syscall(SYS_setgroups, 0, nullptr) != 0 ||
      ::syscall(SYS_setresgid, group, group, group) != 0 ||
      ::syscall(SYS_setresuid, user, user, user) != 0)
    return false;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a change of user takes it back
  if (::getppid() != program.keeper) ::_exit(127);
  return true;
}

bool Spawner::confine(const Prepared& program) {
  const Confinement& wish = *program.confinement;
  if (!wish.isConfined) return keepDescriptors(program);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  if (wish.landlockFd >= 0 && ::syscall(SYS_landlock_restrict_self, wish.landlockFd, 0) != 0)
    return false;
  return keepDescriptors(program) &&
         (program.filter == nullptr ||
          ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program.filter) == 0);
}

/// Besides the three, those that the program and its wrappers are to find: the filter as 3, the
/// report and planwright-init as 4 and 5, the program itself as 6. (Descriptors of messages have
/// higher numbers.)
bool Spawner::keepDescriptors(const Prepared& program) {
  const Confinement& wish = *program.confinement;
  const bool isWrapped = wish.isWrapped;
  int at = 3;
  for (const int fd : {isWrapped ? wish.filterFd : -1, isWrapped ? wish.reportFd : -1,
                       isWrapped ? wish.initFd : -1, program.file}) {
    const auto number = static_cast<unsigned>(at);
    if (fd < 0)
      ::close_range(number, number, kCloseHow);
    else if (::dup2(fd, at) < 0 || ::fcntl(at, F_SETFD, 0) != 0)
      return false;
    ++at;
  }
  return ::close_range(kProgramFd + 1, ~0U, kCloseHow) == 0;
}

#if PLANWRIGHT_PLAIN_FORK
pid_t Spawner::forkAndExec(const Prepared& program) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return -1;
  const pid_t pid = ::fork();
  if (pid == 0) becomeProgram(program);
  ::close(ends[1]);
  char byte = 0;
  while (pid > 0 && ::read(ends[0], &byte, 1) < 0 && errno == EINTR) {  // it closes at exec
  }
  ::close(ends[0]);
  return pid;
}
#else
pid_t Spawner::forkAndExec(const Prepared& program) {
  const pid_t pid = ::vfork();
  if (pid == 0) becomeProgram(program);
  return pid;
}
#endif

Spawned Spawner::start(const SpawnPlan& plan) {
  const bool isFileOpen = plan.programFd >= 0 && !plan.confinement.isWrapped;
  const std::vector<std::string> places =
      isFileOpen ? std::vector<std::string>{kProgramFile} : placesOf(plan.words);
  std::vector<const char*> placePointers;
  placePointers.reserve(places.size() + 1);
  for (const std::string& place : places) placePointers.push_back(place.c_str());
  placePointers.push_back(nullptr);

  std::vector<Limit> limits{{RLIMIT_RTTIME, plan.tag.value(), false}};
  const auto add = [&limits](int resource, std::uint64_t value) {
    if (value != 0) limits.push_back({resource, value, false});
  };
  const bool isSanitized = PLANWRIGHT_PLAIN_FORK;  // has terabytes of addresses
  if (plan.memoryGroupFd < 0 && !isSanitized) add(RLIMIT_AS, plan.limits.memoryBytes);
  if (plan.limits.cpuSeconds != 0)
    limits.push_back({RLIMIT_CPU, plan.limits.cpuSeconds, false, 1});  // SIGXCPU, then SIGKILL
  add(RLIMIT_FSIZE, plan.limits.fileSizeBytes);
  if (plan.processGroupFd < 0) add(RLIMIT_NPROC, plan.limits.processes);
  add(RLIMIT_NOFILE, plan.limits.openFiles);
  if (plan.limits.openFiles == 0) limits.push_back({RLIMIT_NOFILE, openFiles_, true});

  const auto orNull = [this](int fd) { return fd >= 0 ? fd : null_.get(); };
  std::string filterBytes;
  sock_fprog filter{};
  if (plan.confinement.filterFd >= 0 && !plan.confinement.isWrapped) {
    ::lseek(plan.confinement.filterFd, 0, SEEK_SET);
    filterBytes = readAll(plan.confinement.filterFd);
    filter.len = static_cast<unsigned short>(filterBytes.size() / sizeof(sock_filter));
    filter.filter = reinterpret_cast<sock_filter*>(filterBytes.data());
  }
  *report_ = {Step::None, 0};
  const Prepared program{report_,
                         plan.words.argv.data(),
                         plan.words.env.data(),
                         plan.words.cwd,
                         placePointers.data(),
                         {orNull(plan.stdinFd), orNull(plan.stdoutFd), orNull(plan.stderrFd)},
                         {plan.processGroupFd, plan.memoryGroupFd},
                         plan.programFd,
                         &plan.confinement,
                         filter.len > 0 ? &filter : nullptr,
                         limits.data(),
                         limits.size(),
                         ::getpid()};
  const pid_t pid = forkAndExec(program);
  if (pid < 0)
    return {-1,
            "no process to be had for '" + std::string(plan.words.argv[0]) +
                "': " + std::generic_category().message(errno),
            true};
  if (report_->step == Step::None) return {pid, {}, false};
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  const bool isOurs = report_->step != Step::Folder && report_->step != Step::Exec;
  return {-1, describe(report_->step, report_->error, plan.words, places), isOurs};
}

}  // namespace planwright
