#pragma once

#include <cstdint>
#include <string>

namespace planwright {

/// What the host puts before the type of an event that a plugin tells, so that none passes for one
/// of the host's own.
inline constexpr const char* kReportedPrefix = "reported.";

/// An event of a plugin, checked: its type with the prefix, and a JSON object.
struct ReportedEvent {
  std::string type;
  std::string bodyJson;
  friend bool operator==(const ReportedEvent&, const ReportedEvent&) = default;
};

/// How far a running call says it is; a total of 0 = nobody knows.
struct CallProgress {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::string note;
  friend bool operator==(const CallProgress&, const CallProgress&) = default;
};

}  // namespace planwright
