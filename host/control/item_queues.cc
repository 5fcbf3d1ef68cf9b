#include "control/item_queues.h"

namespace planwright {

namespace {

constexpr std::size_t kMostKnown = 100'000;

std::string_view statementOf(ItemKind kind) {
  switch (kind) {
    case ItemKind::Input:
      return "queue_of_input";
    case ItemKind::Plan:
      return "queue_of_plan";
    case ItemKind::Build:
      return "queue_of_build";
    case ItemKind::Job:
      return "queue_of_job";
    case ItemKind::Letter:
      return "queue_of_letter";
  }
  return "";
}

}  // namespace

std::optional<std::string> ItemQueues::queueOf(ItemKind kind, std::int64_t id) {
  {
    auto known = known_.lock();
    if (const auto found = known->find({kind, id}); found != known->end()) return found->second;
  }
  const Rows rows = database_.lease(Workload::Keyed)->run(statementOf(kind), {id});
  if (rows.empty()) return std::nullopt;
  std::string queue = rows.text(0, "queue");
  auto known = known_.lock();
  if (known->size() >= kMostKnown) known->clear();
  known->insert_or_assign({kind, id}, queue);
  return queue;
}

}  // namespace planwright
