#include "programs/keeper_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

namespace planwright {
namespace {

using std::chrono::milliseconds;

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
  const std::uint32_t family = greet();
  buryThePast(family);
  runs_.emplace(family, openFiles_);
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
    if (hasEnded) readChildSignals();
    runs_->keepTime();
    for (const auto& ended : runs_->takeEnded()) answer(ended.channel, ended.exit);
    runs_->sweep();
    if (isHostSilent()) isHostGone_ = true;
  }
  runs_->killEverything();
  return 0;
}

/// Gives the family.
std::uint32_t KeeperProcess::greet() {
  HelloMessage hello;
  const Packet packet = receivePacket(control_.get(), buffer_);
  if (!readMessage(packet, hello) || hello.word != KeeperWord::Hello)
    throw std::runtime_error("is started by `planwright serve`, not by hand");
  lease_ = milliseconds(hello.leaseMillis);
  openFiles_ = hello.openFiles;
  lastWord_ = sinceBoot();
  return hello.family;
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
  if (message.word == KeeperWord::Stop) return runs_->stop(message.number);
  if (message.word == KeeperWord::Run) startRun(channel, std::move(packet));
}

void KeeperProcess::readChildSignals() {
  signalfd_siginfo ignored[16];
  while (::read(childSignals_.get(), ignored, sizeof ignored) > 0) {
  }
  runs_->reap();
}

void KeeperProcess::startRun(int channel, Packet packet) {
  RunMessage message;
  if (!readMessage(packet, message)) return dropChannel(channel);
  std::string longText;
  const std::span<char> text(buffer_.data() + sizeof message, packet.bytes.size() - sizeof message);
  const auto failed = runs_->start(message, channel, planOf(message, packet, text, longText));
  packet.fds.clear();  // before the answer: then nobody of us holds the caller's files any more
  if (failed) answer(channel, *failed);
}

/// The host's end is closed.
void KeeperProcess::dropChannel(int channel) {
  channels_.erase(channel);  // closing takes it out of the epoll set
  runs_->drop(channel);
}

void KeeperProcess::answer(int channel, const ExitMessage& exit) {
  if (channel < 0) return;
  if (!sendPacket(channel, bytesOf(exit), {}, {}, MSG_DONTWAIT)) dropChannel(channel);
}

int KeeperProcess::waitMillis() const {
  auto wait =
      milliseconds(lease_ - std::chrono::duration_cast<milliseconds>(sinceBoot() - lastWord_));
  if (const auto due = runs_->untilDue()) wait = std::min(wait, *due);
  return static_cast<int>(std::max(wait, milliseconds(0)).count());
}

bool KeeperProcess::isHostSilent() const {
  return sinceBoot() - lastWord_ >= lease_;
}

}  // namespace planwright
