#pragma once

#include <cstdint>

namespace planwright {

// One type per table, so that ids cannot be swapped.
enum class InputId : std::int64_t {};
enum class PlanId : std::int64_t {};
enum class BuildId : std::int64_t {};
enum class JobId : std::int64_t {};
enum class AttemptId : std::int64_t {};
enum class InstanceId : std::int64_t {};

template <class Id>
constexpr std::int64_t number(Id id) {
  return static_cast<std::int64_t>(id);
}

/// A job by its place in a build.
struct JobPlace {
  BuildId build{};
  int position = 0;
  friend bool operator==(const JobPlace&, const JobPlace&) = default;
};

}  // namespace planwright
