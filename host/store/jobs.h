#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "artifacts/blob_store.h"
#include "base/reported.h"
#include "model/claims.h"
#include "model/job_graph.h"
#include "store/database.h"

namespace planwright {

/// A job of a freshly claimed build, as it is inserted.
struct NewJob {
  BuildId build{};
  PlanId plan{};
  std::int64_t fence = 0;
  std::string name;
  int position = 0;
  std::string needsJson;  ///< names
  JobStatus status = JobStatus::Blocked;
  int maxAttempts = 3;
};

struct InsertedJob {
  BuildId build{};
  int position = 0;
  JobId id{};
  AttemptId attempt{};  ///< 0 unless inserted as running
};

struct KnownJob {
  BuildId build{};
  JobId id{};
  int position = 0;
  JobStatus status = JobStatus::Blocked;
  int attempt = 0;
  std::string outputsJson;
  std::chrono::milliseconds dueIn{0};
  std::string spentJson;  ///< retries used up: {"infra":1}
  bool isSealed = false;  ///< as in JobChange; of succeededBefore only
};

/// A change of one job: its end, or that it runs again, or what the end of another made of it.
struct JobChange {
  JobId id{};
  BuildId build{};
  std::int64_t fence = 0;
  JobStatus status = JobStatus::Succeeded;
  std::string failureClass;
  std::string counter;  ///< what a retry is counted under; empty = its class
  int exitCode = -1;
  std::string error;
  std::string outputsJson = "[]";
  std::string cacheJson;  ///< what the cache had: {"result","why","key","parts"}; empty = not asked
  std::chrono::milliseconds retryIn{0};
  AttemptId attempt{};  ///< the attempt that ended, 0 = none
  std::int64_t peakMemoryBytes = 0;
  std::int64_t logBytes = -1;  ///< of the attempt's log; -1 = unknown
  bool isSealed = false;       ///< it was kept from the network and from undeclared files
  int extraAttempts =
      0;  ///< added to the budget: the host stopped it, which is not the job's fault
  std::vector<ReportedEvent> events = {};  ///< that the builder told
  std::string builder = {};                ///< whose they are: its id
};

/// How far the builder of a running attempt says it is.
struct JobProgress {
  AttemptId attempt{};
  CallProgress progress;
};

/// How far a build has come.
struct BuildProgress {
  BuildId build{};
  std::int64_t fence = 0;
  int done = 0, failed = 0;  ///< jobs
};

/// A job that succeeded and is to run once more.
struct JobRedo {
  JobId id{};
  BuildId build{};
  std::int64_t fence = 0;
  std::string why;
};

struct JobStart {
  JobId id{};
  BuildId build{};
  std::int64_t fence = 0;
};
struct StartedJob {
  JobId id{};
  int attempt = 0;
  AttemptId attemptId{};
};

/// The changes to jobs. All carry the fence of their build. Uses the caller's connection.
class Jobs {
 public:
  explicit Jobs(Connection& connection) : connection_(connection) {}

  std::vector<InsertedJob> insert(const std::vector<NewJob>& jobs, InstanceId instance,
                                  const std::string& queue);
  /// What an in-doubt commit already inserted.
  std::vector<InsertedJob> inserted(const std::vector<BuildId>& builds, InstanceId instance);
  /// By build, then by position.
  std::vector<KnownJob> load(const std::vector<BuildId>& builds);
  /// Closes attempts that died with their instance. Their jobs are ready again whatever their
  /// budget, since the plan counts such a death; those that somebody cancelled are cancelled.
  void resetLost(const std::vector<ClaimedPlan>& plans);
  /// `progress`: of the builds that go on. Gives how many changes took place: not those of lost
  /// claims, nor what an earlier write in doubt did. In the caller's transaction, if there are
  /// events.
  std::size_t change(const std::vector<JobChange>& changes,
                     const std::vector<BuildProgress>& progress, const std::string& queue);
  /// How far their builders are. What is being moved right now is left out.
  void note(const std::vector<JobProgress>& said);
  void redo(const std::vector<JobRedo>& jobs, const std::string& queue);
  /// What is not over of a build that cannot be stored ends as its error says.
  void fail(const FinishedBuild& build, const std::string& queue);
  /// Also returns jobs that were started by an earlier commit whose answer never came.
  std::vector<StartedJob> start(const std::vector<JobStart>& jobs, InstanceId instance,
                                const std::string& queue);
  /// Outputs of the jobs that succeeded in the plan's build before this one, by position.
  std::vector<KnownJob> succeededBefore(PlanId plan, BuildId build);
  /// By name, how many seconds jobs of the queue took; unknown ones are left out.
  std::map<std::string, double> durations(const std::string& queue,
                                          const std::vector<std::string>& names);
  void learn(const std::string& queue, const std::map<std::string, double>& seconds);
  /// Jobs of this host's builds that somebody asked to cancel.
  std::vector<JobPlace> cancelRequests(InstanceId instance, const std::string& queue);

 private:
  void tell(const std::vector<JobChange>& changes, const Rows& done, const std::string& queue);

  Connection& connection_;
};

}  // namespace planwright
