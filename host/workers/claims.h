#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/threads.h"
#include "workers/alone_turns.h"
#include "workers/claimer.h"
#include "workers/host.h"
#include "workers/live_queue.h"
#include "workers/next_stage.h"
#include "workers/prefetch.h"
#include "workers/source_turns.h"

namespace planwright {

/// What one stage of a queue holds, from claim to commit, and the thread that claims more whenever
/// there is room. `Rows` are the rows that it claims: Inputs or Plans of the store. What is claimed
/// goes to `deliver`, in the claimer's thread or in that of the stage before. [any thread]
template <class Rows>
class Claims final : public NextStage<typename Rows::Claimed>,
                     ClaimPort,
                     AloneTurns::Doors,
                     SourceTurns::Doors {
 public:
  using Claimed = typename Rows::Claimed;
  struct Options {
    std::string list;                       ///< of its tickets
    int workers = 0;                        ///< items open at once
    std::chrono::milliseconds seatWait{0};  ///< while items are quick, a seat is worth that wait
    std::function<void(std::vector<Claimed>)> deliver;
  };
  Claims(const Host& host, LiveQueue& queue, Options options);
  ~Claims() override { stop(); }
  Claims(const Claims&) = delete;
  Claims& operator=(const Claims&) = delete;

  void start(const char* thread) {
    thread_ = startThread(thread, [this](const std::stop_token& stop) { claimer_.run(stop); });
  }
  /// Nothing is claimed any more.
  void stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  void resize(int workers) {
    workers_ = workers;
    held_.notifyAll();
  }
  /// The claims are lost: nothing new until clear().
  void suspend() { isSuspended_ = true; }
  void clear() {
    held_.lock()->ids.clear();
    isSuspended_ = false;
    held_.notifyAll();
  }

  /// Committed or given back: room for others.
  void release(const std::unordered_set<std::int64_t>& ids) {
    std::erase_if(held_.lock()->ids, [&](std::int64_t id) { return ids.contains(id); });
    held_.notifyAll();
  }
  /// How long an item ran: quick ones are claimed ahead.
  void finished(std::chrono::microseconds ran) { prefetch_.finished(ran); }
  std::vector<std::int64_t> held() { return held_.lock()->ids; }
  bool isEmpty() { return held_.lock()->isEmpty(); }

  std::size_t reserve(std::size_t most) override;
  void receive(std::vector<Claimed> claimed, std::size_t seats) override;

 private:
  struct Held {
    std::vector<std::int64_t> ids;
    bool isQueueDry = false;   ///< nothing waits that a new item would overtake
    std::size_t reserved = 0;  ///< seats of items that the stage before is just committing
    bool isEmpty() const { return ids.empty() && reserved == 0; }
  };

  std::size_t free(const Held& held);
  SourceTurns& turns();
  std::size_t claim(const std::vector<std::int64_t>& ids, bool alone);

  std::size_t room(const std::stop_token& stop) override;
  std::size_t roomNow() override { return free(*held_.lock()); }
  void setDry(bool isDry) override;
  std::vector<std::int64_t> due(std::size_t limit) override { return turns().due(limit); }
  SourceTurns::Turn turns(std::vector<std::int64_t> tickets) override;
  std::size_t claim(const std::vector<std::int64_t>& ids) override { return claim(ids, false); }
  bool isOpen() override;
  void waitForCommit(std::chrono::milliseconds time, const std::stop_token& stop) override;

  bool isEmpty(const std::stop_token& stop) override;
  std::vector<std::int64_t> dueAlone() override;
  bool claimAlone(const std::vector<std::int64_t>& ids) override { return claim(ids, true) > 0; }

  bool doOthersWait(const std::string& source) override;
  std::vector<QueuedItem> waiting(std::size_t limit) override;

  const Host& host_;
  LiveQueue& queue_;
  const Options options_;
  std::atomic<int> workers_;
  std::atomic<bool> isSuspended_{false};
  Prefetch prefetch_{std::chrono::milliseconds(50)};
  Guarded<Held> held_;
  std::unique_ptr<Connection> connection_;  ///< this and the rest: the claimer's thread
  AloneTurns alone_;
  SourceTurns turns_;
  std::shared_ptr<const QueueGeneration> weighed_;  ///< whose weights turns_ has
  std::uint64_t seenCommits_ = 0;
  Claimer claimer_;
  std::jthread thread_;
};

}  // namespace planwright
