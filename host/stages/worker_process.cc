#include "stages/worker_process.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/closed_paths.h"
#include "base/own_program.h"
#include "base/threads.h"
#include "stages/clean_text.h"

namespace planwright {
namespace {

constexpr std::size_t kLastWordsBytes = std::size_t{16} << 10;
constexpr std::chrono::seconds kReadsFrame(10);  // what the peer may take for one of ours
constexpr std::chrono::seconds kSendsFrame(30);  // and to send one, once it has begun

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// What cannot be had, such as room on the disk, is no more than the end of this one.
ProgramExit runOf(Programs& programs, const ProgramSpec& spec, const std::stop_token& stop) {
  try {
    return programs.run(spec, stop);
  } catch (const std::system_error& error) {
    ProgramExit exit;
    exit.lost = true;
    exit.startError = error.what();
    return exit;
  }
}

/// Nothing of the host's own environment, except that a sanitizer is told where to write what it
/// finds: nobody reads what a worker prints. A sandbox hides that place.
std::vector<std::string> workerEnvironment([[maybe_unused]] bool isConfined) {
  std::vector<std::string> env = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/",
      "LANG=C.UTF-8"};
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"})
    if (const char* value = std::getenv(name); value && !isConfined)
      env.push_back(std::string(name) + "=" + value);
#endif
  return env;
}

}  // namespace

WorkerProcess::WorkerProcess(WorkerHost& host, WorkerPlace place)
    : plugin_(std::move(place.plugin)),
      ended_(::eventfd(0, EFD_CLOEXEC)) {
  int ends[2], pipe[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) fail("socketpair");
  UniqueFd ours(ends[0]), theirs(ends[1]);
  if (::pipe2(pipe, O_CLOEXEC) != 0) fail("pipe2");
  output_.reset(pipe[0]);
  UniqueFd printing(pipe[1]);
  ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  socket_.emplace(std::move(ours), kReadsFrame);

  ProgramSpec spec;
  static const std::vector<std::string> command = ownProgram("plugin-worker");
  // Open: its user may not get as far as where it is.
  static const UniqueFd worker(::open(command.front().c_str(), O_PATH | O_CLOEXEC));
  spec.argv = place.isProgram ? std::vector<std::string>{plugin_.path.string()} : command;
  spec.programFd = place.isProgram ? plugin_.fd.get() : worker.get();
  spec.cwd = "/";
  spec.env = workerEnvironment(place.sandbox.mode != SandboxWish::Mode::None);
  spec.limits = place.limits;
  spec.isStage = true;
  const bool isSandboxed = place.sandbox.mode != SandboxWish::Mode::None;
  if (isSandboxed || (place.sandbox.isNeverRoot && ::geteuid() == 0)) {
    folder_.emplace(host.folders);
    if (isSandboxed) spec.cwd = folder_->path().string();
    spec.sandbox = std::move(place.sandbox);
    spec.sandbox.writable.push_back(folder_->path().string());
    if (isSandboxed || place.isProgram)
      spec.sandbox.readable.insert(spec.sandbox.readable.end(),
                                   {spec.argv[0], plugin_.path.string()});
    const auto beside = plugin_.path.parent_path();
    // And what it is made of, unless it is closed to the user that it becomes.
    if (place.isProgram && (::geteuid() != 0 || whyClosedToOthers(beside).empty()))
      spec.sandbox.readable.push_back(beside.string());
  }
  keeper_ = startThread("pw-worker",
                        [this, &host, spec, theirs = std::make_shared<UniqueFd>(std::move(theirs)),
                         printing = std::make_shared<UniqueFd>(std::move(printing))](
                            const std::stop_token& stop) mutable {
                          spec.stdinFd = theirs->get();
                          spec.stdoutFd = spec.stderrFd = printing->get();
                          // The keeper has copies by then. An open copy here would hide the death
                          // of the process.
                          exit_ = runOf(host.programs, spec, stop);
                          theirs->reset();
                          printing->reset();
                          ::eventfd_write(ended_.get(), 1);
                        });
}

WorkerProcess::~WorkerProcess() {
  end(std::chrono::seconds(2));
}

Result<std::optional<Frame>> WorkerProcess::receive(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    std::array<pollfd, 3> fds{
        {{socket_->fd(), POLLIN, 0}, {output_.get(), POLLIN, 0}, {ended_.get(), POLLIN, 0}}};
    const int ready =
        ::poll(fds.data(), fds.size(), static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready < 0 && errno == EINTR) continue;
    if ((fds[1].revents & POLLIN) != 0) drainOutput();
    if ((fds[0].revents & (POLLIN | POLLHUP)) != 0) {
      auto frame = socket_->take();
      if (!frame || *frame) {
        frameBegan_.reset();
        return frame;
      }
    }
    // Bytes that come one by one are no sign of life.
    const auto now = std::chrono::steady_clock::now();
    if (socket_->isInFrame() && now - frameBegan_.value_or(now) > kSendsFrame)
      return invalid("it stopped in the middle of a frame");
    if (socket_->isInFrame() && !frameBegan_) frameBegan_ = now;
    if (fds[2].revents != 0) return Error{ErrorKind::Unavailable, "the process ended", {}, {}};
    if (ready == 0 || now >= until) return std::optional<Frame>();
  }
}

void WorkerProcess::drainOutput() {
  char buffer[16384];
  for (int i = 0; i < 16; ++i) {  // a flood must not keep us from the frames
    const ssize_t n = ::read(output_.get(), buffer, sizeof buffer);
    if (n <= 0) break;
    printed_ += static_cast<std::size_t>(n);
    tail_.append(buffer, static_cast<std::size_t>(n));
    if (tail_.size() > 2 * kLastWordsBytes) tail_.erase(0, tail_.size() - kLastWordsBytes);
  }
}

std::string WorkerProcess::tail() {
  drainOutput();
  return cleanTail(tail_, kLastWordsBytes);
}

ProgramExit WorkerProcess::end(std::chrono::milliseconds patience) {
  if (keeper_.joinable()) {
    socket_->shutDown();
    pollfd ended{ended_.get(), POLLIN, 0};
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {  // what it prints at the end must not block it
      drainOutput();
      if (::poll(&ended, 1, 5) != 0 || std::chrono::steady_clock::now() >= until) break;
    }
    keeper_.request_stop();
    while (::poll(&ended, 1, 5) == 0) drainOutput();
    keeper_.join();
    drainOutput();
  }
  return *exit_;
}

}  // namespace planwright
