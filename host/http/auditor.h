#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "control/control.h"
#include "http/minute_counts.h"
#include "http/request_queues.h"
#include "http/router.h"

namespace planwright {

/// Writes one row of the audit for each write that was answered, before the answer goes out. Of
/// strangers it writes kMostOfStrangers refusals an address and minute, so that nobody fills the
/// table from outside. [HTTP workers]
class Auditor {
 public:
  static constexpr int kMostOfStrangers = 20;

  /// `openapi`: the document of the API, whose operationIds are the names of the actions.
  Auditor(const Control& control, const RequestQueues& queues, std::string_view openapi);

  void add(const Request& request, const Route& route, const Response& response);

 private:
  std::string actionOf(const Route& route) const;
  std::string queueOf(const Request& request, const Route& route) const;

  const Control& control_;
  const RequestQueues& queues_;
  std::map<std::pair<Method, std::string>, std::string> actions_;  ///< by method and pattern
  MinuteCounts strangers_;
};

}  // namespace planwright
