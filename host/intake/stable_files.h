#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "intake/stat_signature.h"

namespace planwright {

/// Why a file that was seen is not an input yet.
enum class ArrivingReason {
  Quiet,    ///< it changed less than the quiet period ago
  Open,     ///< somebody has it open for writing, or mapped
  Changed,  ///< it changed while it was copied
  Waiting,  ///< it is stable and waits for the store
  Source,   ///< no process of its source has a right to read it now
};

/// One sentence for a person: "It changed less than 1 s ago."
std::string toText(ArrivingReason reason, std::chrono::nanoseconds quietPeriod);

/// A file that was seen and is not recorded yet.
struct ArrivingFile {
  std::string name;
  StatSignature signature;
  WallTime since;  ///< first seen
  ArrivingReason reason = ArrivingReason::Quiet;
};

/// Which files have not changed for a whole quiet period. Pure logic: it is told what a file looks
/// like and says when to look again. One thread; Intake keeps it in a Guarded.
class StableFiles {
 public:
  StableFiles(const Clock& clock, std::chrono::nanoseconds quietPeriod)
      : clock_(clock),
        quietPeriod_(quietPeriod) {}

  /// What the file looks like now. True: so for the whole quiet period. A different look restarts
  /// the period; the same one also ends a wait set by postpone(), because something called
  /// attention to it.
  bool observe(std::string_view name, const StatSignature& signature);
  /// Stable by that look, but not to be had now: due again after `time`, or when it is observed. Of
  /// no effect if it looks different by now.
  void postpone(std::string_view name, const StatSignature& signature, ArrivingReason reason,
                std::chrono::nanoseconds time);
  /// Recorded, refused or gone.
  void forget(std::string_view name);

  /// Up to `limit` files whose time has come, the longest due first.
  std::vector<ArrivingFile> due(std::size_t limit) const;
  std::size_t countDue(std::size_t limit) const;
  /// When the next file is due; nullopt if none is arriving.
  std::optional<SteadyTime> nextDeadline() const;
  /// Up to `limit` files by name, after the name `after`.
  std::vector<ArrivingFile> list(std::size_t limit, std::string_view after = {}) const;
  std::size_t size() const { return files_.size(); }

 private:
  struct File {
    StatSignature signature;
    WallTime since;
    SteadyTime quietUntil;
    SteadyTime dueAt;
    ArrivingReason reason = ArrivingReason::Quiet;
  };
  using Files = std::map<std::string, File, std::less<>>;

  void schedule(Files::iterator file, SteadyTime at);

  const Clock& clock_;
  const std::chrono::nanoseconds quietPeriod_;
  Files files_;
  std::set<std::pair<SteadyTime, const std::string*>> deadlines_;  ///< names live in files_
};

}  // namespace planwright
