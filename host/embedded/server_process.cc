#include "embedded/server_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/open_files.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::uintmax_t kLogLimitBytes = 8 << 20;

UniqueFd openLog(const fs::path& file) {
  std::error_code ignored;
  if (fs::file_size(file, ignored) > kLogLimitBytes && !ignored)
    fs::rename(file, file.string() + ".old", ignored);
  UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd) throw std::system_error(errno, std::generic_category(), "cannot open " + file.string());
  return fd;
}

/// What the child needs, made before the fork: afterwards only async-signal-safe calls are allowed.
struct ChildPlan {
  char* const* argv;
  char* const* environment;
  ServiceAccount account;
  int deathSignal;
  int logFd;
  pid_t parent;
  rlimit openFiles;
};

[[noreturn]] void becomeServer(const ChildPlan& plan) {
  ::setpgid(0, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);  // the mask would be inherited through exec
  for (int s = 1; s < NSIG; ++s) ::signal(s, SIG_DFL);
  if (plan.account.isOther) {  // raw calls: libc's would want to change every thread of the host
    const auto uid = plan.account.uid;
    const auto gid = plan.account.gid;
    if (::syscall(SYS_setgroups, 0, nullptr) != 0 || ::syscall(SYS_setresgid, gid, gid, gid) != 0 ||
        ::syscall(SYS_setresuid, uid, uid, uid) != 0)
      ::_exit(126);
  }
  ::setrlimit(RLIMIT_NOFILE, &plan.openFiles);
  ::umask(077);
  ::prctl(PR_SET_PDEATHSIG, plan.deathSignal);  // after the change of user, which clears it
  if (::getppid() != plan.parent) ::_exit(125);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, 0);
  ::dup2(plan.logFd, 1);
  ::dup2(plan.logFd, 2);
  ::close_range(3, ~0U, 0);
  if (::chdir("/") != 0) ::_exit(124);
  ::execve(plan.argv[0], plan.argv, plan.environment);
  ::_exit(127);
}

bool isNamed(const std::string& pid, const std::string& processName) {
  const UniqueFd fd(::open(("/proc/" + pid + "/comm").c_str(), O_RDONLY | O_CLOEXEC));
  char text[64];
  const ssize_t n = fd ? ::read(fd.get(), text, sizeof text) : 0;
  return n > 0 && std::string_view(text, static_cast<std::size_t>(n)) == processName + "\n";
}

std::vector<pid_t> processesIn(const fs::path& folder, const std::string& processName) {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string pid = entry.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const fs::path cwd = fs::read_symlink(entry.path() / "cwd", ignored);
    if (!ignored && cwd == folder && isNamed(pid, processName)) found.push_back(std::stoi(pid));
  }
  return found;
}

}  // namespace

ServerProcess::ServerProcess(const Command& command) {
  std::vector<char*> argv;
  for (const std::string& arg : command.argv) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  std::vector<std::string> variables{"LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin", "TZ=UTC"};
  variables.insert(variables.end(), command.environment.begin(), command.environment.end());
  std::vector<char*> environment;
  environment.reserve(variables.size() + 1);
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  const UniqueFd log = openLog(command.logFile);
  rlimit openFiles{};
  ::getrlimit(RLIMIT_NOFILE, &openFiles);
  openFiles.rlim_cur = openFileLimitOfPrograms();
  const ChildPlan plan{argv.data(), environment.data(), command.account, command.deathSignal,
                       log.get(),   ::getpid(),         openFiles};

  const pid_t pid = ::fork();
  if (pid == 0) becomeServer(plan);
  if (pid < 0)
    throw std::system_error(errno, std::generic_category(), "cannot start " + command.argv[0]);
  pid_ = pid;
  pidFd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidFd_) throw std::system_error(errno, std::generic_category(), "pidfd_open");
}

bool ServerProcess::waitFor(milliseconds time) {
  if (pid_ <= 0) return true;
  pollfd ended{pidFd_.get(), POLLIN, 0};
  if (::poll(&ended, 1, static_cast<int>(time.count())) <= 0) return false;
  while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  pidFd_.reset();
  return true;
}

void ServerProcess::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);  // our own unreaped child: the pid cannot be another's
}

std::string ServerProcess::howItEnded() const {
  if (WIFSIGNALED(status_)) return "was ended by signal " + std::to_string(WTERMSIG(status_));
  return "exited with " + std::to_string(WEXITSTATUS(status_));
}

void endLeftovers(const fs::path& folder, const std::string& processName, int politeSignal) {
  const fs::path real = fs::canonical(folder);
  struct Step {
    milliseconds at;
    int signal;
  };
  const Step ladder[] = {{milliseconds(0), politeSignal},
                         {milliseconds(10'000), SIGQUIT},
                         {milliseconds(20'000), SIGKILL}};
  constexpr milliseconds kGiveUp(25'000);
  const auto start = std::chrono::steady_clock::now();
  std::size_t step = 0;
  for (;;) {
    const std::vector<pid_t> left = processesIn(real, processName);
    const auto waited = std::chrono::steady_clock::now() - start;
    if (left.empty()) {
      if (step > 0)
        log::info("ended leftover service={} after={}ms", processName,
                  std::chrono::duration_cast<milliseconds>(waited).count());
      return;
    }
    if (waited > kGiveUp)
      throw std::runtime_error("process " + std::to_string(left.front()) + " (" + processName +
                               ") of an earlier run still uses " + folder.string() +
                               " and cannot be ended");
    if (step < std::size(ladder) && waited >= ladder[step].at) {
      for (const pid_t pid : left) ::kill(pid, ladder[step].signal);
      ++step;
    }
    std::this_thread::sleep_for(milliseconds(20));  // not our children: there is nothing to wait on
  }
}

}  // namespace planwright
