#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "stages/stage.h"

namespace planwright {

/// The states of a job at another engine, as plugins and frames write them.
inline constexpr std::array kRemoteStages = {
    std::pair{RemoteState::Stage::Waiting, std::string_view("waiting")},
    std::pair{RemoteState::Stage::Running, std::string_view("running")},
    std::pair{RemoteState::Stage::Succeeded, std::string_view("succeeded")},
    std::pair{RemoteState::Stage::Failed, std::string_view("failed")},
    std::pair{RemoteState::Stage::Lost, std::string_view("lost")}};

inline std::string_view wordOf(RemoteState::Stage stage) {
  return kRemoteStages[static_cast<std::size_t>(stage)].second;
}

inline std::optional<RemoteState::Stage> remoteStageFrom(std::string_view word) {
  for (const auto& [stage, known] : kRemoteStages)
    if (word == known) return stage;
  return std::nullopt;
}

}  // namespace planwright
