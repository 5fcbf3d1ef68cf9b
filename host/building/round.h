#pragma once

#include <map>
#include <string>
#include <vector>

#include "artifacts/blob_store.h"
#include "model/claims.h"
#include "model/ids.h"
#include "store/jobs.h"

namespace planwright {

/// What one round of the build loop decided and has to write, all of it in one transaction.
struct Round {
  std::vector<StagedBlob> blobs;
  std::vector<JobChange> changes;
  std::vector<BuildId> inserted;  ///< new builds, whose jobs have no rows yet
  std::vector<JobPlace> starts;
  std::vector<FinishedBuild> finished;
  std::map<std::string, double> learned;  ///< seconds of jobs, by name
  std::string holdReason;
};

}  // namespace planwright
