#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/reported.h"
#include "store/database.h"
#include "store/pg_array.h"

namespace planwright {

/// Events that plugins told of items, written in the transaction that moves the items. Lives for
/// one statement.
class ReportedEvents {
 public:
  /// `subject`: "input/17", "job/88". `actor`: the id of the plugin.
  void add(const std::string& subject, const std::string& actor,
           const std::vector<ReportedEvent>& events);
  void write(Connection& connection, const std::string& queue);

 private:
  PgArray subjects_, types_, actors_, bodies_;
  bool isEmpty_ = true;
};

std::string toJson(const CallProgress& progress);

}  // namespace planwright
