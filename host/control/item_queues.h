#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/guarded.h"
#include "store/database.h"

namespace planwright {

/// What belongs to a queue.
enum class ItemKind { Input, Plan, Build, Job, Letter };

/// Which queue an item belongs to. It never changes, so it is asked for once. [any thread]
class ItemQueues {
 public:
  explicit ItemQueues(Database& database) : database_(database) {}

  /// nullopt: there is no such item, or none any more.
  std::optional<std::string> queueOf(ItemKind kind, std::int64_t id);

 private:
  Database& database_;
  Guarded<std::map<std::pair<ItemKind, std::int64_t>, std::string>> known_;
};

}  // namespace planwright
