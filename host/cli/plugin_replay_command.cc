#include <chrono>
#include <ctime>
#include <memory>
#include <set>
#include <sstream>

#include "base/files.h"
#include "cli/pages.h"
#include "cli/plan_diff_output.h"
#include "cli/plugin_groups.h"
#include "config/units.h"
#include "trial/plan_replay.h"

namespace planwright::cli {
namespace {

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
