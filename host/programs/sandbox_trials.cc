// What this machine allows, found by running a small program by each means.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"
#include "base/own_program.h"
#include "base/scratch_folder.h"
#include "base/utf8.h"
#include "programs/keeper_groups.h"
#include "programs/landlock.h"
#include "programs/network_tools.h"
#include "programs/sandbox.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience(10);

std::string findBubblewrap() {
  for (const char* path : {"/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"})
    if (::access(path, X_OK) == 0) return path;
  return {};
}

std::string lastLine(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const std::size_t at = text.rfind('\n');
  return toUtf8(at == std::string::npos ? text : text.substr(at + 1));
}

std::string describe(const ProgramExit& exit, const std::string& said) {
  if (!exit.startError.empty()) return exit.startError;
  if (exit.timedOut) return "a trial did not end";
  if (!said.empty()) return said;
  return exit.signal != 0 ? fmt::format("a trial was ended by signal {}", exit.signal)
                          : fmt::format("a trial exited with {}", exit.code);
}

}  // namespace

std::string Sandbox::tryToRun(const Means& means) {
  const auto parent = ScratchFolder::below(options_.workFolder);
  fs::permissions(parent.path(), static_cast<fs::perms>(0755));
  const fs::path secret = parent.path() / "secret";
  replaceFile(secret, "x");
  const auto work = ScratchFolder::at(parent.path() / "work", 0755);
  const auto home = ScratchFolder::at(parent.path() / "home", 0700);
  const UniqueFd output(::memfd_create("trial", MFD_CLOEXEC));

  ProgramSpec spec;
  std::string script = ": > done || exit 2\n";
  if (means.network)
    script += fmt::format(
        "if [ \"$(readlink /proc/self/ns/net)\" = '{}' ]; then\n"
        "  echo 'a program shares the network of the host' >&2; exit 1\n"
        "fi\n",
        fs::read_symlink("/proc/self/ns/net").string());
  const fs::path outside = parent.path() / "outside";
  if (means.level != SandboxLevel::None)
    script += fmt::format(
        "for path in {} /etc/shadow; do\n"
        "  if (: < $path) 2> /dev/null; then echo \"could read $path\" >&2; exit 1; fi\n"
        "done\n"
        "(: > {}) 2> /dev/null || true\n",  // may be there in a /tmp of its own
        secret.string(), outside.string());
  spec.argv = {"/bin/sh", "-c", script};
  spec.env = {"PATH=/usr/bin:/bin"};
  spec.cwd = work.path();
  spec.stdoutFd = spec.stderrFd = output.get();
  spec.timeout = kPatience;
  spec.sandbox.mode = SandboxWish::Mode::Auto;
  spec.sandbox.network = means.network ? Network::Outgoing : Network::None;
  spec.sandbox.writable = {work.path(), home.path()};
  const ProgramExit exit = runBy(means, spec, {});
  if (exit.succeeded() && fs::exists(outside)) return "could write outside its folders";
  if (exit.succeeded() && fs::exists(work.path() / "done")) return {};
  ::lseek(output.get(), 0, SEEK_SET);
  return describe(exit, lastLine(readAll(output.get())));
}

std::string Sandbox::tryUsers() {
  if (::geteuid() != 0) return "the host is not root: programs run as its own user";
  if (!options_.usesBuildUsers) return "switched off";
  return tryToRun({SandboxLevel::None, true, false});
}

std::string Sandbox::tryBubblewrap() {
  if (options_.most < SandboxLevel::Namespaces) return "switched off";
  bwrap_ = findBubblewrap();
  if (bwrap_.empty()) return "bubblewrap (bwrap) is not installed";
  if (::geteuid() == 0 && !best_.user)
    return "the host is root and cannot give programs another user";
  const Means means{SandboxLevel::Namespaces, best_.user, best_.filter};
  if (const auto init = programBesides("planwright-init"); !init.empty())
    init_.reset(::open(init.c_str(), O_RDONLY | O_CLOEXEC));
  std::string problem = tryToRun(means);
  if (problem.empty() || !init_) return problem;
  init_.reset();  // it may be where nothing may be started from
  return tryToRun(means);
}

std::string Sandbox::tryLandlock() {
  if (options_.most < SandboxLevel::Landlock) return "switched off";
  if (landlockVersion() == 0) return "the kernel has no Landlock, or it is not enabled";
  return tryToRun({SandboxLevel::Landlock, best_.user, best_.filter});
}

std::string Sandbox::tryNetwork() {
  const std::string problem = NetworkTool::find().problem;
  Means means = best_;
  means.network = true;
  return problem.empty() ? tryToRun(means) : problem;
}

void Sandbox::note(const char* facility, const std::string& problem, const std::string& detail) {
  report_.facilities.push_back({facility, problem.empty(), problem.empty() ? detail : problem});
}

void Sandbox::tryAll() {
  std::string problem = filter_.empty() ? "no filter for this processor"
                                        : tryToRun({SandboxLevel::None, false, true});
  best_.filter = problem.empty();
  note("seccomp", problem, "filters system calls");
  problem = tryUsers();
  best_.user = problem.empty();
  note("build_user", problem, "each program runs as a user of its own");

  const ControlGroups groups(static_cast<std::uint32_t>(::getpid()));
  const std::string detail =
      fmt::format("version {}:{}{}", groups.version(), groups.canLimitMemory() ? " memory" : "",
                  groups.canLimitProcesses() ? " processes" : "");
  note("control_groups",
       groups.version() == 0 ? "no control group can be made here; limits hold for each process"
                             : "",
       detail);

  problem = tryLandlock();
  if (problem.empty()) best_.level = SandboxLevel::Landlock;
  constexpr int kKeepsSignals = 6;
  note("landlock", problem,
       fmt::format("version {}{}", landlockVersion(),
                   best_.user || landlockVersion() >= kKeepsSignals
                       ? ""
                       : ": programs can signal what the same user runs (before Linux 6.12)"));
  problem = tryBubblewrap();
  if (problem.empty()) best_.level = SandboxLevel::Namespaces;
  note("bubblewrap", problem, bwrap_);

  report_.level = best_.level;

  problem = tryNetwork();
  best_.network = problem.empty();
  if (!best_.network)
    problem += "; a program with a network reaches what listens on this machine as well";
  note("network", problem, "a program with a network has one of its own, for outgoing traffic");
  report_.remedy = remedy();
}

std::string Sandbox::remedy() const {
  if (best_.level < SandboxLevel::Namespaces && bwrap_.empty())
    return "Install the package bubblewrap";
  if (best_.level < SandboxLevel::Namespaces)
    return "Allow user namespaces to ordinary users (sysctl kernel.unprivileged_userns_clone and "
           "user.max_user_namespaces, AppArmor, or the container's seccomp profile)";
  if (best_.network) return {};
  const NetworkTool tool = NetworkTool::find();
  constexpr const char* kAim = ", so that programs with a network have one of their own";
  if (!tool.package.empty()) return "Install the package " + tool.package + kAim;
  if (!tool.problem.empty()) return std::string("Let this user open /dev/net/tun") + kAim;
  return std::string("Allow network namespaces (the container's capabilities or seccomp profile)") +
         kAim;
}

}  // namespace planwright
