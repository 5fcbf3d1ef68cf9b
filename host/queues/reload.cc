#include "queues/reload.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "base/unavailable.h"

namespace planwright {
namespace {

ReloadAnswer refusal(ErrorKind kind, std::string message, std::string code) {
  ReloadAnswer answer;
  answer.refusal = Error{kind, std::move(message), std::move(code), {}};
  return answer;
}

ReloadAnswer mistakesIn(const std::vector<ConfigProblem>& problems) {
  auto answer = refusal(
      ErrorKind::Invalid,
      fmt::format("The configuration has {} mistake{}, so nothing was changed: {}", problems.size(),
                  problems.size() == 1 ? "" : "s", problems.front().text()),
      "config-refused");
  for (const auto& problem : problems)
    answer.mistakes.emplace_back(problem.place.isBuiltIn() ? "" : problem.place.text(),
                                 problem.message);
  return answer;
}

void forEachStage(const Config& config, const auto& visit) {
  for (const auto& queue : config.queues) {
    for (const auto& source : queue.sources) visit(source);
    for (const auto& planner : queue.planners) visit(planner);
    visit(queue.builder);
  }
}

ReloadAnswer needsRestart(const ChangePlan& plan, const Config& next) {
  std::string keys;
  for (const auto& key : plan.restart) keys += (keys.empty() ? "" : ", ") + key;
  auto answer = refusal(ErrorKind::Conflict,
                        fmt::format("A host reads {} at its start only, so nothing was changed; "
                                    "restart it, or take that back.",
                                    keys),
                        "needs-restart");
  for (const auto& key : plan.restart) {
    const Place place = next.placeOf("/" + key);
    answer.mistakes.emplace_back(place.isBuiltIn() ? "/" + key : place.text(),
                                 key + " needs a restart of the host");
  }
  return answer;
}

/// What a stage gives to its plugin: more is more.
int trustIn(const StageConfig& stage) {
  const std::string& profile = stage.workerSandbox.profile;
  if (stage.isolation == "inproc") return 3;
  return profile == "none" ? 2 : profile == "auto" ? 1 : 0;
}

int freedomOf(const ProgramsConfig& programs) {
  return programs.sandbox == "none" ? 2 : programs.sandbox == "auto" ? 1 : 0;
}

/// Whether the plugin of `wants` has no more rights than in `has`.
bool covers(const StageConfig& has, const StageConfig& wants) {
  const auto& readable = has.programs.readable;
  return has.plugin == wants.plugin && trustIn(wants) <= trustIn(has) &&
         freedomOf(wants.programs) <= freedomOf(has.programs) &&
         wants.programs.network <= has.programs.network &&
         wants.workerSandbox.network <= has.workerSandbox.network &&
         std::all_of(wants.programs.readable.begin(), wants.programs.readable.end(),
                     [&](const std::string& path) {
                       return std::find(readable.begin(), readable.end(), path) != readable.end();
                     });
}

}  // namespace

Reload::Reload(Parts parts) : parts_(std::move(parts)) {
  inForce_.lock()->since = parts_.host.clock.now();
  setGauges();
}

std::string Reload::json() const {
  const InForce now = *inForce_.lock();
  return JsonWriter()
      .object()
      .member("generation", now.generation)
      .member("loaded_at", toRfc3339(now.since))
      .textOrNull("file", parts_.config.now()->file.string())
      .end()
      .take();
}

void Reload::setGauges() {
  const InForce now = *inForce_.lock();
  Metrics& metrics = parts_.host.metrics;
  metrics.set("planwright_config_generation", {}, static_cast<double>(now.generation));
  metrics.set("planwright_config_loaded_timestamp_seconds", {},
              std::chrono::duration<double>(now.since.time_since_epoch()).count());
}

ReloadAnswer Reload::answer(const ChangePlan& plan, bool isApplied) const {
  const InForce now = *inForce_.lock();
  ReloadAnswer answer;
  answer.json = JsonWriter()
                    .object()
                    .member("generation", now.generation)
                    .member("loaded_at", toRfc3339(now.since))
                    .member("applied", isApplied)
                    .rawMember("changes", plan.json())
                    .end()
                    .take();
  answer.lines = plan.lines();
  return answer;
}

/// Says why, wherever somebody may look.
ReloadAnswer Reload::refuse(const ReloadRequest& request, ReloadAnswer refused) {
  if (request.isDryRun) return refused;
  for (const auto& [place, what] : refused.mistakes)
    log::error("configuration refused {}{}{}", place, place.empty() ? "" : ": ", what);
  if (refused.mistakes.empty()) log::error("configuration refused: {}", refused.refusal->message);
  parts_.host.metrics.add("planwright_config_reloads_total", {{"result", "refused"}});
  JsonWriter body;
  body.object().member("message", refused.refusal->message).key("mistakes").array();
  for (const auto& [place, what] : refused.mistakes)
    body.object().member("place", place).member("what", what).end();
  try {
    parts_.host.database.lease()->run(
        "service_event", {"config", "config.refused", "error", body.end().end().take()});
    parts_.host.bell.ring();
  } catch (const Unavailable& e) {  // the log has it
    log::debug("no event of a refused configuration: {}", e.what());
  }
  return refused;
}

/// Plugins and programs of a text that came with the request and that the host's own file does not
/// name, or gives fewer rights. To try a stage runs its code, and who may ask for a comparison may
/// not choose that.
std::vector<ConfigProblem> Reload::strangePlugins(const Config& wanted) const {
  std::vector<StageConfig> trusted;
  const auto addAll = [&trusted](const Config& config) {
    forEachStage(config, [&](const StageConfig& stage) { trusted.push_back(stage); });
  };
  addAll(*parts_.config.now());
  addAll(parts_.read({}).config);
  std::vector<ConfigProblem> problems;
  forEachStage(wanted, [&](const StageConfig& stage) {
    const auto isThere = [&](const auto& fits) {
      return std::any_of(trusted.begin(), trusted.end(), fits);
    };
    if (isThere([&](const StageConfig& has) { return covers(has, stage); })) return;
    const bool isKnown =
        isThere([&](const StageConfig& has) { return has.plugin == stage.plugin; });
    const char* what = isKnown ? " has more rights (isolation, worker_sandbox, sandbox, network, "
                                 "readable) than in"
                               : " is not named by";
    problems.push_back(
        {wanted.placeOf(stage.pointer + "/plugin"),
         fmt::format("{}{} the configuration file of this host, and a text that is only compared "
                     "may name no others; write it in the file, and try with planwright "
                     "check-config",
                     stage.plugin, what)});
  });
  return problems;
}

/// Finds mistakes that only the plugins themselves know: makes each stage that is new or changed
/// once, and ends it.
std::vector<ConfigProblem> Reload::tryStages(const Config& next, const ChangePlan& plan) const {
  std::vector<ConfigProblem> problems;
  const auto note = [&](const StageConfig& stage, const auto& made) {
    if (!made && made.error().kind != ErrorKind::Unavailable)
      problems.push_back({next.placeOf(stage.pointer + "/plugin"),
                          fmt::format("{}: {}", stage.plugin, made.error().message)});
  };
  for (const auto& change : plan.queues) {
    const QueueConfig* queue = next.queue(change.queue);
    if (!queue) continue;
    const auto set = parts_.queues.pluginsOf(queue->name);
    const Plugins& plugins = *set;
    const Roles& roles = next.roles;
    for (const auto& planner : queue->planners)
      if (roles.plan)
        note(planner,
             plugins.planner(planner.plugin, queue->name, planner.settingsJson, roomOf(planner)));
    if (roles.build)
      note(queue->builder, plugins.builder(queue->builder.plugin, queue->name,
                                           queue->builder.settingsJson, roomOf(queue->builder)));
  }
  return problems;
}

ReloadAnswer Reload::run(const ReloadRequest& request) {
  const std::lock_guard lock(one_);
  if (parts_.host.membership.isLeaving())
    return refusal(ErrorKind::Unavailable, "The host is stopping.", {});
  ReadConfig read = parts_.read(request.text);
  if (request.text)
    if (const auto problems = strangePlugins(read.config); !problems.empty())
      return refuse(request, mistakesIn(problems));
  if (!read.ok()) return refuse(request, mistakesIn(read.problems));
  const ChangePlan plan = changePlan(*parts_.config.now(), read.config);
  if (!plan.restart.empty() && !request.isDryRun)
    return refuse(request, needsRestart(plan, read.config));
  if (const auto problems = tryStages(read.config, plan); !problems.empty())
    return refuse(request, mistakesIn(problems));
  if (request.isDryRun) return answer(plan, false);
  return apply(request, std::make_shared<const Config>(std::move(read.config)), plan);
}

ReloadAnswer Reload::apply(const ReloadRequest& request, std::shared_ptr<const Config> next,
                           const ChangePlan& plan) {
  const Host& host = parts_.host;
  const bool isChanged = !plan.isEmpty();
  InForce now = *inForce_.lock();
  if (isChanged) now = {now.generation + 1, host.clock.now()};
  const std::string body = JsonWriter()
                               .object()
                               .member("generation", now.generation)
                               .member("by", request.actor)
                               .member("instance", host.membership.instance())
                               .rawMember("changes", plan.json())
                               .end()
                               .take();
  try {
    parts_.queues.change(*next, plan, [&](Connection& connection) {
      connection.run("record_tools", {host.membership.instance(), parts_.queues.toolsJson(*next)});
      if (isChanged) connection.run("service_event", {"config", "config.reloaded", "info", body});
    });
  } catch (const std::exception& e) {
    const bool isAway = dynamic_cast<const Unavailable*>(&e) != nullptr;
    return refuse(request, refusal(isAway ? ErrorKind::Unavailable : ErrorKind::Failed,
                                   fmt::format("Nothing was changed: {}", e.what()), {}));
  }
  *inForce_.lock() = now;
  parts_.config.replace(std::move(next));  // also unchanged: the places of its values may differ
  setGauges();
  host.metrics.add("planwright_config_reloads_total",
                   {{"result", isChanged ? "applied" : "unchanged"}});
  host.bell.ring();
  for (const auto& line : plan.lines())
    log::info("configuration generation={} {}", now.generation, line);
  return answer(plan, isChanged);
}

}  // namespace planwright
