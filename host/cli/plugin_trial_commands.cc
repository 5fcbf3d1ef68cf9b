#include <chrono>
#include <condition_variable>
#include <ctime>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include <unistd.h>

#include "base/files.h"
#include "base/log.h"
#include "base/scratch_folder.h"
#include "cli/command_groups.h"
#include "cli/listings.h"
#include "cli/output.h"
#include "config/units.h"
#include "stages/stage_call.h"
#include "trial/lone_plugin.h"
#include "trial/plan_replay.h"
#include "trial/plan_trial.h"
#include "trial/trial_job.h"
#include "trial/trial_programs.h"
#include "trial/trial_services.h"

namespace planwright::cli {
namespace {

namespace fs = std::filesystem;

struct RunArguments {
  std::string file, input, name, job, stage, workdir, files, cursor, deadline;
  std::vector<std::string> settings, secrets;
};

[[noreturn]] void refuse(const Error& error, const std::string& next = {}) {
  throw CommandFailure(exitCodeOf(error.kind), error.message, next);
}

/// "name: what", the way that the run of a plugin ends badly; the class decides the exit code.
ExitCode failed(Session& session, const Failure& failure) {
  std::ostream& err = session.terminal.err;
  err << "planwright: " << toText(failure.kind) << ": " << printable(failure.message) << '\n';
  if (!failure.details.empty()) err << failure.details << '\n';
  if (failure.kind == FailureClass::Infra) err << "A host would try it again.\n";
  if (failure.kind == FailureClass::Timeout) return ExitCode::TimedOut;
  return failure.kind == FailureClass::Config ? ExitCode::Usage : ExitCode::WorkFailed;
}

/// A call with a deadline that is kept: a thread of its own stops it. Lives as long as the call.
class WatchedCall {
 public:
  /// `deadline` 0 = none.
  WatchedCall(CallServices& services, std::chrono::milliseconds deadline)
      : call_(services, {deadline, {}}) {
    if (deadline.count() == 0) return;
    const auto end = std::chrono::steady_clock::now() + deadline;
    watch_ = std::jthread([this, end](const std::stop_token& stop) {
      std::unique_lock lock(mutex_);
      if (!over_.wait_until(lock, stop, end, [] { return false; }) && !stop.stop_requested())
        call_.stop(StopReason::Deadline);
    });
  }

  StageCall& call() { return call_; }
  /// Why the call failed, when it `said` so: its deadline comes first.
  Failure verdict(const Failure& said) const { return call_.overLimit(said).value_or(said); }

 private:
  StageCall call_;
  std::mutex mutex_;
  std::condition_variable_any over_;
  std::jthread watch_;
};

/// One run of one stage of a plugin; everything it needs goes with it.
class PluginRun {
 public:
  PluginRun(Session& session, const RunArguments& arguments)
      : session_(session),
        arguments_(arguments),
        services_(
            [&session](std::string_view kind, int level, std::string_view text) {
              constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warning", "error"};
              const auto word = kind == "log" && level >= 0 && level < 5 ? kLevels[level] : kind;
              session.terminal.err << word << ": " << printable(text) << '\n';
            },
            STDERR_FILENO) {
    for (const auto& secret : arguments.secrets) {
      const auto equals = secret.find('=');
      if (equals == std::string::npos || equals == 0)
        throw CommandFailure(ExitCode::Usage, "a secret is given as NAME=FILE");
      std::string value = readFile(secret.substr(equals + 1));
      while (!value.empty() && value.back() == '\n') value.pop_back();
      services_.secrets[secret.substr(0, equals)] = value;
    }
  }

  ExitCode run() {
    log::configure("off");  // what the loader says comes back as the error
    auto plugin = LonePlugin::load(arguments_.file, programs_);
    if (!plugin) refuse(plugin.error(), "planwright plugin inspect " + arguments_.file);
    log::configure("info");
    plugin_ = std::move(*plugin);
    const auto settings = settingsFrom(arguments_.settings, plugin_->info().settingsSchemaJson);
    if (!settings) refuse(settings.error());
    settings_ = *settings;
    const std::string stage = chosenStage();
    if (stage == "source") return poll();
    if (arguments_.input.empty())
      throw CommandFailure(ExitCode::Usage, "a " + stage + " needs an INPUT");
    return stage == "planner" ? plan() : build();
  }

 private:
  std::string chosenStage() const {
    if (!arguments_.stage.empty()) return arguments_.stage;
    for (const char* stage : {"planner", "builder", "source"})
      if (plugin_->provides("planwright." + std::string(stage) + "/1")) return stage;
    throw CommandFailure(ExitCode::Usage, plugin_->info().id + " has no stage that can be run");
  }

  std::chrono::milliseconds deadline() const {
    if (arguments_.deadline.empty()) return {};
    const auto time = parseDuration(arguments_.deadline);
    if (!time) throw CommandFailure(ExitCode::Usage, "--deadline: " + time.error().message);
    return *time;
  }

  std::string input() const {
    if (!fs::is_regular_file(arguments_.input))
      throw CommandFailure(ExitCode::NotFound, "there is no file " + arguments_.input);
    return readFile(arguments_.input);
  }

  template <class Made>
  auto made(Result<Made> stage) {
    if (!stage) refuse(stage.error(), "planwright plugin inspect " + arguments_.file);
    return std::move(*stage);
  }

  ExitCode plan() {
    const auto planner =
        made(plugin_->plugins().planner(plugin_->info().id, kQueue, settings_, kRoom));
    const std::string name =
        arguments_.name.empty() ? fs::path(arguments_.input).filename().string() : arguments_.name;
    const std::string content = input();
    WatchedCall call(services_, deadline());
    const auto outcome = planner->plan(inputOf(name, content, services_), call.call());
    if (outcome.failure) return failed(session_, call.verdict(*outcome.failure));
    if (const auto sealed = sealTrial(outcome.text, content, plugin_->info()); !sealed)
      return failed(session_, {FailureClass::Bug,
                               "A host refuses this plan: " + sealed.error().message,
                               outcome.text,
                               {}});
    session_.terminal.out << (session_.isTable() ? readablePlan(outcome.text) : outcome.text)
                          << '\n';
    return ExitCode::Done;
  }

  ExitCode build() {
    std::optional<ScratchFolder> own;
    fs::path workdir;
    if (arguments_.workdir.empty())
      workdir = own.emplace(ScratchFolder::below({})).path();
    else
      workdir = fs::absolute(arguments_.workdir);
    if (!own && !fs::create_directories(workdir) && !fs::is_empty(workdir))
      throw CommandFailure(ExitCode::Usage, workdir.string() + " is not empty");
    const auto trial = TrialJob::prepare(input(), arguments_.job, workdir, arguments_.files);
    if (!trial) refuse(trial.error());
    const auto builder =
        made(plugin_->plugins().builder(plugin_->info().id, kQueue, settings_, kRoom));
    WatchedCall call(services_, deadline());
    const auto outcome = builder->build(trial->job, call.call());
    if (outcome.failure) return failed(session_, call.verdict(*outcome.failure));
    const auto outputs = trial->outputs();
    if (!outputs) return failed(session_, {FailureClass::Failed, outputs.error().message, {}, {}});
    for (const auto& output : outcome.outputs)
      session_.terminal.out << printable(output.name) << "  " << output.digest << '\n';
    for (const auto& output : *outputs)
      session_.terminal.out << printable(output.path) << "  " << output.sizeBytes << " bytes\n";
    return ExitCode::Done;
  }

  ExitCode poll() {
    const auto source =
        made(plugin_->plugins().source(plugin_->info().id, kQueue, settings_, kRoom));
    WatchedCall call(services_, deadline());
    const auto found = source->poll(arguments_.cursor, call.call());
    if (found.failure) return failed(session_, call.verdict(*found.failure));
    for (const auto& item : found.items)
      session_.terminal.out << printable(item.name) << "  "
                            << printable(item.path.empty() ? item.digest : item.path) << "  "
                            << printable(item.attributesJson) << '\n';
    session_.terminal.err << "cursor: " << printable(found.text) << "\nnext poll in "
                          << found.next.count() << " ms\n";
    return ExitCode::Done;
  }

  static constexpr const char* kQueue = "trial";
  inline static const StageRoom kRoom{StageRoom::Isolation::Auto};  // here, if it may

  Session& session_;
  const RunArguments& arguments_;
  TrialPrograms programs_;
  TrialServices services_;
  std::unique_ptr<LonePlugin> plugin_;
  std::string settings_;
};

constexpr const char* kNext = "planwright plans list";

struct ReplayArguments {
  std::string file, queue, since, inputs;
  std::vector<std::string> settings;
  std::size_t limit = 200;
};

/// A stored plan to be compared with.
struct StoredPlan {
  std::int64_t id = 0, input = 0;
  std::string filename;
};

/// Seconds since 1970 of "2026-11-23T09:15:00…Z".
std::time_t secondsOf(const std::string& time) {
  std::tm parts{};
  ::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  return ::timegm(&parts);
}

/// The ids of a file, one a line; empty = every input.
std::set<std::int64_t> wantedInputs(const std::string& file) {
  std::set<std::int64_t> ids;
  if (file.empty()) return ids;
  std::istringstream lines(readFile(file));
  for (std::int64_t id; lines >> id;) ids.insert(id);
  if (ids.empty() || !lines.eof())
    throw CommandFailure(ExitCode::Usage, file + " is no list of input ids, one a line");
  return ids;
}

/// Compares the stored plans of a queue with those that a new planner makes.
class Replay {
 public:
  Replay(Session& session, const ReplayArguments& arguments)
      : session_(session),
        arguments_(arguments) {}

  ExitCode run() {
    auto replay = PlanReplay::open(arguments_.file, arguments_.settings);
    if (!replay)
      throw CommandFailure(exitCodeOf(replay.error().kind), replay.error().message,
                           "planwright plugin inspect " + arguments_.file);
    replay_ = std::move(*replay);
    report_.object().key("plans").array();
    for (const auto& plan : plans()) compare(plan);
    report_.end().member("same", same_).member("changed", changed_).member("failed", failed_);
    report_.member("skipped", skipped_).end();
    if (!session_.isTable()) session_.terminal.out << report_.take() << '\n';
    session_.terminal.err << same_ << " plans stay the same, " << changed_ << " change, " << failed_
                          << " fail, " << skipped_ << " could not be compared\n";
    return changed_ + failed_ > 0 ? ExitCode::WorkFailed : ExitCode::Done;
  }

 private:
  /// The newest plan of each input, newest first.
  std::vector<StoredPlan> plans() const {
    const auto wanted = wantedInputs(arguments_.inputs);
    std::time_t oldest = 0;
    if (!arguments_.since.empty()) {
      const auto age = parseDuration(arguments_.since);
      if (!age) throw CommandFailure(ExitCode::Usage, "--since: " + age.error().message);
      oldest = ::time(nullptr) - std::chrono::duration_cast<std::chrono::seconds>(*age).count();
    }
    const Pages pages =
        fetchPages(session_.client(), "/api/plans?limit=200&queue=" + urlEncoded(arguments_.queue),
                   wanted.empty() ? arguments_.limit : kEveryItem, kNext);
    std::vector<StoredPlan> found;
    std::set<std::int64_t> seen;
    for (const JsonValue* item : pages.items()) {
      const StoredPlan plan{numberOr(*item, "id", 0), numberOr(*item, "pending_input_id", 0),
                            textOr(*item, "filename")};
      if (found.size() >= arguments_.limit || secondsOf(textOr(*item, "created_at")) < oldest)
        break;
      if ((wanted.empty() || wanted.contains(plan.input)) && seen.insert(plan.input).second)
        found.push_back(plan);
    }
    return found;
  }

  void compare(const StoredPlan& plan) {
    Client& client = session_.client();
    const Reply document = client.get("/api/plans/" + std::to_string(plan.id) + "/artifact");
    const Reply input =
        client.get("/api/pending-inputs/" + std::to_string(plan.input) + "/content");
    report_.object().member("plan", plan.id).member("input", plan.input);
    report_.member("filename", plan.filename);
    if (!document.ok() || !input.ok() || !replay_->isOurs(document.body)) {
      ++skipped_;
      report_.member("outcome", "skipped").end();
      return;
    }
    const auto answer = replay_->compare(plan.filename, input.body, document.body);
    ++(answer.failure ? failed_ : answer.isSame ? same_ : changed_);
    report_.member("outcome", answer.failure ? "failed" : answer.isSame ? "same" : "changed");
    report_.textOrNull("message", answer.failure ? answer.failure->message : "");
    report_.rawMember("diff", answer.diffJson).end();
    if (session_.isTable() && !answer.isSame) print(plan, answer);
  }

  void print(const StoredPlan& plan, const PlanReplay::Answer& answer) const {
    std::ostream& out = session_.terminal.out;
    out << "plan " << plan.id << "  " << printable(plan.filename) << '\n';
    if (answer.failure)
      out << "  " << toText(answer.failure->kind) << ": " << printable(answer.failure->message)
          << '\n';
    else if (const auto diff = parseJson(answer.diffJson))
      printDiff(out, *diff, "  ", false);
  }

  Session& session_;
  const ReplayArguments& arguments_;
  std::unique_ptr<PlanReplay> replay_;
  JsonWriter report_;
  int same_ = 0, changed_ = 0, failed_ = 0, skipped_ = 0;
};

}  // namespace

void addPluginRunCommand(CLI::App& group, Session& session) {
  CLI::App* command = group.add_subcommand(
      "run", "run one item through a plugin, without a server: prints the plan, or runs the job");
  const auto arguments = std::make_shared<RunArguments>();
  command->add_option("FILE", arguments->file, "the shared object, or a program as exec: has it")
      ->required();
  command->add_option("INPUT", arguments->input,
                      "planner: the input; builder: a job, or a plan with --job");
  command->add_option("--set", arguments->settings, "KEY=VALUE, a setting; may stand many times");
  command->add_option("--stage", arguments->stage, "which, if the plugin has several")
      ->check(CLI::IsMember({"planner", "builder", "source"}));
  command->add_option("--name", arguments->name, "the input's name; default its file's");
  command->add_option("--job", arguments->job, "the job of the plan to run");
  command->add_option("--workdir", arguments->workdir, "run the job here, and keep the folder");
  command->add_option("--files", arguments->files,
                      "folder with the job's inputs that other jobs or blobs would give");
  command->add_option("--cursor", arguments->cursor, "source: where the last poll ended");
  command->add_option("--secret", arguments->secrets, "NAME=FILE, a secret; may stand many times");
  command->add_option("--deadline", arguments->deadline, "such as 30s; default none");
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return PluginRun(session, *arguments).run(); };
  });
}

void addPluginReplayCommand(CLI::App& group, Session& session) {
  CLI::App* command = group.add_subcommand(
      "replay", "what a new planner would plan for inputs that were planned; stores nothing");
  const auto arguments = std::make_shared<ReplayArguments>();
  command->add_option("FILE", arguments->file, "the new shared object")->required();
  command->add_option("--queue", arguments->queue, "whose plans to compare with")->required();
  command->add_option("--since", arguments->since, "only plans so young, such as 7d");
  command->add_option("--inputs", arguments->inputs, "a file of input ids, one a line");
  command->add_option("--limit", arguments->limit, "at most so many plans; default 200");
  command->add_option("--set", arguments->settings, "KEY=VALUE, as the queue's configuration says");
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return Replay(session, *arguments).run(); };
  });
}

}  // namespace planwright::cli
