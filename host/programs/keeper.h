#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

#include "base/guarded.h"
#include "base/program.h"
#include "base/unique_fd.h"
#include "programs/keeper_protocol.h"

namespace planwright {

struct KeeperOptions {
  std::string selfExe = "/proc/self/exe";  ///< run as `<selfExe> keeper`
  std::int64_t leaseMillis =
      15'000;  ///< after so long without a word from us it kills all programs and ends
  int lockFd =
      -1;  ///< of the data folder (DataFolder::lockFd): held until the keeper has ended everything
};

/// Starts every program of the host through one child, `planwright keeper`, so that none outlives
/// the host: the child is their subreaper, is fed each second, and kills all of them when we are
/// gone or silent. If it dies itself, a new one is started; it first ends what the old one left,
/// and the runs of that moment come back with `lost` after that. One Keeper for each data folder.
/// Owned by Application; no run may be under way when it is destroyed. run(): [any thread, hundreds
/// at once]; it costs its thread one send and one receive.
class Keeper final : public Programs {
 public:
  explicit Keeper(KeeperOptions options = {});
  ~Keeper() override;  ///< returns when the keeper has ended
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  ProgramExit run(const ProgramSpec& spec, const std::stop_token& stop) override;

  pid_t pid();  ///< of the keeper that serves now
  int restarts() const { return restarts_.load(); }

 private:
  struct Link;  // one keeper process
  struct Channel {
    std::shared_ptr<Link> link;
    UniqueFd fd;
  };

  std::shared_ptr<Link> startLink() const;
  std::shared_ptr<Link> liveLink();
  void giveUp(const std::shared_ptr<Link>& link);
  Channel takeChannel();
  bool sendRun(const Channel& channel, std::uint32_t number, const ProgramSpec& spec,
               const std::string& text) const;
  bool awaitExit(const Channel& channel, std::uint32_t number, const std::stop_token& stop,
                 ExitMessage& exit) const;
  void feed(const std::stop_token& stop);

  const KeeperOptions options_;
  const std::uint32_t family_;
  std::atomic<std::uint32_t> lastNumber_{0};
  std::atomic<int> restarts_{0};
  Guarded<std::shared_ptr<Link>> link_;
  std::jthread feeder_;
};

}  // namespace planwright
