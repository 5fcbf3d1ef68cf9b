#include <atomic>

#include "planwright/plugin.hpp"

#include "command.h"

namespace {

/// Runs each job's command through the host, in the job's work folder. Deadlines, limits, stopping
/// and the log are the host's. Calls share nothing but the settings.
class CommandBuilder {
 public:
  explicit CommandBuilder(const pw::Settings& settings)
      : env_(settings.map("env")),
        sandbox_(settings.text("sandbox", "auto")),
        readable_(settings.list("readable")),
        user_(settings.text("user")),
        network_(settings.flag("network", false)),
        isNetworkAsked_(settings.text("network") == "asked"),
        isHostNetwork_(settings.text("network") == "host") {
    for (const auto& path : readable_)
      if (path.empty() || path.front() != '/')
        pw::badSetting("readable: \"" + path + "\" is not an absolute path");
  }

  void build(const pw::Job& job, pw::Call& call) {
    const Command command = Command::parse(job.specJson());
    pw::Program program;
    program.argv = command.argv;
    program.cwd = std::string(job.workdir());
    program.network = network_ || isHostNetwork_ || (isNetworkAsked_ && command.network);
    program.hostNetwork = isHostNetwork_;
    program.sandbox = sandbox_;
    program.readable = readable_;
    program.user = user_;
    program.env = command.env;
    program.env.insert(env_.begin(), env_.end());  // what the job sets itself stays
    const pw::ProgramResult result = call.exec(program);
    const bool hasRun = result.outcome != "refused" && result.outcome != "not_started";
    const bool isOpen = !program.network && sandbox_ != "none" && !result.networkSealed;
    if (isOpen && hasRun && !saidOpen_.exchange(true))
      call.warn(
          "the network was not kept away: this machine allows no sandbox (planwright version "
          "says why)");
    judge(result);
  }

 private:
  static void judge(const pw::ProgramResult& result) {
    if (result.ok()) return;
    if (result.outcome == "refused") pw::badSetting(result.error);
    if (result.outcome == "limit") pw::fail(result.error, result.tail);
    if (result.outcome == "not_started") pw::fail(result.error);
    if (result.outcome == "timeout") pw::fail("ran out of time", result.tail);
    pw::fail(howItEnded(result.exit, result.signal) + reasonIn(result.tail), result.tail);
  }

  const std::map<std::string, std::string> env_;
  const std::string sandbox_;
  const std::vector<std::string> readable_;
  const std::string user_;
  const bool network_, isNetworkAsked_;  ///< for every job; for those whose plan says it
  const bool isHostNetwork_;             ///< for every job the machine's own
  std::atomic<bool> saidOpen_{false};
};

}  // namespace

PW_MODULE("planwright.command", "1.0.0", pw::Builder<CommandBuilder>)
