#include <array>

#include "cli/command_groups.h"
#include "cli/listings.h"
#include "cli/session.h"

namespace planwright::cli {
namespace {

struct EnqueueArguments {
  std::vector<std::int64_t> ids;
  bool force = false;
  bool failedOnly = false;
  bool noCache = false;
};

void printEnqueued(Session& session, const std::string& what, std::int64_t id, const Reply& reply) {
  if (!session.isTable()) return printObject(session, reply.body);
  const auto body = parseJson(reply.body);
  session.terminal.out << what << ' ' << id;
  if (reply.status == 200)
    session.terminal.out << " is already queued\n";
  else if (body)
    session.terminal.out << " queued in " << valueAt(*body, "queue") << ", position "
                         << valueAt(*body, "position") << '\n';
}

void enqueueInput(Session& session, const EnqueueArguments& arguments, std::int64_t id) {
  JsonWriter body;
  body.object();
  if (arguments.force) body.member("force", true);
  const Reply reply = session.client().send(
      "POST", "/api/pending-inputs/" + std::to_string(id) + "/enqueue-plan", body.end().take());
  const std::string show = "planwright input " + std::to_string(id);
  if (!reply.ok()) throw failureOf(reply, reply.status == 404 ? "planwright inputs list" : show);
  printEnqueued(session, "input", id, reply);
}

void enqueuePlan(Session& session, const EnqueueArguments& arguments, std::int64_t id) {
  JsonWriter body;
  body.object();
  if (arguments.force) body.member("force", true);
  if (arguments.failedOnly) body.member("mode", "failed");
  if (arguments.noCache) body.member("cache", false);
  const Reply reply = session.client().send(
      "POST", "/api/plans/" + std::to_string(id) + "/enqueue-build", body.end().take());
  if (!reply.ok())
    throw failureOf(reply, reply.status == 404 ? "planwright plans list"
                                               : "planwright watch plan " + std::to_string(id));
  printEnqueued(session, "plan", id, reply);
}

using EnqueueOne = void (*)(Session&, const EnqueueArguments&, std::int64_t);

CLI::App* addEnqueue(CLI::App& app, Session& session, const std::string& name,
                     const std::string& description, EnqueueOne one,
                     const std::shared_ptr<EnqueueArguments>& arguments) {
  CLI::App* command = app.add_subcommand(name, description);
  command->add_option("ID", arguments->ids, "one or more ids")->required();
  command->add_flag("--force", arguments->force, "once more, although it is done");
  command->callback([&session, one, arguments] {
    session.action = [&session, one, arguments] {
      return forEach(session, arguments->ids,
                     [&](std::int64_t id) { one(session, *arguments, id); });
    };
  });
  return command;
}

void cancelOne(Session& session, const std::string& kind, std::int64_t id) {
  const std::string path = listing(kind).path + "/" + std::to_string(id) + "/cancel";
  const Reply reply = session.client().send("POST", path, "{}");
  if (!reply.ok()) throw failureOf(reply, "planwright " + kind + "s show " + std::to_string(id));
  if (session.isTable())
    session.terminal.out << kind << ' ' << id
                         << (reply.status == 202 ? " is being cancelled\n" : " is cancelled\n");
  else
    printObject(session, reply.body);
}

void addCancel(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("cancel", "stop builds, jobs, plans or inputs");
  const auto words = std::make_shared<std::vector<std::string>>();
  command
      ->add_option("ID", *words,
                   "ids of builds; or first one of build, job, plan, input, then ids of those")
      ->required();
  command->callback([&session, words] {
    session.action = [&session, words] {
      constexpr std::array kKinds = {"build", "job", "plan", "input"};
      const bool hasKind = std::find(kKinds.begin(), kKinds.end(), words->front()) != kKinds.end();
      const std::string kind = hasKind ? words->front() : "build";
      std::vector<std::int64_t> ids;
      for (std::size_t i = hasKind ? 1 : 0; i < words->size(); ++i) {
        std::int64_t id = 0;
        if (!CLI::detail::lexical_cast((*words)[i], id))
          throw CommandFailure(ExitCode::Usage, "\"" + (*words)[i] + "\" is not an id");
        ids.push_back(id);
      }
      if (ids.empty()) throw CommandFailure(ExitCode::Usage, "name the ids to cancel");
      return forEach(session, ids, [&](std::int64_t id) { cancelOne(session, kind, id); });
    };
  });
}

struct PauseArguments {
  std::string queue = "default";
  std::string stage;
};

ExitCode setPaused(Session& session, const PauseArguments& arguments, const std::string& verb) {
  for (const std::string stage : {"plan", "build"}) {
    if (!arguments.stage.empty() && arguments.stage != stage) continue;
    const Reply reply = session.client().send(
        "POST", "/api/queues/" + urlEncoded(arguments.queue) + "/" + stage + "/" + verb, "{}");
    if (!reply.ok()) throw failureOf(reply, "planwright queues list");
    if (session.isTable())
      session.terminal.out << stage << " stage of queue " << arguments.queue
                           << (verb == "pause" ? " is paused\n" : " goes on\n");
    else
      printObject(session, reply.body);
  }
  return ExitCode::Done;
}

void addPause(CLI::App& app, Session& session, const std::string& verb,
              const std::string& description) {
  CLI::App* command = app.add_subcommand(verb, description);
  const auto arguments = std::make_shared<PauseArguments>();
  command->add_option("QUEUE", arguments->queue, "the queue's name")->required();
  command->add_option("STAGE", arguments->stage, "plan or build; default both")
      ->check(CLI::IsMember({"plan", "build"}));
  command->callback([&session, arguments, verb] {
    session.action = [&session, arguments, verb] { return setPaused(session, *arguments, verb); };
  });
}

}  // namespace

void addEnqueueCommands(CLI::App& app, Session& session) {
  addEnqueue(app, session, "enqueue-plan", "put inputs into the plan queue", enqueueInput,
             std::make_shared<EnqueueArguments>());
  const auto build = std::make_shared<EnqueueArguments>();
  CLI::App* command = addEnqueue(app, session, "enqueue-build", "put plans into the build queue",
                                 enqueuePlan, build);
  command->add_flag("--failed-only", build->failedOnly, "only the jobs that failed");
  command->add_flag("--no-cache", build->noCache, "run all jobs, also those with a known result");
  addCancel(app, session);
  addPause(app, session, "pause", "take nothing new from a queue");
  addPause(app, session, "resume", "go on taking from a queue");
}

}  // namespace planwright::cli
