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

/// In the child: writes its result and ends, without running the destructors of inherited objects.
[[noreturn]] void beChild(const std::function<std::string()>& work, int out) {
  ::setpgid(0, 0);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);  // what the plugin prints is not our report
  std::string said;
  try {
    said = work();
  } catch (...) {  // nothing of the caller's may run twice
    ::_exit(1);
  }
  if (said.size() > kMessageLimitBytes) said.resize(kMessageLimitBytes);
  writeAll(out, said);
  ::_exit(0);
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

ChildEnd runChild(const std::function<std::string()>& work, std::chrono::milliseconds timeout) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot make a pipe");
  const UniqueFd in(ends[0]);
  UniqueFd out(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "cannot fork");
  if (pid == 0) beChild(work, out.get());
  out.reset();
  const UniqueFd child(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const bool hasEnded = awaitEnd(child.get(), timeout);
  ::kill(-pid, SIGKILL);  // also what it started
  if (!hasEnded) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  ChildEnd end;
  end.isLate = !hasEnded;
  if (hasEnded && WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  if (hasEnded && WIFEXITED(status)) end.exitCode = WEXITSTATUS(status);
  char buffer[4096];
  for (ssize_t n; (n = ::read(in.get(), buffer, sizeof buffer)) > 0;)
    end.said.append(buffer, static_cast<std::size_t>(n));
  return end;
}

CheckOutcome runInChild(const std::function<CheckOutcome()>& check,
                        std::chrono::milliseconds timeout) {
  const ChildEnd end = runChild(
      [&] {
        CheckOutcome outcome;
        try {
          outcome = check();
        } catch (const std::exception& e) {
          outcome = CheckOutcome::failed(fmt::format("The check itself broke: {}.", e.what()));
        }
        return static_cast<char>('0' + static_cast<int>(outcome.verdict)) + outcome.message;
      },
      timeout);
  if (end.isLate)
    return CheckOutcome::failed(
        fmt::format("It did not come back within {} s.", timeout.count() / 1000));
  if (end.signal != 0)
    return CheckOutcome::failed(
        fmt::format("It died of signal {} ({}).", end.signal, ::strsignal(end.signal)));
  if (end.said.empty())
    return CheckOutcome::failed(
        fmt::format("It ended its process, with exit code {}.", end.exitCode));
  return {static_cast<Verdict>(end.said.front() - '0'), end.said.substr(1)};
}

}  // namespace planwright
