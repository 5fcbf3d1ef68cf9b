#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/live.h"
#include "config/config.h"
#include "stages/registry.h"

namespace planwright {

/// One generation of a queue: the settings and the plugins that its items run with. Immutable; an
/// item keeps the generation it began with, so a change never meets work that is under way.
struct QueueGeneration {
  std::int64_t number = 1;  ///< counts up with every change, from the start of the host
  QueueConfig config;
  std::shared_ptr<const Plugins> plugins;
};

/// A queue as its stages see it: its name, and the generation that new items begin with. Owned by
/// the queue's runner; one thread at a time replaces, the rest is [any thread].
class LiveQueue {
 public:
  LiveQueue(QueueConfig config, std::shared_ptr<const Plugins> plugins)
      : name(config.name),
        generation_(QueueGeneration{1, std::move(config), std::move(plugins)}) {}

  const std::string name;

  std::shared_ptr<const QueueGeneration> now() const { return generation_.now(); }
  void replace(QueueConfig config, std::shared_ptr<const Plugins> plugins) {
    generation_.replace(std::make_shared<const QueueGeneration>(
        QueueGeneration{now()->number + 1, std::move(config), std::move(plugins)}));
  }

 private:
  Live<QueueGeneration> generation_;
};

}  // namespace planwright
