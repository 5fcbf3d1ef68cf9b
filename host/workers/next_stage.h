#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace planwright {

/// The door of a stage for items of the stage before on the same host: claimed by the very commit
/// that makes them, they need no ticket and no claim of their own. The door is open only while the
/// stage has room and its claimer finds the queue empty, so nothing that waits is overtaken and a
/// burst still goes through the queue, where every host can take its share. [any thread]
template <class Claimed>
class NextStage {
 public:
  virtual ~NextStage() = default;
  /// Takes up to `most` seats; 0 = through the queue. Each is given back by receive().
  virtual std::size_t reserve(std::size_t most) = 0;
  /// `claimed` are committed as this host's; `seats` of reserve() are free again.
  virtual void receive(std::vector<Claimed> claimed, std::size_t seats) = 0;
};

/// Room of the next stage, reserved for this scope. Without a next stage there is none.
template <class Claimed>
class Seats {
 public:
  Seats(NextStage<Claimed>* stage, std::size_t most)
      : stage_(stage),
        count_(stage ? stage->reserve(most) : 0) {}
  ~Seats() {
    if (count_ > 0) stage_->receive({}, count_);
  }
  Seats(const Seats&) = delete;
  Seats& operator=(const Seats&) = delete;

  std::size_t count() const { return count_; }
  void fill(std::vector<Claimed> claimed) {
    if (count_ > 0) stage_->receive(std::move(claimed), std::exchange(count_, 0));
  }

 private:
  NextStage<Claimed>* stage_;
  std::size_t count_;
};

}  // namespace planwright
