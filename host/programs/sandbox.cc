#include "programs/sandbox.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/closed_paths.h"
#include "base/files.h"
#include "base/folder_owner.h"
#include "base/utf8.h"
#include "programs/landlock.h"
#include "programs/outgoing_network.h"
#include "programs/visible_files.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostProcesses = 4096;  // of a program that names no limit
constexpr std::uint64_t kOfBubblewrap = 3;      // itself, the init of its namespace, and ours

struct Account {
  uid_t user;
  gid_t group;
};

std::optional<Account> accountOf(const std::string& name) {
  std::vector<char> buffer(16384);
  passwd entry{}, *found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  return found ? std::optional(Account{entry.pw_uid, entry.pw_gid}) : std::nullopt;
}

bool isBelow(const std::string& path, const std::vector<std::string>& places) {
  return std::any_of(places.begin(), places.end(), [&path](const std::string& place) {
    return path == place || (path.starts_with(place) && path[place.size()] == '/');
  });
}

/// Where execvp(3) finds the program, by the spec's own PATH; empty with errno.
std::string placeOf(const ProgramSpec& spec) {
  const std::string& name = spec.argv.front();
  if (name.find('/') != std::string::npos) {
    const std::string path = name.front() == '/' ? name : spec.cwd + "/" + name;
    return ::access(path.c_str(), X_OK) == 0 ? path : std::string();
  }
  std::string paths = "/usr/local/bin:/usr/bin:/bin";
  for (const std::string& variable : spec.env)
    if (variable.starts_with("PATH=")) paths = variable.substr(5);
  int error = ENOENT;
  for (std::size_t at = 0; at <= paths.size();) {
    const std::size_t end = std::min(paths.find(':', at), paths.size());
    std::string path = (end == at ? spec.cwd : paths.substr(at, end - at)) + "/" + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
    at = end + 1;
  }
  errno = error;
  return {};
}

/// Empty if the program can be started inside; what is open already needs no name there.
std::string whyNotFound(const ProgramSpec& spec, const std::vector<std::string>& readable) {
  if (spec.programFd >= 0) return {};
  const std::string& name = spec.argv.front();
  const std::string place = placeOf(spec);
  if (place.empty())
    return fmt::format("cannot run '{}': {}", name, std::generic_category().message(errno));
  if (isBelow(place, readable) || isBelow(place, spec.sandbox.writable)) return {};
  return fmt::format("cannot run '{}': the sandbox does not show {}; name its folder in readable",
                     name, place);
}

/// What a program inside bubblewrap sees and may do.
struct BubblewrapView {
  std::vector<std::string> readable;
  std::vector<std::string> writable;  ///< the last one is also its /tmp
  std::string cwd;
  bool hasNetwork = false;               ///< that in which it is started
  bool hasFilter = false;                ///< a seccomp filter is descriptor 3
  std::uint64_t sharedBytes = 64 << 20;  ///< of /dev/shm
};

/// /bin and its like are links into /usr on most systems, and must be that inside.
void addReadable(std::vector<std::string>& words, const std::string& path) {
  std::error_code error;
  const bool isTop = fs::path(path).parent_path() == "/";
  if (isTop && fs::is_symlink(path, error))
    words.insert(words.end(), {"--symlink", fs::read_symlink(path, error).string(), path});
  else
    words.insert(words.end(), {"--ro-bind-try", path, path});
}

/// The words before a program's own that run it in namespaces of its own: no other process, no
/// other file, no network, no way to more rights, and nothing of it lives on when bwrap is killed.
/// `bwrap` is the program's path.
std::vector<std::string> bubblewrapWords(const std::string& bwrap, const BubblewrapView& view) {
  std::vector<std::string> words{bwrap};
  const auto add = [&words](std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
  };
  // The user inside is "nobody" whoever it is outside, so that it has a name.
  add({"--unshare-user", "--uid", "65534", "--gid", "65534", "--disable-userns"});
  add({"--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"});
  if (!view.hasNetwork) add({"--unshare-net"});
  add({"--die-with-parent", "--hostname", "build"});
  add({"--proc", "/proc", "--dev", "/dev"});
  add({"--size", std::to_string(view.sharedBytes), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"});
  add({"--bind", view.writable.back(), "/tmp"});
  if (!isBelow("/var/tmp", view.readable)) add({"--symlink", "../tmp", "/var/tmp"});
  for (const auto& path : view.readable) addReadable(words, path);  // perhaps below /tmp
  for (const auto& folder : view.writable) add({"--bind", folder, folder});
  add({"--remount-ro", "/", "--chdir", view.cwd});
  if (view.hasFilter) add({"--seccomp", "3"});
  add({"--"});
  return words;
}

/// Why no program can be given such words, by its own name and not that of a wrapper; "" = it can.
std::string whyTooLong(const ProgramSpec& spec) {
  constexpr std::size_t kLongestWord = 128 * 1024 - 1;  // Linux: MAX_ARG_STRLEN, with its end
  constexpr std::size_t kForTheWrapper = 64 * 1024;
  std::size_t all = 0, longest = 0;
  for (const auto* words : {&spec.argv, &spec.env})
    for (const auto& word : *words) {
      all += word.size() + 1 + sizeof(char*);
      longest = std::max(longest, word.size());
    }
  const long most = ::sysconf(_SC_ARG_MAX);
  const std::size_t room = most > 0 ? static_cast<std::size_t>(most) : all + kForTheWrapper;
  if (longest <= kLongestWord && all + kForTheWrapper <= room) return {};
  return fmt::format(
      "cannot run '{}': its words and variables have {} bytes, the longest {}; Linux takes {} and "
      "{}. Put long ones into a file",
      toUtf8(spec.argv.front().substr(0, 100)), all, longest, room - kForTheWrapper, kLongestWord);
}

}  // namespace

struct Sandbox::Prepared {
  std::optional<OutgoingNetwork> network;  ///< its own
  std::optional<BuildUsers::Lease> user;
  UniqueFd landlock, filter, report;
  std::vector<std::string> lent;  ///< folders that are that user's meanwhile

  Prepared() = default;
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  ~Prepared() {
    for (const auto& folder : lent) takeFolderBack(folder);
  }
};

Sandbox::Sandbox(SandboxOptions options, Programs& keeper)
    : options_(std::move(options)),
      keeper_(keeper) {
  tryAll();
}

ProgramExit Sandbox::run(const ProgramSpec& spec, const std::stop_token& stop) {
  const SandboxWish& wish = spec.sandbox;
  if (std::string tooLong = spec.argv.empty() ? std::string() : whyTooLong(spec);
      !tooLong.empty()) {
    ProgramExit exit;
    exit.startError = std::move(tooLong);
    return exit;
  }
  const bool isPlain = wish.mode == SandboxWish::Mode::None;
  if (std::string refusal = whyNot(wish); !refusal.empty()) {
    ProgramExit exit;
    exit.refusal = std::move(refusal);
    return exit;
  }
  const bool hasUser = !wish.user.empty() || (wish.isNeverRoot && best_.user);
  if (isPlain && !hasUser) return runWatched(spec, spec, 0, stop);
  Means plain;
  plain.user = best_.user;
  return runBy(isPlain ? plain : best_, spec, stop);
}

std::string Sandbox::whyNot(const SandboxWish& wish) const {
  if (wish.isNeverRoot && wish.user.empty() && ::geteuid() == 0 && !best_.user)
    return fmt::format(
        "a plugin that did not come with planwright must not run as root, and the host cannot give "
        "it another user: {}; start the host with the right to (CAP_SETUID and CAP_SETGID) or as "
        "an ordinary user, or write worker_sandbox: {{profile: none}}",
        report_.find("build_user")->detail);
  if (!wish.user.empty()) {
    if (::geteuid() != 0)
      return "user: only a host that runs as root can run jobs as another user; leave it out";
    if (!accountOf(wish.user))
      return fmt::format("user: this machine has no user \"{}\"", wish.user);
  }
  if (wish.mode != SandboxWish::Mode::Require) return {};
  const bool lacksNetwork = wish.network == Network::Outgoing && !best_.network;
  if (best_.level == SandboxLevel::Namespaces && !lacksNetwork) return {};
  const char* means = best_.level == SandboxLevel::Namespaces ? "network" : "bubblewrap";
  const SandboxFacility* missing = report_.find(means);
  return fmt::format(
      "sandbox: require cannot be met: {}. {}, or set sandbox: auto to run programs with what "
      "there is (level {})",
      missing ? missing->detail : std::string("no ") + means, report_.remedy, toText(best_.level));
}

ProgramExit Sandbox::runBy(const Means& means, const ProgramSpec& spec,
                           const std::stop_token& stop) {
  ProgramSpec confined = spec;
  Prepared prepared;
  ProgramExit exit;
  if (means.network && spec.sandbox.network == Network::Outgoing &&
      spec.sandbox.mode != SandboxWish::Mode::None) {
    exit.startError = connect(confined, prepared, stop);
    exit.stopped = stop.stop_requested();
    exit.lost = !exit.startError.empty() && !exit.stopped;
    if (exit.lost || exit.stopped) return exit;
  }
  exit.startError = prepare(means, confined, prepared);
  if (!exit.startError.empty()) return exit;
  exit.refusal = whyHidden(spec, prepared);
  if (!exit.refusal.empty()) return exit;

  const bool isOwn = spec.sandbox.user.empty();
  exit = runWatched(spec, confined, isOwn ? confined.confinement.user : 0, stop);
  char signal = 0;
  if (prepared.report && ::pread(prepared.report.get(), &signal, 1, 0) == 1 &&
      exit.code == 128 + signal) {
    exit.signal = signal;
    exit.code = -1;
  }
  if (confined.confinement.user != 0)
    for (const int fd : {spec.stdoutFd, spec.stderrFd})
      if (fd >= 0) ::fchown(fd, ::geteuid(), ::getegid());
  if (spec.sandbox.mode == SandboxWish::Mode::None) return exit;
  exit.sandbox = toText(means.level);
  noteNetwork(means, spec, prepared, exit);
  return exit;
}

/// Ends it when its folders hold more than its limit. `asked` names them, `spec` is what is
/// started; `user`: the user of its own that it runs as, or 0.
ProgramExit Sandbox::runWatched(const ProgramSpec& asked, const ProgramSpec& spec, uid_t user,
                                const std::stop_token& stop) {
  std::stop_source end;
  const std::stop_callback onStop(stop, [&end] { end.request_stop(); });
  std::atomic<bool> isOver{false};
  std::optional<DiskWatch::Entry> watched;
  if (asked.limits.diskBytes > 0)
    watched.emplace(disk_,
                    WatchedFolders{asked.sandbox.writable, user, asked.limits.diskBytes, [&] {
                                     isOver = true;
                                     end.request_stop();
                                   }});
  ProgramExit exit = keeper_.run(spec, end.get_token());
  watched.reset();
  if (isOver && exit.stopped && !stop.stop_requested()) {
    exit.stopped = false;
    exit.limit = ProgramLimit::Disk;
  }
  return exit;
}

/// What it had; and a program that failed without it may be run again.
void Sandbox::noteNetwork(const Means& means, const ProgramSpec& spec, const Prepared& prepared,
                          ProgramExit& exit) {
  const bool canSeal = means.level == SandboxLevel::Namespaces || means.filter;
  if (!prepared.network) {
    if (canSeal && spec.sandbox.network == Network::None) exit.network = Network::None;
    return;
  }
  exit.network = Network::Outgoing;
  if (exit.succeeded() || exit.stopped || exit.lost) return;
  const std::string gone = prepared.network->whyGone();
  if (gone.empty()) return;
  exit.lost = true;
  exit.startError = "the network of '" + spec.argv[0] + "' went away: " + gone;
}

/// A network of its own for the program.
std::string Sandbox::connect(ProgramSpec& spec, Prepared& prepared, const std::stop_token& stop) {
  OutgoingNetwork& network = prepared.network.emplace(keeper_, options_.workFolder);
  if (const std::string why = network.await(stop); !why.empty())
    return "cannot make a network for '" + spec.argv[0] + "': " + why;
  spec.confinement.namespaces = network.namespaces();
  return {};
}

/// Below namespaces nothing hides other processes, nor the sockets that they have in the file
/// system.
const std::string& Sandbox::filterOf(const Means& means, Network network) const {
  if (means.level == SandboxLevel::Namespaces) return filter_;
  if (network == Network::Host) return filterAmongOthers_;
  return network == Network::None ? filterWithoutSockets_ : filterWithoutUnixSockets_;
}

std::string Sandbox::prepare(const Means& means, ProgramSpec& spec, Prepared& prepared) {
  SandboxWish& wish = spec.sandbox;
  spec.confinement.isConfined = true;
  spec.confinement.isFolderChosen = wish.isNeverRoot;
  chooseUser(means.user, spec, prepared);
  if (wish.mode == SandboxWish::Mode::None) return {};
  if (spec.limits.processes == 0) spec.limits.processes = kMostProcesses;

  std::vector<std::string> readable = systemPaths();
  if (wish.network != Network::None)
    for (auto& path : networkPaths()) readable.push_back(std::move(path));
  readable.insert(readable.end(), wish.readable.begin(), wish.readable.end());
  if (means.filter) {
    prepared.filter = memoryFile(filterOf(means, wish.network));
    spec.confinement.filterFd = prepared.filter.get();
  }
  if (means.level == SandboxLevel::Landlock) {
    readable.emplace_back("/proc");
    if (spec.programFd >= 0) readable.push_back("/proc/self/fd/" + std::to_string(spec.programFd));
    if (prepared.network) readable.push_back(prepared.network->resolver());
    LandlockRules rules{readable, wish.writable, {}, wish.network == Network::None};
    for (const int fd : {spec.stdoutFd, spec.stderrFd})
      if (fd >= 0) rules.files.push_back(fd);
    prepared.landlock = landlockRuleset(rules);
    if (!prepared.landlock)
      return "cannot make the Landlock rules: " + std::generic_category().message(errno);
    spec.confinement.landlockFd = prepared.landlock.get();
  }
  return means.level == SandboxLevel::Namespaces ? wrap(spec, readable, prepared) : std::string();
}

/// A user of its own has no more rights than anybody.
std::string Sandbox::whyHidden(const ProgramSpec& spec, const Prepared& prepared) {
  if (!prepared.user) return {};
  for (const std::string& path : spec.sandbox.readable) {
    if (isBelow(path, spec.sandbox.writable)) continue;
    if (const std::string why = whyClosedToOthers(path); !why.empty())
      return fmt::format("{} cannot be shown to a program that runs as a user of its own: {}", path,
                         why);
  }
  return {};
}

std::string Sandbox::wrap(ProgramSpec& spec, const std::vector<std::string>& readable,
                          Prepared& prepared) const {
  if (const std::string why = whyNotFound(spec, readable); !why.empty()) return why;
  BubblewrapView view{readable, spec.sandbox.writable, spec.cwd,
                      spec.sandbox.network != Network::None, spec.confinement.filterFd >= 0};
  std::vector<std::string> words = bubblewrapWords(bwrap_, view);
  if (init_) {
    prepared.report.reset(::memfd_create("report", MFD_CLOEXEC));
    if (!prepared.report) return "no memory file: " + std::generic_category().message(errno);
    spec.confinement.reportFd = prepared.report.get();
    spec.confinement.initFd = init_.get();
    words.insert(words.end(), {"/proc/self/fd/5", "4", "5"});
  }
  if (spec.programFd >= 0) spec.argv.front() = kProgramFile;
  words.insert(words.end(), spec.argv.begin(), spec.argv.end());
  spec.argv = std::move(words);
  spec.confinement.isWrapped = true;
  spec.limits.processes += kOfBubblewrap;
  return {};
}

/// The user that was asked for, else one of its own.
void Sandbox::chooseUser(bool fromBuildUsers, ProgramSpec& spec, Prepared& prepared) {
  Confinement& confinement = spec.confinement;
  const SandboxWish& wish = spec.sandbox;
  if (!wish.user.empty()) {
    const auto account = accountOf(wish.user);
    if (!account) throw std::runtime_error("the user " + wish.user + " is gone");
    confinement.user = account->user;
    confinement.group = account->group;
  } else if (wish.sharedUser != 0) {
    confinement.user = confinement.group = wish.sharedUser;
  } else if (fromBuildUsers) {
    prepared.user.emplace(users_, wish.keepsUser ? lastUserOf(wish.writable.front()) : 0);
    confinement.user = confinement.group = prepared.user->id();
    confinement.isUserOwn = prepared.user->isExclusive();
  }
  if (confinement.user == 0) return;
  for (const auto& folder : wish.writable) {
    if (ownerOf(folder) == confinement.user) continue;  // its stage's
    giveFolder(folder, confinement.user, confinement.group);
    prepared.lent.push_back(folder);
  }
  // So that it may open /dev/stdout and /dev/stderr.
  for (const int fd : {spec.stdoutFd, spec.stderrFd})
    if (fd >= 0) ::fchown(fd, confinement.user, confinement.group);
}

}  // namespace planwright
