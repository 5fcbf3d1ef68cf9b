#pragma once

#include <functional>
#include <string>
#include <vector>

#include "trial/check.h"

namespace planwright {

/// How one piece of work ended.
struct WorkEnd {
  bool isOk = false;
  bool isBug = false;    ///< the plugin's own, as is its death
  bool isDeath = false;  ///< of its process
  std::string said;      ///< "a bug: …", "failed: …"; empty = it is well
  std::vector<std::string> plans;
};

/// One stage of the plugin that is checked, loaded as its kind wants it: a shared object in this
/// process with nothing of the host around it, a program (exec:) in a process of its own as a host
/// runs it. One thread.
class WorkTrial {
 public:
  /// What the host does while it works.
  struct Wish {
    bool runsPrograms = false;  ///< a shared object's; nobody keeps a program from it
    bool isStopped = false;     ///< it wants the work to end from the beginning
  };

  virtual ~WorkTrial() = default;
  virtual WorkEnd work(const CheckSample& sample, Wish wish) = 0;
  WorkEnd work(const CheckSample& sample) { return work(sample, {}); }
  /// What a fresh copy makes of it, in text.
  virtual std::string freshResult(const CheckSample& sample) = 0;
};

/// Runs `check` for each of the plugin's stages until one does not pass. What keeps instances from
/// being made is a reason to leave the check out. A program without a manifest may be any stage,
/// and is those that start.
using WorkCheck = std::function<CheckOutcome(WorkTrial& trial, const std::string& stage)>;
CheckOutcome forEachTrial(const CheckSubject& subject, const WorkCheck& check);

}  // namespace planwright
