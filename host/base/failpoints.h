#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace planwright {

/// Every boundary between two steps at which a test may end, delay or fail the host. `.before` and
/// `.after` stand around the effect that the name says: a commit, a push, a call, a rename.
/// The chaos tests kill the host at each of them, and prove that a normal run reaches each.
inline constexpr std::array<std::string_view, 48> kFailpoints{
    "intake.snapshot.before",  // a file is stable
    "intake.snapshot.after",   // its bytes are staged
    "intake.record.before",    // staged, without a row
    "intake.record.after",     // committed, without a ticket
    "enqueue.commit.before",   // somebody asked for a plan or a build
    "enqueue.commit.after",    // committed, without a ticket
    "push.before",             // ids on their way to Redis, whoever sends them
    "push.after",
    "take.before",  // an idle stage asks for tickets
    "take.after",   // tickets gone from Redis, nothing claimed
    "plan.claim.before",
    "plan.claim.after",  // claimed in the table, in no one's memory
    "plan.call.before",
    "plan.call.after",  // planned, in memory only
    "plan.commit.before",
    "plan.commit.after",  // committed, the build stage does not know
    "build.claim.before",
    "build.claim.after",
    "build.restore.before",  // a build goes on that was begun before
    "build.restore.after",
    "job.start.before",
    "job.start.after",      // jobs run in the table, and nowhere else
    "job.call.before",      // in the job's thread
    "job.call.after",       // the work is done, its outputs are in its folder
    "job.upload.after",     // outputs are blobs without rows
    "blob.publish.before",  // a large blob is written and synced, without its name
    "blob.publish.after",
    "job.commit.before",
    "job.commit.after",
    "manifest.before",  // every job of a build is over
    "manifest.after",
    "build.commit.before",
    "build.commit.after",
    "heartbeat.before",
    "reconcile.before",  // this host puts things right in this round
    "reconcile.push.before",
    "prune.before",           // old plans are locked
    "prune.after",            // their rows are gone, the logs of their jobs are not
    "cancel.request.before",  // somebody wants something stopped
    "cancel.request.after",   // the flag is committed, nobody has seen it
    "cancel.stop.before",     // its owner has seen it
    "cancel.stop.after",      // the programs are being ended
    "gc.doom.before",         // nothing reaches these blobs
    "gc.doom.after",
    "gc.delete.before",  // nor did it all through the grace
    "gc.delete.after",   // their rows are gone, the files of the large ones are not
    "gc.file.before",    // a file without a row
    "gc.file.after",     // it is in the trash
};

/// One of kFailpoints; a name that is not in the table does not compile.
class Failpoint {
 public:
  consteval Failpoint(const char* name)  // NOLINT(google-explicit-constructor)
      : index_(static_cast<std::size_t>(std::find(kFailpoints.begin(), kFailpoints.end(), name) -
                                        kFailpoints.begin())) {
    if (index_ == kFailpoints.size()) throw "not in kFailpoints";
  }
  std::size_t index() const { return index_; }

 private:
  std::size_t index_;
};

/// Whether any failpoint is on: the one piece of state that belongs to the process and not to an
/// object, since a test breaks a process.
inline std::atomic<bool> failpointsAreOn{false};

/// What failpoint() does when some are on.
void hitFailpoint(Failpoint point);

/// Marks a step boundary. One relaxed load when none is on. May throw Unavailable, where anything
/// may. [any thread]
inline void failpoint(Failpoint point) {
  if (failpointsAreOn.load(std::memory_order_relaxed)) [[unlikely]]
    hitFailpoint(point);
}

/// Turns these failpoints on and all others off, before the first thread starts. `text`:
/// NAME=ACTION[@N][xK] joined by ";". NAME `*` is all of them. It acts from the N-th time it is
/// reached (1), K times (always).
///   kill      SIGKILL to this process
///   pause:MS  this thread sleeps so many milliseconds
///   error     throws Unavailable
///   log       one line "failpoint NAME reached" in the log, the first time
Result<void> turnOnFailpoints(std::string_view text);

}  // namespace planwright
