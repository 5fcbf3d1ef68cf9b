#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "model/claims.h"

namespace planwright {

/// Lets the sources of a queue take turns at claims, by weight, so that many files from one source
/// do not keep another source waiting. Tickets are in the order in which they came. So when items
/// of a second source wait, the ids to claim are read from Postgres, and a ticket only says that
/// there is something to claim. With one source this costs one query every 20 ms. Used by the
/// thread of one claimer.
class SourceTurns {
 public:
  class Doors {
   public:
    virtual ~Doors() = default;
    /// Whether an item of another source is queued.
    virtual bool doOthersWait(const std::string& source) = 0;
    /// The items that are due, up to `limit` for each source, oldest first.
    virtual std::vector<QueuedItem> waiting(std::size_t limit) = 0;
  };
  using Weights = std::map<std::string, double>;  ///< by source; 1 if not named

  explicit SourceTurns(Doors& doors, Weights weights = {})
      : doors_(doors),
        weights_(std::move(weights)) {}

  void weigh(Weights weights) { weights_ = std::move(weights); }
  /// Up to `limit` of what is due, in turns.
  std::vector<std::int64_t> due(std::size_t limit);
  struct Turn {
    std::vector<std::int64_t> claim;  ///< the same ids, or as many others whose turn it is
    std::vector<std::int64_t> later;  ///< tickets whose items still wait; the others are stale
  };
  Turn instead(std::vector<std::int64_t> tickets, SteadyTime now);

 private:
  std::vector<std::int64_t> take(const std::vector<QueuedItem>& waiting, std::size_t limit);

  Doors& doors_;
  Weights weights_;
  std::map<std::string, double> passes_;  ///< what each has had, in turns per weight
  double now_ = 0;                        ///< pass of the last turn
  std::string alone_;                     ///< the only source that waited at the last look
  bool isContended_ = true;               ///< nothing is known yet
  SteadyTime nextLook_{};
};

}  // namespace planwright
