#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "model/ids.h"
#include "store/database.h"

namespace planwright {

/// The running hosts. On the caller's connection.
class Instances {
 public:
  explicit Instances(Connection& connection) : connection_(connection) {}

  struct Host {
    std::string dataId, hostname, roles, version;
    int pid = 0;
  };
  /// Ends the instances that ran on the same data folder before (this host holds its lock, so they
  /// are dead), and returns the id of this one. `toolsJson`: what it builds with now
  /// (instance_tools); empty: nothing.
  InstanceId start(const Host& host, const std::string& toolsJson);
  /// False: somebody declared this instance dead; its claims belong to others now.
  bool beat(InstanceId id);
  void end(InstanceId id);
  /// Declares instances dead whose heartbeat is older than the lease; never `judge`.
  std::vector<InstanceId> expire(std::chrono::milliseconds lease, InstanceId judge);

 private:
  Connection& connection_;
};

}  // namespace planwright
