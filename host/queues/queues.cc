#include "queues/queues.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "base/json.h"
#include "base/log.h"

namespace planwright {
namespace {

using Kind = QueueChange::Kind;

/// A folder that a file names is made by people: what is missing may be a network mount, and one of
/// root's in its place would hide it.
void makeFolder(const Config& config, const std::string& watchDir) {
  std::error_code ignored;  // the source says it if that fails
  if (config.file.empty() && !watchDir.empty())
    std::filesystem::create_directories(watchDir, ignored);
}

}  // namespace

Queues::Queues(const Host& host, std::shared_ptr<const Plugins> plugins, const PluginStore& store)
    : host_(host),
      plugins_(std::move(plugins)),
      store_(store) {
  for (std::size_t i = 0; i < kSourceSessions; ++i)
    sourceSessions_.push_back(newSourceSession(host.database));
}

void Queues::clear() {
  const std::lock_guard lock(changes_);
  Runners running;
  std::vector<Closed> closed;
  running_.lock()->swap(running);
  closed_.lock()->swap(closed);
}

void Queues::start(const Config& config) {
  const std::lock_guard lock(changes_);
  auto connection = host_.database.lease();
  QueueRows rows(*connection);
  for (const auto& queue : config.queues) {
    const QueueRow start = startSettings(config, queue);
    rows.configure(start, host_.membership.instance());
    makeFolder(config, start.watchDir);
  }
  std::map<std::string, QueueRow> stored;
  for (auto& row : rows.all()) stored[row.name] = row;
  Runners started;
  for (const auto& queue : config.queues)
    started.push_back(newRunner(queue, stored.at(queue.name)));
  *running_.lock() = std::move(started);
}

std::shared_ptr<QueueRunner> Queues::newRunner(const QueueConfig& queue,
                                               const QueueRow& row) const {
  const std::size_t session = std::hash<std::string>()(queue.name) % kSourceSessions;
  return std::make_shared<QueueRunner>(host_, queue, chosenPlugins(queue.name), row,
                                       sourceSessions_[session]);
}

/// Until the row of such a queue is committed, its stages find it closed.
Queues::Runners Queues::added(const Config& config, const ChangePlan& plan,
                              Connection& connection) const {
  std::map<std::string, QueueRow> stored;
  for (auto& row : QueueRows(connection).all()) stored[row.name] = row;
  Runners added;
  for (const auto& queue : config.queues) {
    const QueueChange* change = plan.of(queue.name);
    if (!change || change->kind != Kind::Added) continue;
    const auto row = stored.find(queue.name);
    added.push_back(
        newRunner(queue, row == stored.end() ? startSettings(config, queue) : row->second));
  }
  return added;
}

void Queues::change(const Config& config, const ChangePlan& plan,
                    const std::function<void(Connection&)>& commit) {
  const std::lock_guard lock(changes_);
  auto connection = host_.database.lease();
  Runners now = added(config, plan, *connection);
  {
    Transaction transaction(*connection);
    QueueRows rows(*connection);
    for (const auto& queue : config.queues) {
      const QueueRow start = startSettings(config, queue);
      if (plan.of(queue.name))
        rows.configure(start, host_.membership.instance());
      else
        rows.release(queue.name);
      makeFolder(config, start.watchDir);
    }
    commit(*connection);
    for (const auto& change : plan.queues)
      if (change.kind == Kind::Removed) rows.leave(change.queue, host_.membership.instance());
    transaction.commit();
  }
  // From here on nothing can fail: the new generation is in force.
  const Runners before = *running_.lock();
  for (const auto& runner : before) {
    const QueueChange* change = plan.of(runner->name());
    if (change && change->kind == Kind::Removed) {
      runner->close();
      closed_.lock()->push_back(
          {runner, host_.clock.steady() + runner->generation()->config.reload.drainTimeout});
      continue;
    }
    if (change) runner->replace(*config.queue(runner->name()));
    now.push_back(runner);
  }
  *running_.lock() = std::move(now);
}

std::shared_ptr<QueueRunner> Queues::find(const std::string& queue) const {
  auto running = running_.lock();
  for (const auto& runner : *running)
    if (runner->name() == queue) return runner;
  return nullptr;
}

std::shared_ptr<const Plugins> Queues::pluginsOf(const std::string& queue) const {
  const auto runner = find(queue);
  return runner ? runner->generation()->plugins : chosenPlugins(queue);
}

std::shared_ptr<const Plugins> Queues::chosenPlugins(const std::string& queue) const {
  std::vector<std::filesystem::path> files;
  const auto choices = store_.choices(queue);
  std::map<std::string, std::string> newest;            // digests by id
  std::map<std::string, std::filesystem::path> copies;  // by digest
  for (const auto& plugin : store_.all()) {
    newest[plugin.id] = plugin.digest;
    copies[plugin.digest] = plugin.file;
  }
  for (const auto& [id, last] : newest) {
    const auto chosen = choices.find(id);
    const std::string digest = chosen != choices.end() ? chosen->second.digest
                               : plugins_->find(id)    ? ""
                                                       : last;
    if (digest.empty()) continue;
    if (const auto copy = copies.find(digest); copy != copies.end())
      files.push_back(copy->second);
    else
      log::error("plugin {} with {} is not installed any more queue={}", id, digest, queue);
  }
  auto plugins = plugins_->with({});
  for (const auto& file : files) {
    auto more = (*plugins)->with({file});
    if (more)
      plugins = std::move(more);
    else
      log::error("plugin not loaded queue={}: {}", queue, more.error().message);
  }
  return *plugins;
}

std::string Queues::toolsJson(const Config& config) const {
  JsonWriter json;
  json.object().member("version", PLANWRIGHT_VERSION).key("names").array();
  for (const auto& queue : config.queues) json.value(queue.name);
  json.end().key("queues").object();
  for (const auto& queue : config.queues) {
    const auto plugins = pluginsOf(queue.name);
    const PluginInfo* plugin = plugins->find(queue.builder.plugin);
    if (!plugin) continue;
    const auto settings = plugins->settings(queue.builder.plugin, queue.builder.settingsJson);
    const auto parsed = settings ? parseJson(*settings) : settings.error();
    json.key(queue.name).object().member("id", plugin->id).member("version", plugin->version);
    json.member("digest", plugin->digest);
    if (parsed) json.member("settings_digest", Digest::of(canonicalJson(*parsed)).text());
    json.end();
  }
  return json.end().end().take();
}

void Queues::apply(const std::vector<QueueRow>& rows) {
  const std::lock_guard lock(changes_);
  const Runners running = *running_.lock();
  for (const auto& row : rows)
    for (const auto& runner : running)
      if (runner->name() == row.name) runner->apply(row);
}

void Queues::tidy() {
  const std::lock_guard lock(changes_);
  const Runners running = *running_.lock();
  for (const auto& runner : running) runner->retrySources();
  std::vector<Closed> over;
  {
    auto closed = closed_.lock();
    const auto open = std::stable_partition(
        closed->begin(), closed->end(), [](const auto& each) { return !each.runner->isOver(); });
    over.assign(std::make_move_iterator(open), std::make_move_iterator(closed->end()));
    closed->erase(open, closed->end());
    for (auto& each : *closed) {
      if (each.isStopped || host_.clock.steady() < each.until) continue;
      log::warn("work of a removed queue is stopped and goes back queue={}", each.runner->name());
      each.runner->stopWork();
      each.isStopped = true;
    }
  }
  for (const auto& each : over) log::info("ended queue={}", each.runner->name());
}

Queues::Runners Queues::all() const {
  Runners all = *running_.lock();
  auto closed = closed_.lock();
  for (const auto& each : *closed) all.push_back(each.runner);
  return all;
}

void Queues::abandon() {
  for (const auto& runner : all()) runner->abandon();
}

bool Queues::drain() {
  std::size_t over = 0;
  const Runners runners = all();
  for (const auto& runner : runners) over += runner->drain() ? 1 : 0;
  return over == runners.size();
}

std::vector<std::int64_t> Queues::heldInputs() const {
  std::vector<std::int64_t> held;
  for (const auto& runner : all())
    for (const auto id : runner->heldInputs()) held.push_back(id);
  return held;
}

std::vector<std::int64_t> Queues::heldPlans() const {
  std::vector<std::int64_t> held;
  for (const auto& runner : all())
    for (const auto id : runner->heldPlans()) held.push_back(id);
  return held;
}

std::string Queues::arrivingJson(const SomeQueues& seen) const {
  constexpr std::size_t kMost = 200;
  const Runners running = *running_.lock();
  JsonWriter json;
  json.array();
  for (const auto& queue : running) {
    if (seen && !seen->contains(queue->name())) continue;
    for (const auto& file : queue->arriving(kMost))
      json.object()
          .member("queue", queue->name())
          .member("filename", file.name)
          .member("size", file.signature.sizeBytes)
          .member("since", toRfc3339(file.since))
          .key("reason")
          .object()
          .member("code", "file_not_stable")
          .member("message", toText(file.reason, queue->quietPeriod()))
          .key("hint")
          .null()
          .member("since", toRfc3339(file.since))
          .end()
          .end();
  }
  return json.end().take();
}

std::vector<std::string> Queues::problems() const {
  const Runners running = *running_.lock();
  std::vector<std::string> all;
  for (const auto& queue : running)
    for (auto& problem : queue->sourceProblems()) all.push_back(queue->name() + ": " + problem);
  return all;
}

}  // namespace planwright
