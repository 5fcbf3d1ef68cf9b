#include "upkeep/stall_watch.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "tickets/tickets.h"

namespace planwright {
namespace {

std::string listOf(const std::string& queue, const std::string& stage) {
  return stage == "plan" ? planList(queue) : buildList(queue);
}

}  // namespace

void StallWatch::step(Connection& connection) {
  const auto config = config_.now();
  for (const auto& each : config->queues) {
    std::chrono::milliseconds longest{0};
    for (const auto& planner : each.planners) longest = std::max(longest, planner.deadline);
    const Queue queue{each.name, longest + config->stalledAfter, config->stalledAfter};
    look(connection, queue, "plan");
    look(connection, queue, "build");
  }
}

void StallWatch::look(Connection& connection, const Queue& queue, const std::string& stage) {
  const Rows next = connection.run("next_to_" + stage, {queue.name});
  const std::int64_t id = next.empty() ? 0 : next.number(0, "id");
  Head& head = heads_[listOf(queue.name, stage)];
  const auto now = clock_.steady();
  if (id == 0 || id != head.id) {
    if (head.isReported) {
      log::info("moving again queue={} stage={}", queue.name, stage);
      connection.run("queue_event", {queue.name, "queue.moving", "info",
                                     JsonWriter().object().member("stage", stage).end().take()});
      bell_.ring();
    }
    head = {id, now, false};
  } else if (!head.isReported && now - head.since >= queue.after) {
    report(connection, queue, stage, head, next.flag(0, "alone"));
  }
  metrics_.set("planwright_stalled", {{"queue", listOf(queue.name, stage)}},
               head.isReported ? 1 : 0);
}

void StallWatch::report(Connection& connection, const Queue& queue, const std::string& stage,
                        Head& head, bool isAlone) {
  // Counted only now: it is a scan.
  const Rows state = stage == "plan"
                         ? connection.run("planning_now", {queue.name, queue.planningTakes.count()})
                         : connection.run("building_now", {queue.name});
  const std::int64_t running = state.number(0, "running");
  const std::int64_t room = state.number(0, "room");
  if (room > 0 && running >= room) {
    head.since = clock_.steady();  // everybody is at work: it is a long queue, not a stall
    return;
  }
  if (isAlone && running > 0) {
    head.since = clock_.steady();  // it waits, by our own wish, until nothing else is under way
    return;
  }
  head.isReported = true;
  const std::string message = fmt::format("{} {} could be taken and nobody takes it.",
                                          stage == "plan" ? "Input" : "Plan", head.id);
  log::error("stalled queue={} stage={}: {}", queue.name, stage, message);
  connection.run("queue_event", {queue.name, "queue.stalled", "error",
                                 JsonWriter()
                                     .object()
                                     .member("stage", stage)
                                     .member("oldest", head.id)
                                     .member("running", running)
                                     .member("workers", room)
                                     .member("message", message)
                                     .end()
                                     .take()});
  bell_.ring();
}

}  // namespace planwright
