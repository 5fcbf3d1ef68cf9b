#include "stages/exec_service.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/json.h"
#include "config/watched_folders.h"
#include "stages/clean_text.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCaptureLimitBytes = std::size_t{64} << 20;
constexpr std::size_t kOutputTailBytes = std::size_t{64} << 10;

std::uint64_t stricter(std::uint64_t a, std::uint64_t b) {
  return a == 0 ? b : b == 0 ? a : std::min(a, b);
}

ProgramLimits limitsOf(const JsonValue& spec, const ProgramLimits& most) {
  const auto* asked = find(spec, "limits");
  const auto number = [&](const char* name) {
    return asked ? static_cast<std::uint64_t>(std::max<std::int64_t>(0, numberOr(*asked, name, 0)))
                 : 0;
  };
  return {stricter(number("memory_bytes"), most.memoryBytes),
          stricter(number("cpu_seconds"), most.cpuSeconds),
          stricter(number("file_bytes"), most.fileSizeBytes),
          stricter(number("open_files"), most.openFiles),
          stricter(number("processes"), most.processes),
          stricter(number("disk_bytes"), most.diskBytes)};
}

/// An unnamed file in `folder`: the program may write without bound, so not in memory.
UniqueFd scratchFile(const fs::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd) return fd;
  std::string name = (folder / "output-XXXXXX").string();  // a file system without O_TMPFILE
  fd.reset(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd)
    throw std::system_error(errno, std::generic_category(), "cannot write in " + folder.string());
  ::unlink(name.c_str());
  return fd;
}

/// The end of what was written to `fd` since it was `from` bytes long. Empty for pipes.
std::string tailOf(int fd, off_t from) {
  const UniqueFd readable(
      ::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!readable || ::fstat(readable.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  // One byte more than is kept, so that a cut line is known as such.
  const off_t start = std::max(from, info.st_size - static_cast<off_t>(kOutputTailBytes) - 1);
  std::string bytes(static_cast<std::size_t>(std::max<off_t>(0, info.st_size - start)), '\0');
  const ssize_t n = bytes.empty() ? 0 : ::pread(readable.get(), bytes.data(), bytes.size(), start);
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(0, n)));
  return cleanTail(bytes, kOutputTailBytes);
}

std::string tailOf(CallServices& services, int fd, off_t from) {
  const auto tail = services.outputTail(kOutputTailBytes + 1);
  return tail ? cleanTail(*tail, kOutputTailBytes) : tailOf(fd, from);
}

Result<void> placeFile(const fs::path& folder, const std::string& name, const JsonValue& source,
                       StageCall& call) {
  const fs::path relative(name);
  const bool escapes = name.empty() || relative.is_absolute() ||
                       std::any_of(relative.begin(), relative.end(),
                                   [](const fs::path& p) { return p == ".." || p == "."; });
  if (escapes)
    return invalid("the file name \"" + name + "\" leaves the program's folder", "/files");
  std::error_code ignored;
  fs::create_directories((folder / relative).parent_path(), ignored);
  const UniqueFd out(::open((folder / relative).c_str(),
                            O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!out) throw std::system_error(errno, std::generic_category(), "cannot write " + name);
  if (source.IsObject()) {
    writeAll(out.get(), textOr(source, "text"));
    return {};
  }
  const auto digest = source.IsString() ? Digest::parse(source.GetString()) : std::nullopt;
  if (!digest)
    return invalid("\"" + name + "\" is neither a blob digest nor {\"text\": ...}", "/files");
  const auto blob = call.services().openBlob(*digest);
  if (!blob) return blob.error();
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(blob->get(), buffer, sizeof buffer);
    if (n == 0) return {};
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      throw std::system_error(errno, std::generic_category(), "cannot read blob " + digest->text());
    writeAll(out.get(), {buffer, static_cast<std::size_t>(n)});
  }
}

/// With the rights of the host: a stage that must be confined may not choose where.
Result<void> placeFiles(const JsonValue& spec, const fs::path& folder, const fs::path& own,
                        const ExecAsker& asker, StageCall& call) {
  const auto* files = find(spec, "files");
  if (!files || !files->IsObject() || files->MemberCount() == 0) return {};
  const bool isConfined = call.services().programRoom().sandbox != SandboxWish::Mode::None;
  if (folder != own && (isConfined || asker.isStranger))
    return invalid("files are put into the program's own folder only; leave out cwd", "/files");
  for (const auto& file : files->GetObject())
    if (auto done = placeFile(folder, file.name.GetString(), file.value, call); !done) return done;
  return {};
}

std::vector<std::string> environment(const JsonValue& spec, const std::string& home,
                                     const std::string& traceparent) {
  std::vector<std::string> out;
  const auto* env = find(spec, "env");
  const auto has = [&](const char* name) { return env && find(*env, name); };
  if (!has("PATH"))
    out.emplace_back("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  if (!has("HOME")) out.push_back("HOME=" + home);
  if (!has("TMPDIR")) out.push_back("TMPDIR=" + home);
  if (!has("LANG")) out.emplace_back("LANG=C.UTF-8");
  if (!has("TRACEPARENT") && !traceparent.empty()) out.push_back("TRACEPARENT=" + traceparent);
  if (env && env->IsObject())
    for (const auto& item : env->GetObject())
      if (item.value.IsString())
        out.push_back(std::string(item.name.GetString()) + "=" + item.value.GetString());
  return out;
}

/// A stage that must be confined has what its configuration says; others may choose.
Network networkOf(const JsonValue& spec, const ProgramRoom& room) {
  if (!boolOr(spec, "network", true)) return Network::None;
  const bool isFree = room.sandbox == SandboxWish::Mode::None;
  return isFree && textOr(spec, "network") == "host" ? Network::Host : room.network;
}

/// What the program's working folder is to it.
void addFolder(const std::string& cwd, const ProgramRoom& room, const ExecAsker& asker,
               SandboxWish& wish) {
  // A job's folder is its own; a stage that must be confined may not choose what is written to.
  const bool isFree = !asker.isStranger && room.sandbox == SandboxWish::Mode::None;
  if (isFree)
    wish.writable.push_back(cwd);
  else if (!asker.workdir.empty() && isWithin(fs::path(cwd).lexically_normal(), asker.workdir))
    wish.writable.push_back(asker.workdir);
  else
    wish.readable.push_back(cwd);
}

/// A stranger's program never has more rights than itself. It shares the user if it shares a
/// folder.
Result<void> setUser(const ExecAsker& asker, SandboxWish& wish) {
  if (!asker.isStranger) return {};
  if (!wish.user.empty())
    return Error{ErrorKind::Forbidden,
                 "user: a plugin that did not come with planwright cannot choose the user of its "
                 "programs; write worker_sandbox: {profile: none} (a program: sandbox: none as "
                 "well) to give it "
                 "the host's rights",
                 {},
                 "/user"};
  wish.isNeverRoot = true;
  if (wish.mode == SandboxWish::Mode::None || wish.writable.size() > 1)
    wish.sharedUser = asker.user;
  return {};
}

Result<SandboxWish> sandboxOf(const JsonValue& spec, const ProgramRoom& room,
                              const ExecAsker& asker, const std::string& cwd,
                              const std::string& privateFolder) {
  SandboxWish wish;
  const std::string mode = textOr(spec, "sandbox", "none");
  if (mode == "auto")
    wish.mode = SandboxWish::Mode::Auto;
  else if (mode == "require")
    wish.mode = SandboxWish::Mode::Require;
  else if (mode != "none")
    return invalid("sandbox \"" + mode + "\" is none of auto, require and none", "/sandbox");
  wish.mode = std::max({wish.mode, room.sandbox, asker.sandbox});
  wish.network = std::min(networkOf(spec, room), asker.network);
  wish.user = textOr(spec, "user");
  if (!wish.user.empty() && room.sandbox != SandboxWish::Mode::None)
    return invalid("only a builder may choose the user of its programs; leave out user", "/user");
  wish.readable = room.readable;
  for (const auto& folder : room.writable)
    if (fs::exists(folder)) wish.writable.push_back(folder);
  if (cwd != privateFolder) addFolder(cwd, room, asker, wish);
  wish.writable.push_back(privateFolder);
  if (auto ok = setUser(asker, wish); !ok) return ok.error();
  if (const auto* readable = find(spec, "readable"); readable && readable->IsArray())
    for (const auto& path : readable->GetArray()) {
      if (!path.IsString() || !fs::path(path.GetString()).is_absolute())
        return invalid("readable holds something that is not an absolute path", "/readable");
      wish.readable.emplace_back(path.GetString());
    }
  return wish;
}

Result<ProgramSpec> parseSpec(const JsonValue& spec, CallServices& services, const ExecAsker& asker,
                              const std::string& privateFolder) {
  ProgramSpec out;
  const auto* argv = find(spec, "argv");
  if (!argv || !argv->IsArray() || argv->Empty())
    return invalid("a program needs argv, an array of strings", "/argv");
  for (const auto& word : argv->GetArray()) {
    if (!word.IsString()) return invalid("argv holds something that is not a string", "/argv");
    out.argv.emplace_back(word.GetString(), word.GetStringLength());
    if (out.argv.back().find('\0') != std::string::npos)
      return invalid("a word of argv holds a NUL byte", "/argv");
  }
  out.cwd = textOr(spec, "cwd", privateFolder);
  if (!fs::path(out.cwd).is_absolute())
    return invalid("cwd \"" + out.cwd + "\" is not absolute", "/cwd");
  out.env = environment(spec, privateFolder, services.traceparent());
  const ProgramRoom room = services.programRoom();
  out.limits = limitsOf(spec, room.limits);
  auto sandbox = sandboxOf(spec, room, asker, out.cwd, privateFolder);
  if (!sandbox) return sandbox.error();
  out.sandbox = std::move(*sandbox);
  out.timeout =
      std::chrono::milliseconds(std::max<std::int64_t>(0, numberOr(spec, "timeout_ms", 0)));
  out.grace =
      std::chrono::milliseconds(std::max<std::int64_t>(0, numberOr(spec, "grace_ms", 2000)));
  return out;
}

/// Nobody should have to look for this in the report of the sandbox.
void tellOfOpenNetwork(const SandboxWish& wish, const ProgramExit& end, CallServices& services) {
  constexpr int kWarning = 3;
  if (wish.network != Network::Outgoing || end.network != Network::Host || end.sandbox.empty() ||
      !end.startError.empty())
    return;
  services.log(kWarning,
               "the network was the machine's own, with all that listens on it: no other can be "
               "made here (planwright version says why)",
               {});
}

bool isGranted(const ExecGrant& granted, const std::string& program) {
  return !granted || std::any_of(granted->begin(), granted->end(),
                                 [&](const auto& name) { return name == "*" || name == program; });
}

const char* outcomeOf(const ProgramExit& end) {
  if (!end.refusal.empty()) return "refused";
  if (end.limit != ProgramLimit::None) return "limit";
  if (end.stopped) return "cancelled";
  if (end.timedOut) return "timeout";
  if (!end.startError.empty()) return "not_started";
  return end.succeeded() ? "ok" : "failed";
}

/// What the program printed into the file.
Result<std::string> capturedText(int file, const std::string& program) {
  ::lseek(file, 0, SEEK_SET);
  struct stat size {};
  if (::fstat(file, &size) == 0 && size.st_size > static_cast<off_t>(kCaptureLimitBytes))
    return Error{ErrorKind::Failed, program + " printed more than 64 MiB", {}, {}};
  return cleanText(readAll(file, kCaptureLimitBytes), kCaptureLimitBytes);
}

}  // namespace

std::string limitSentence(ProgramLimit limit, const ProgramLimits& limits) {
  constexpr double kMiB = 1024.0 * 1024.0;
  const auto mebibytes = [](std::uint64_t bytes) {
    return fmt::format("{:.4g} MiB", static_cast<double>(bytes) / kMiB);
  };
  switch (limit) {
    case ProgramLimit::Memory:
      if (limits.memoryBytes == 0) return "The machine had no memory left for it.";
      return "It used more memory than its limit of " + mebibytes(limits.memoryBytes) + ".";
    case ProgramLimit::Cpu:
      return fmt::format("It used more processor time than its limit of {} s.", limits.cpuSeconds);
    case ProgramLimit::FileSize:
      return "It wrote a file larger than its limit of " + mebibytes(limits.fileSizeBytes) + ".";
    case ProgramLimit::Processes:
      return limits.processes == 0
                 ? "It had more processes at once than the sandbox allows."
                 : fmt::format("It had more processes at once than its limit of {}.",
                               limits.processes);
    case ProgramLimit::Disk:
      return "It filled its folders beyond its disk limit of " + mebibytes(limits.diskBytes) +
             " (a file counts as 4 KiB at least).";
    case ProgramLimit::None:
      break;
  }
  return {};
}

Result<std::string> runProgram(std::string_view specJson, StageCall& call, Programs& programs,
                               PrivateFolders& folders, const ExecGrant& granted) {
  return runProgram(specJson, call, programs, folders, ExecAsker{granted}, call.token());
}

Result<std::string> runProgram(std::string_view specJson, StageCall& call, Programs& programs,
                               PrivateFolders& folders, const ExecAsker& asker,
                               const std::stop_token& stop) {
  const auto json = parseJson(specJson);
  if (!json) return json.error();
  const PrivateFolders::Lease folder(folders);
  auto spec = parseSpec(*json, call.services(), asker, folder.path().string());
  if (!spec) return spec.error();
  if (const auto& program = spec->argv.front(); !isGranted(asker.granted, program))
    return Error{ErrorKind::Forbidden,
                 fmt::format("The plugin may not start {}: permissions.exec in its manifest does "
                             "not name it",
                             cleanText(program, 200)),
                 {},
                 "/argv/0"};
  for (const auto& [name, value] : call.services().programSecrets())
    spec->env.push_back(name + "=" + value);
  if (auto placed = placeFiles(*json, spec->cwd, folder.path(), asker, call); !placed)
    return placed.error();

  const UniqueFd captured =
      boolOr(*json, "capture", false) ? scratchFile(folder.path()) : UniqueFd();
  const int log = call.services().outputFd();
  call.services().beginOutput();
  const UniqueFd scratch = log < 0 ? scratchFile(folder.path()) : UniqueFd();
  const int output = log < 0 ? scratch.get() : log;
  struct stat before {};
  ::fstat(output, &before);
  spec->stderrFd = output;
  spec->stdoutFd = captured ? captured.get() : output;

  ProgramExit end = [&] {
    const StageCall::Output watched(call, spec->stdoutFd, spec->stderrFd);
    return programs.run(*spec, stop);
  }();
  end.limitReason = limitSentence(end.limit, spec->limits);
  call.services().programEnded(end);
  tellOfOpenNetwork(spec->sandbox, end, call.services());
  if (end.lost) return Error{ErrorKind::Unavailable, end.startError, {}, {}};

  const auto out =
      captured ? capturedText(captured.get(), spec->argv.front()) : Result<std::string>("");
  if (!out) return out.error();
  JsonWriter result;
  result.object()
      .member("exit", end.code)
      .member("signal", end.signal)
      .member("outcome", outcomeOf(end));
  result.member("stdout", *out)
      .member("tail", log < 0 ? tailOf(output, before.st_size)
                              : tailOf(call.services(), output, before.st_size))
      .member("error", !end.refusal.empty()       ? end.refusal
                       : !end.limitReason.empty() ? end.limitReason
                                                  : end.startError);
  result.member("sandbox", end.sandbox).member("network_sealed", end.network == Network::None);
  result.member("network", toText(end.network));
  result.member("ran_ms", std::chrono::duration_cast<std::chrono::milliseconds>(end.ran).count());
  return result.member("peak_memory_bytes", end.peakMemoryBytes).end().take();
}

}  // namespace planwright
