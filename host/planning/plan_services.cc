#include "planning/plan_services.h"

#include "base/log.h"
#include "base/utf8.h"

namespace planwright {
namespace {

constexpr int kWarn = 3;  // PW_WARN

}  // namespace

void PlanServices::log(int level, std::string_view message, std::string_view) {
  if (level >= kWarn)
    planwright::log::warn("planner says input={}: {}", input_.id, toUtf8(message));
  else
    planwright::log::debug("planner says input={}: {}", input_.id, toUtf8(message));
}

SourcePlace PlanServices::place() {
  if (!folder_.empty()) {
    std::filesystem::create_directories(folder_);
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
  }
  return {folder_.string(), 0};
}

}  // namespace planwright
