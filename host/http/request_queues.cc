#include "http/request_queues.h"

#include <limits>

namespace planwright {
namespace {

std::optional<ItemKind> itemOf(Scope scope) {
  switch (scope) {
    case Scope::Input:
      return ItemKind::Input;
    case Scope::Plan:
      return ItemKind::Plan;
    case Scope::Build:
      return ItemKind::Build;
    case Scope::Job:
      return ItemKind::Job;
    case Scope::Letter:
      return ItemKind::Letter;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<std::string> RequestQueues::queueOf(const Request& request, Scope scope) const {
  switch (scope) {
    case Scope::Queue:
      return std::string(request.param("queue"));
    case Scope::Default:
      return config_.now()->defaultQueue().name;
    case Scope::Upload:
      return request.query.textOr("queue", config_.now()->defaultQueue().name);
    case Scope::Index: {
      const std::string_view index = request.param("index");
      return std::string(index.substr(0, index.find('@')));
    }
    default:
      break;
  }
  const auto item = itemOf(scope);
  if (!item) return std::nullopt;
  const auto id = request.id();
  return id ? items_.queueOf(*item, *id) : std::nullopt;
}

std::optional<std::string> RequestQueues::queueOfOther(const Request& request) const {
  const auto to = request.query.number("to", 1, std::numeric_limits<std::int64_t>::max());
  return to && *to ? items_.queueOf(ItemKind::Plan, **to) : std::nullopt;
}

}  // namespace planwright
