#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/ids.h"
#include "store/database.h"

namespace planwright {

/// A job that was handed to another engine, or is about to be.
struct RemoteJob {
  std::string plugin;
  std::string token;         ///< ours, stored before the job is handed over
  std::string handle;        ///< the engine's; empty = it may or may not have the job
  std::string folder;        ///< absolute work folder
  bool isFilled = false;     ///< the inputs are in the folder
  bool isWithdrawn = false;  ///< nobody wants it: the engine is to be told
  std::chrono::milliseconds age{0};

  /// What the engine is told to end.
  const std::string& name() const { return handle.empty() ? token : handle; }
};

/// The table of jobs at other engines. On the caller's connection; throws Unavailable.
class RemoteJobs {
 public:
  explicit RemoteJobs(Connection& connection) : connection_(connection) {}

  std::optional<RemoteJob> find(JobId job);
  /// False: the attempt is over, or another attempt was quicker.
  bool begin(JobId job, AttemptId attempt, const std::string& queue, const RemoteJob& remote);
  void filled(const std::string& token);
  void submitted(const std::string& token, const std::string& handle);
  /// Runs in the transaction of the jobs' ends, or in one of its own.
  void end(const std::vector<std::string>& tokens);
  void withdraw(const std::vector<std::string>& tokens);
  /// Jobs at engines that are to be withdrawn: those that were cancelled, and those whose job has
  /// ended another way. At most 100.
  std::vector<RemoteJob> unwanted(const std::string& queue, const std::string& plugin);
  std::set<std::string> known(const std::vector<std::string>& tokens);

 private:
  Connection& connection_;
};

}  // namespace planwright
