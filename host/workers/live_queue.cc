#include "workers/live_queue.h"

namespace planwright {

LiveQueue::LiveQueue(QueueConfig config, std::shared_ptr<const Plugins> plugins)
    : name(config.name) {
  state_.lock()->now = std::make_shared<const QueueGeneration>(
      QueueGeneration{1, std::move(config), std::move(plugins)});
}

void LiveQueue::replace(QueueConfig config, std::shared_ptr<const Plugins> plugins) {
  std::shared_ptr<const QueueGeneration> before;  // what these end, they end outside of the lock
  std::unique_ptr<OnTrial> trial;
  {
    auto state = state_.lock();
    before =
        std::exchange(state->now, std::make_shared<const QueueGeneration>(QueueGeneration{
                                      ++state->numbers, std::move(config), std::move(plugins)}));
    trial = std::move(state->trial);
  }
  if (trial) trial->terms.decided(false, "The configuration changed during the trial.");
}

std::int64_t LiveQueue::offer(Trial terms) {
  std::unique_ptr<OnTrial> before;
  std::shared_ptr<const QueueGeneration> old;
  auto offered = std::make_unique<OnTrial>();
  std::int64_t number = 0;
  const bool isAtOnce = terms.items <= 0;
  const auto decided = terms.decided;
  {
    auto state = state_.lock();
    number = ++state->numbers;
    offered->generation = std::make_shared<const QueueGeneration>(
        QueueGeneration{number, state->now->config, terms.plugins});
    offered->terms = std::move(terms);
    before = std::move(state->trial);
    if (isAtOnce)
      old = std::exchange(state->now, offered->generation);
    else
      state->trial = std::move(offered);
  }
  if (before) before->terms.decided(false, "Another version was offered meanwhile.");
  if (isAtOnce) decided(true, {});
  return number;
}

bool LiveQueue::withdraw(const std::string& why) {
  const auto trial = std::move(state_.lock()->trial);
  if (trial) trial->terms.decided(false, why);
  return trial != nullptr;
}

std::shared_ptr<const QueueGeneration> LiveQueue::tryOut(Stage stage) {
  auto state = state_.lock();
  if (!state->trial || state->trial->isTaken || state->trial->terms.stage != stage) return nullptr;
  state->trial->isTaken = true;
  return state->trial->generation;
}

LiveQueue::Compared LiveQueue::comparison(
    const std::shared_ptr<const QueueGeneration>& generation) const {
  auto state = state_.lock();
  const bool isOnTrial = state->trial && state->trial->generation == generation;
  return isOnTrial ? state->trial->terms.compared : nullptr;
}

void LiveQueue::tried(const std::shared_ptr<const QueueGeneration>& generation, TrialEnd end,
                      const std::string& why) {
  std::unique_ptr<OnTrial> over;
  std::shared_ptr<const QueueGeneration> before;
  {
    auto state = state_.lock();
    if (!state->trial || state->trial->generation != generation) return;  // decided without it
    state->trial->isTaken = false;
    if (end == TrialEnd::Undecided) return;
    if (end == TrialEnd::Passed && --state->trial->terms.items > 0) return;
    over = std::move(state->trial);
    if (end == TrialEnd::Passed) before = std::exchange(state->now, over->generation);
  }
  over->terms.decided(end == TrialEnd::Passed, why);
}

}  // namespace planwright
