#pragma once

#include <array>
#include <string_view>

namespace planwright {

enum class SettingKind { Flag, Count, Folder };

/// One settings key that may be changed while the host runs.
struct SettingKey {
  std::string_view name;
  SettingKind kind;
  bool isFromFile;  ///< has a start value in YAML; the others are only ever changed by people
  std::string_view title;
  std::string_view description;
};

inline constexpr std::array kSettingKeys = {
    SettingKey{"auto_plan", SettingKind::Flag, true, "Plan automatically",
               "A new stable file is planned at once. Off: it waits for \"Generate plan\"."},
    SettingKey{"auto_build", SettingKind::Flag, true, "Build automatically",
               "A finished plan is built at once. Off: it waits for \"Enqueue build\"."},
    SettingKey{"watch_dir", SettingKind::Folder, true, "Watched folder",
               "Files dropped here become inputs. A change takes effect at once."},
    SettingKey{"plan_workers", SettingKind::Count, true, "Plan workers",
               "Inputs planned at the same time by one host. 0: none."},
    SettingKey{"build_workers", SettingKind::Count, true, "Build workers",
               "Builds open at the same time in one host. 0: none."},
    SettingKey{"job_slots", SettingKind::Count, true, "Job slots",
               "Jobs running at the same time in one host. 0: none."},
    SettingKey{"plan_paused", SettingKind::Flag, false, "Planning paused",
               "Queued inputs stay queued; what runs goes on."},
    SettingKey{"build_paused", SettingKind::Flag, false, "Building paused",
               "Queued plans stay queued; what runs goes on."},
};

inline constexpr int kLargestSettingCount = 1000;

/// The key of that name, or nullptr.
constexpr const SettingKey* settingKey(std::string_view name) {
  for (const auto& key : kSettingKeys)
    if (key.name == name) return &key;
  return nullptr;
}

}  // namespace planwright
