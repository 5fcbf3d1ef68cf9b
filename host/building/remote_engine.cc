#include "building/remote_engine.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "artifacts/staged_blobs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/remove_tree.h"
#include "base/threads.h"
#include "config/secret_values.h"
#include "store/remote_jobs.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr CallLimits kLimits{std::chrono::minutes(1), milliseconds(0)};
constexpr milliseconds kFirstLook{200}, kShortest{50}, kSweep{5'000};
constexpr milliseconds kLongest{3'600'000};

}  // namespace

/// What the plugin may use while it looks, or withdraws. Lives for one call.
class RemoteEngine::LookServices final : public CallServices {
 public:
  explicit LookServices(RemoteEngine& engine)
      : engine_(engine),
        blobs_(engine.host_.blobs, kLargestOutputBytes) {}

  void log(int level, std::string_view message, std::string_view fieldsJson) override {
    const auto fields = parseJson(fieldsJson.empty() ? "{}" : fieldsJson);
    const std::string handle = fields ? textOr(*fields, "handle") : std::string();
    auto open = engine_.open_.lock();
    if (const auto at = open->waiters.find(handle); at != open->waiters.end())
      return at->second->services->log(level, message, {});
    if (level >= 3) planwright::log::warn("{}: {}", plugin(), message);
  }
  /// Of the job whose handle the body names.
  void event(std::string_view type, std::string_view bodyJson) override {
    const auto body = parseJson(bodyJson.empty() ? "{}" : bodyJson);
    const std::string handle = body ? textOr(*body, "handle") : std::string();
    auto open = engine_.open_.lock();
    if (const auto at = open->waiters.find(handle); at != open->waiters.end())
      at->second->services->event(type, bodyJson);
  }
  void metric(int kind, std::string_view name, double value, std::string_view labels) override {
    engine_.host_.metrics.report(plugin(), engine_.queue_.name, kind, name, value, labels);
  }
  void progress(std::uint64_t, std::uint64_t, std::string_view) override {}
  Result<UniqueFd> openBlob(const Digest& digest) override { return blobs_.open(digest); }
  Result<Digest> putBlob(int fd, std::string_view, const GoesOn& goesOn) override {
    return blobs_.put(fd, goesOn);
  }
  std::optional<std::string> secret(std::string_view name) override {
    const auto values = readSecretValues(engine_.generation_->config.builder.pluginSecrets);
    return values ? secretIn(*values, name) : std::nullopt;
  }
  int outputFd() override { return -1; }

  /// Nothing: it was not stored in this call.
  std::optional<StagedBlob> blob(const std::string& text) {
    const auto digest = Digest::parse(text);
    return digest ? blobs_.find(*digest) : std::nullopt;
  }

 private:
  const std::string& plugin() const { return engine_.generation_->config.builder.plugin; }

  RemoteEngine& engine_;
  StagedBlobs blobs_;
};

Result<std::shared_ptr<RemoteEngine>> RemoteEngine::create(
    const Host& host, LiveQueue& queue, std::shared_ptr<const QueueGeneration> generation) {
  const auto& config = generation->config.builder;
  auto instance = generation->plugins->remoteBuilder(config.plugin, queue.name, config.settingsJson,
                                                     roomOf(config));
  if (!instance) return instance.error();
  return std::shared_ptr<RemoteEngine>(
      new RemoteEngine(host, queue, std::move(generation), std::move(*instance)));
}

RemoteEngine::RemoteEngine(const Host& host, LiveQueue& queue,
                           std::shared_ptr<const QueueGeneration> generation,
                           std::unique_ptr<StageInstance> instance)
    : host_(host),
      queue_(queue),
      generation_(std::move(generation)),
      instance_(std::move(instance)),
      thread_(startThread("pw-remote", [this](const std::stop_token& stop) { run(stop); })) {}

RemoteEngine::~RemoteEngine() {
  thread_.request_stop();
  ownCall_.close(StopReason::Drain);
  thread_.join();
}

StageOutcome RemoteEngine::submit(const StageJob& job, StageCall& call) {
  const std::lock_guard one(calling_);
  return instance_->submit(job, call);
}

RemoteEngine::End RemoteEngine::await(const std::string& handle, StageCall& call,
                                      JobServices& services) {
  Waiter waiter{&call, &services, {}, {}};
  {
    auto open = open_.lock();
    if (open->waiters.empty()) open->nextLook = host_.clock.steady() + kFirstLook;
    if (!open->waiters.emplace(handle, &waiter).second) {
      waiter.end.failure = Failure{FailureClass::Bug,
                                   fmt::format("The plugin {} gave two jobs the handle {}.",
                                               generation_->config.builder.plugin, handle),
                                   {},
                                   {}};
      return std::move(waiter.end);
    }
  }
  open_.notifyAll();
  while (call.reason() == StopReason::None) {
    const auto open =
        open_.waitFor(kLongest, call.token(), [&](const Open&) { return waiter.isOver; });
    if (waiter.isOver) break;
  }
  open_.lock()->waiters.erase(handle);
  return std::move(waiter.end);
}

std::optional<Failure> RemoteEngine::withdraw(const std::string& name) {
  LookServices services(*this);
  StageCall call(services, kLimits);
  const std::lock_guard one(calling_);
  const RunningCall<int>::Scope scope(ownCall_, call);
  return instance_->withdraw(name, call).failure;
}

void RemoteEngine::checkLimits(SteadyTime now) {
  ownCall_.checkLimits(now);
}

void RemoteEngine::run(const std::stop_token& stop) {
  SteadyTime nextSweep = host_.clock.steady();
  while (!stop.stop_requested()) {
    const auto now = host_.clock.steady();
    bool isLookDue = false;
    {
      const auto due = [&](const Open& open) {
        return open.waiters.empty() ? nextSweep : std::min(nextSweep, open.nextLook);
      };
      const SteadyTime before = due(*open_.lock());
      auto open = open_.waitFor(std::max(before - now, SteadyTime::duration(0)), stop,
                                [&](const Open& changed) { return due(changed) < before; });
      isLookDue = !open->waiters.empty() && open->nextLook <= host_.clock.steady();
    }
    if (stop.stop_requested()) return;
    try {
      if (isLookDue) look();
      if (host_.clock.steady() < nextSweep) continue;
      nextSweep = host_.clock.steady() + kSweep;
      sweep();
      sweepFolders();
    } catch (const std::exception& e) {  // Postgres or the blob store is away
      log::warn("jobs at the engine of {} are asked for later queue={}: {}",
                generation_->config.builder.plugin, queue_.name, e.what());
      open_.lock()->nextLook = host_.clock.steady() + backoff_.next();
    }
  }
}

void RemoteEngine::look() {
  JsonWriter handles;
  handles.array();
  {
    auto open = open_.lock();
    for (const auto& [handle, waiter] : open->waiters) handles.value(handle);
  }
  LookServices services(*this);
  StageOutcome look;
  {
    StageCall call(services, kLimits);
    const std::lock_guard one(calling_);
    const RunningCall<int>::Scope scope(ownCall_, call);
    look = instance_->observe(handles.end().take(), call);
    if (look.failure) look.failure = call.overLimit(*look.failure).value_or(*look.failure);
  }
  const auto now = host_.clock.steady();
  if (!look.failure) {
    if (std::exchange(isAway_, false))
      log::info("the engine of {} answers again queue={}", generation_->config.builder.plugin,
                queue_.name);
    backoff_.reset();
    open_.lock()->nextLook = now + std::clamp(look.next, kShortest, kLongest);
    return hear(look, services);
  }
  const FailureClass kind = look.failure->kind;
  if (kind == FailureClass::Config || kind == FailureClass::Bug || !look.hold.empty())
    return endAll(look);
  auto open = open_.lock();
  open->nextLook = now + backoff_.next();
  if (std::exchange(isAway_, true)) return;
  log::warn("the engine of {} cannot be asked queue={}: {}", generation_->config.builder.plugin,
            queue_.name, look.failure->message);
  for (const auto& [handle, waiter] : open->waiters)
    waiter->services->log(
        3, fmt::format("The engine cannot be asked now: {}", look.failure->message), {});
}

void RemoteEngine::hear(const StageOutcome& look, LookServices& services) {
  auto open = open_.lock();
  const auto waiterOf = [&](const std::string& handle) {
    const auto at = open->waiters.find(handle);
    return at == open->waiters.end() || at->second->isOver ? nullptr : at->second;
  };
  for (const auto& output : look.outputs)
    if (Waiter* waiter = waiterOf(output.handle)) {
      const bool isKnown = std::any_of(
          waiter->end.outputs.begin(), waiter->end.outputs.end(), [&](const auto& other) {
            return other.name == output.name && other.digest == output.digest;
          });
      if (isKnown) continue;  // a look that was repeated
      waiter->end.outputs.push_back(output);
      if (auto blob = services.blob(output.digest)) waiter->end.blobs.push_back(std::move(*blob));
    }
  for (const auto& state : look.states)
    if (Waiter* waiter = waiterOf(state.handle)) {
      waiter->call->live();
      if (!state.message.empty() && state.message != waiter->said && !state.isEnd())
        waiter->services->log(2, state.message, {});
      waiter->said = state.message;
      if (!state.isEnd()) continue;
      waiter->end.state = state;
      waiter->isOver = true;
    }
  open_.notifyAll();
}

/// The queue is held. Its jobs stay at the engine, and are found again by their handles.
void RemoteEngine::endAll(const StageOutcome& look) {
  auto open = open_.lock();
  for (const auto& [handle, waiter] : open->waiters) {
    waiter->end.failure = look.failure;
    waiter->end.failure->kind = FailureClass::Config;
    waiter->end.hold = look.hold;
    waiter->isOver = true;
  }
  open->nextLook = host_.clock.steady() + kSweep;
  open_.notifyAll();
}

void RemoteEngine::sweep() {
  const auto unwanted =
      RemoteJobs(*host_.database.lease()).unwanted(queue_.name, generation_->config.builder.plugin);
  for (const auto& job : unwanted) {
    if (const auto failure = withdraw(job.name())) {
      if (std::exchange(whyStuck_, failure->message) == failure->message) return;
      log::warn("{} is not withdrawn yet queue={}: {}", job.name(), queue_.name, failure->message);
      return;
    }
    whyStuck_.clear();
    RemoteJobs(*host_.database.lease()).end({job.token});
    log::info("withdrew {} queue={}", job.name(), queue_.name);
  }
}

/// Deletes the folders of jobs that are over. The row of a job is always made before its folder.
void RemoteEngine::sweepFolders() {
  std::vector<std::string> tokens;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(host_.remoteFolder / queue_.name, missing))
    tokens.push_back(entry.path().filename().string());
  if (tokens.empty()) return;
  const auto known = RemoteJobs(*host_.database.lease()).known(tokens);
  for (const auto& token : tokens)
    if (!known.contains(token)) removeTree(host_.remoteFolder / queue_.name / token);
}

Result<std::shared_ptr<RemoteEngine>> RemoteEngines::of(
    const std::shared_ptr<const QueueGeneration>& generation) {
  std::shared_ptr<std::mutex> starting;
  {
    auto known = known_.lock();
    Slot& slot = known->engines[generation->number];
    if (auto engine = slot.engine.lock()) return engine;
    if (!slot.starting) slot.starting = std::make_shared<std::mutex>();
    starting = slot.starting;  // keeps the slot
  }
  const std::lock_guard one(*starting);
  if (auto engine = known_.lock()->engines[generation->number].engine.lock()) return engine;
  auto engine = RemoteEngine::create(host_, queue_, generation);
  if (!engine) return engine.error();
  auto known = known_.lock();
  known->engines[generation->number].engine = *engine;
  std::erase_if(known->engines, [](const auto& each) {
    return each.second.engine.expired() && each.second.starting.use_count() == 1;
  });
  return engine;
}

void RemoteEngines::refresh() {
  const auto now = queue_.now();
  {
    auto known = known_.lock();
    if (known->isStarting) return;
    if (starter_.joinable()) starter_.join();  // it has just ended
    if (known->newestNumber == now->number || host_.clock.steady() < known->nextTry) return;
    const bool isRemote = now->plugins->isRemote(now->config.builder.plugin);
    known->isStarting = isRemote || known->newest;
    if (!known->isStarting) {
      known->newestNumber = now->number;
      return;
    }
  }
  const auto failed = [this](const std::exception& e) {
    log::warn("a remote builder does not start queue={}: {}", queue_.name, e.what());
    known_.lock()->nextTry = host_.clock.steady() + kSweep;
  };
  const auto start = [this, now, failed](const std::stop_token&) {
    try {
      startNewest(now);
    } catch (const std::exception& e) {  // no process can be started: the first job tells why
      failed(e);
    }
    known_.lock()->isStarting = false;
  };
  try {
    starter_ = startThread("pw-remote-new", start);
  } catch (const std::system_error& e) {  // no thread can be had now
    failed(e);
    known_.lock()->isStarting = false;
  }
}

void RemoteEngines::startNewest(const std::shared_ptr<const QueueGeneration>& generation) {
  std::shared_ptr<RemoteEngine> newest, before;
  if (generation->plugins->isRemote(generation->config.builder.plugin))
    if (auto engine = of(generation)) newest = std::move(*engine);  // else the first job tells why
  auto known = known_.lock();
  known->newestNumber = generation->number;
  before = std::exchange(known->newest, std::move(newest));
}

void RemoteEngines::checkLimits(SteadyTime now) {
  std::vector<std::shared_ptr<RemoteEngine>> engines;
  {
    auto known = known_.lock();
    for (const auto& [number, slot] : known->engines)
      if (auto one = slot.engine.lock()) engines.push_back(std::move(one));
  }
  for (const auto& engine : engines) engine->checkLimits(now);
}

}  // namespace planwright
