#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <thread>
#include <unordered_map>

#include "base/guarded.h"
#include "base/unique_fd.h"
#include "logs/log_frames.h"

namespace planwright {

/// The pipe of a log that is written, as its writer sees it. Called under the writer's lock.
class LogPipe {
 public:
  virtual ~LogPipe() = default;
  virtual int readEnd() const = 0;
  /// Moves what is there into the file. True: there may be more.
  virtual bool drain(std::string& buffer, FramePacker& packer, int mostRounds) = 0;
};

/// Writes the logs of all attempts of this host. One thread ("pw-logs") waits for their pipes and
/// moves what comes into the files, as it comes; a second one ("pw-logs-pack") rewrites finished
/// logs that came in many small pieces into few large frames. Memory: one buffer, whatever the
/// number and size of the logs. Owned by Application; outlives every AttemptLog.
class LogWriter {
 public:
  /// `folder`: where logs are; a file per attempt, named by its id.
  explicit LogWriter(std::filesystem::path folder);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  /// Of a log: closed to others; to the group as well unless it may write in the folder.
  unsigned fileMode() const { return fileMode_; }

 private:
  friend class AttemptLog;

  /// What the writer needs, and the logs that it reads from. The lock also guards these logs.
  struct Pen {
    std::string buffer;
    FramePacker packer;
    std::unordered_map<std::uint64_t, LogPipe*> logs;
    std::uint64_t lastNumber = 0;
  };

  std::uint64_t watch(Pen& pen, LogPipe& log);
  void forget(Pen& pen, std::uint64_t number);
  void gather(const std::filesystem::path& file);
  void run(const std::stop_token& stop);
  bool drain(std::uint64_t number);

  const std::filesystem::path folder_;
  const unsigned fileMode_;
  Guarded<Pen> pen_;
  UniqueFd epoll_, wake_;
  Guarded<std::deque<std::filesystem::path>> scattered_;
  std::jthread gatherThread_;
  std::jthread thread_;
};

}  // namespace planwright
