#include "trial/child_run.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/unique_fd.h"

namespace planwright {
namespace {

using Verdict = CheckOutcome::Verdict;
constexpr std::size_t kMessageLimitBytes = 16 << 10;

/// The child: says its outcome and ends, without the destructors of what it inherited.
[[noreturn]] void runChild(const std::function<CheckOutcome()>& check, int out) {
  ::setpgid(0, 0);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);  // what the plugin prints is not our report
  CheckOutcome outcome;
  try {
    outcome = check();
  } catch (const std::exception& e) {
    outcome = CheckOutcome::failed(fmt::format("The check itself broke: {}.", e.what()));
  }
  if (outcome.message.size() > kMessageLimitBytes) outcome.message.resize(kMessageLimitBytes);
  writeAll(out, static_cast<char>('0' + static_cast<int>(outcome.verdict)) + outcome.message);
  ::_exit(0);
}

CheckOutcome howItEnded(int status, const std::string& said) {
  if (WIFSIGNALED(status))
    return CheckOutcome::failed(
        fmt::format("It died of signal {} ({}).", WTERMSIG(status), ::strsignal(WTERMSIG(status))));
  if (said.empty())
    return CheckOutcome::failed(
        fmt::format("It ended its process, with exit code {}.", WEXITSTATUS(status)));
  return {static_cast<Verdict>(said.front() - '0'), said.substr(1)};
}

/// False: time is up.
bool awaitEnd(int child, std::chrono::milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd ends{child, POLLIN, 0};
    if (::poll(&ends, 1, static_cast<int>(left.count())) > 0) return true;
  }
}

}  // namespace

CheckOutcome runInChild(const std::function<CheckOutcome()>& check,
                        std::chrono::milliseconds timeout) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot make a pipe");
  const UniqueFd in(ends[0]);
  UniqueFd out(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "cannot fork");
  if (pid == 0) runChild(check, out.get());
  out.reset();
  const UniqueFd child(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const bool hasEnded = awaitEnd(child.get(), timeout);
  ::kill(-pid, SIGKILL);  // also what it started
  if (!hasEnded) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!hasEnded)
    return CheckOutcome::failed(
        fmt::format("It did not come back within {} s.", timeout.count() / 1000));
  std::string message;
  char buffer[4096];
  for (ssize_t n; (n = ::read(in.get(), buffer, sizeof buffer)) > 0;)
    message.append(buffer, static_cast<std::size_t>(n));
  return howItEnded(status, message);
}

}  // namespace planwright
