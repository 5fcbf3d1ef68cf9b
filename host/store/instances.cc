#include "store/instances.h"

namespace planwright {

InstanceId Instances::start(const Host& host, const std::string& toolsJson) {
  const Rows rows = connection_.run(
      "instance_start", {host.dataId, host.hostname, host.pid, host.roles, host.version});
  const InstanceId id{rows.number(0, "id")};
  if (!toolsJson.empty()) connection_.run("record_tools", {number(id), toolsJson});
  return id;
}

bool Instances::beat(InstanceId id) {
  return !connection_.run("instance_beat", {number(id)}).empty();
}

void Instances::end(InstanceId id) {
  connection_.run("instance_end", {number(id)});
}

std::vector<InstanceId> Instances::expire(std::chrono::milliseconds lease, InstanceId judge) {
  const Rows rows =
      connection_.run("instances_expire",
                      {std::to_string(static_cast<double>(lease.count()) / 1000), number(judge)});
  std::vector<InstanceId> dead;
  for (std::size_t i = 0; i < rows.size(); ++i) dead.push_back(InstanceId{rows.number(i, "id")});
  return dead;
}

}  // namespace planwright
