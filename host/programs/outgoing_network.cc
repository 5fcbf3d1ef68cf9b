#include "programs/outgoing_network.h"

#include <array>
#include <cerrno>
#include <memory>
#include <sstream>
#include <system_error>

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/files.h"
#include "base/own_program.h"
#include "base/threads.h"
#include "base/utf8.h"
#include "programs/keeper_protocol.h"

namespace planwright {
namespace {

constexpr std::chrono::seconds kReadyWithin(20);
constexpr int kHeardWithinMillis = 1000;

[[noreturn]] void noNetwork(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// What the tools print whether or not something is wrong.
bool isNoise(const std::string& line) {
  for (const char* start : {"WARNING: Support for seccomp", "sent tapfd", "received tapfd",
                            "Failed to send", "Starting slirp", "* "})
    if (line.rfind(start, 0) == 0) return true;
  return line.empty();
}

}  // namespace

OutgoingNetwork::OutgoingNetwork(Programs& keeper, const std::string& folder)
    : folder_(ScratchFolder::below(folder)),
      output_(::memfd_create("network", MFD_CLOEXEC)) {
  int ends[2];
  if (!output_) noNetwork("memfd_create");
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) noNetwork("socketpair");
  socket_.reset(ends[0]);
  auto theirs = std::make_shared<UniqueFd>(ends[1]);
  const timeval patience{kReadyWithin.count(), 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);

  ProgramSpec spec;
  spec.argv = ownProgram("program-network");
  spec.argv.push_back(resolver());
  spec.env = {"PATH=/usr/bin:/bin"};
  spec.cwd = "/";
  spec.stdoutFd = spec.stderrFd = output_.get();
  spec.grace = std::chrono::milliseconds(500);
  thread_ = startThread("pw-network", [this, &keeper, spec, theirs = std::move(theirs)](
                                          const std::stop_token& stop) mutable {
    spec.stdinFd = theirs->get();
    try {
      problem_ = whatItSaid(keeper.run(spec, stop));
    } catch (const std::system_error& error) {  // no process or descriptor to be had
      problem_ = error.what();
    }
    isGone_ = true;
    theirs->reset();  // await() hears it
  });
}

OutgoingNetwork::~OutgoingNetwork() {
  thread_.request_stop();
  thread_.join();
}

std::string OutgoingNetwork::await(const std::stop_token& stop) {
  const std::stop_callback onStop(stop, [this] { ::shutdown(socket_.get(), SHUT_RDWR); });
  std::array<char, 64> buffer;
  Packet packet = receivePacket(socket_.get(), buffer);
  namespaces_ = std::move(packet.fds);
  if (!namespaces_.empty()) return {};
  if (isGone_) return problem_;
  return stop.stop_requested() ? "stopped" : "it does not get ready";
}

std::string OutgoingNetwork::whyGone() const {
  pollfd end{socket_.get(), POLLIN, 0};
  ::poll(&end, 1, kHeardWithinMillis);
  return isGone_ ? problem_ : std::string();
}

std::vector<int> OutgoingNetwork::namespaces() const {
  std::vector<int> fds;
  fds.reserve(namespaces_.size());
  for (const UniqueFd& fd : namespaces_) fds.push_back(fd.get());
  return fds;
}

std::string OutgoingNetwork::whatItSaid(const ProgramExit& exit) const {
  if (!exit.startError.empty()) return exit.startError;
  ::lseek(output_.get(), 0, SEEK_SET);
  std::istringstream lines(toUtf8(readAll(output_.get())));
  std::string said;
  for (std::string line; std::getline(lines, line);)
    if (!isNoise(line)) said += (said.empty() ? "" : "; ") + line;
  constexpr std::size_t kMost = 400;
  if (!said.empty()) return toUtf8(said.substr(0, kMost));
  return exit.signal != 0 ? fmt::format("ended by signal {}", exit.signal)
                          : fmt::format("exited with {}", exit.code);
}

}  // namespace planwright
