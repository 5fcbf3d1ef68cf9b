#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/folder_owner.h"
#include "base/program.h"
#include "base/trusted_file.h"
#include "stages/frames.h"
#include "stages/private_folders.h"
#include "stages/quarantine.h"

namespace planwright {

/// What the workers of one host share. Outlives them.
struct WorkerHost {
  WorkerHost(Programs& runs, std::filesystem::path workFolder, std::shared_ptr<Quarantine> bad)
      : programs(runs),
        folders(std::move(workFolder)),
        quarantine(std::move(bad)) {}
  Programs& programs;
  PrivateFolders folders;
  const std::shared_ptr<Quarantine> quarantine;
};

/// What a worker may have and see.
struct WorkerPlace {
  ProgramLimits limits;
  SandboxWish sandbox;
  TrustedFile plugin;
  bool isProgram = false;  ///< which is the worker itself (program_plugin.h)
};

/// A process that runs a stage, as the host sees it. It is started through Programs, so it dies
/// with the host; a thread waits there until it has ended. Used by one thread, except send().
class WorkerProcess {
 public:
  WorkerProcess(WorkerHost& host, WorkerPlace place);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  bool send(FrameKind kind, std::uint32_t number, std::string_view meta, std::string_view data = {},
            int fd = -1) {
    return socket_->send(kind, number, meta, data, fd);
  }
  /// The next frame, or nothing if none is whole within `patience`. Errors as FrameSocket::receive.
  /// What it prints meanwhile is kept for the tail.
  Result<std::optional<Frame>> receive(std::chrono::milliseconds patience);
  /// Asks the process to end, waits up to `patience`, then lets the keeper end it (SIGTERM, later
  /// SIGKILL). Returns when nothing of it is left.
  ProgramExit end(std::chrono::milliseconds patience);
  /// The end of what it printed.
  std::string tail();
  bool hasPrinted() const { return printed_ > 0; }
  /// Which it runs as, once it has answered: its folder is that user's.
  uid_t user() const { return folder_ ? ownerOf(folder_->path()) : ::geteuid(); }

 private:
  void drainOutput();

  std::optional<PrivateFolders::Lease> folder_;  ///< of one that has less than the host's rights
  const TrustedFile plugin_;
  std::optional<FrameSocket> socket_;
  std::optional<std::chrono::steady_clock::time_point> frameBegan_;  ///< one that is not whole
  UniqueFd output_;
  std::string tail_;
  std::size_t printed_ = 0;
  UniqueFd ended_;  ///< readable once exit_ is known
  std::optional<ProgramExit> exit_;
  std::jthread keeper_;
};

}  // namespace planwright
