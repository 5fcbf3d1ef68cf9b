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
        network_(settings.flag("network", true)) {
    if (settings.text("sandbox", "auto") == "require")
      pw::badSetting(
          "sandbox: require cannot be met: this version has no sandbox yet. Set sandbox: auto to "
          "run jobs as "
          "plain processes with limits");
    if (!settings.text("user").empty())
      pw::badSetting(
          "user: jobs can only run as the host's own user in this version; leave it out");
  }

  void build(const pw::Job& job, pw::Call& call) {
    const Command command = Command::parse(job.specJson());
    pw::Program program;
    program.argv = command.argv;
    program.cwd = std::string(job.workdir());
    program.network = network_;
    program.env = command.env;
    program.env.insert(env_.begin(), env_.end());  // what the job sets itself stays
    if (!network_ && !saidNoSandbox_.exchange(true))
      call.warn("network: false is not enforced: there is no sandbox on this machine");
    judge(call.exec(program));
  }

 private:
  static void judge(const pw::ProgramResult& result) {
    if (result.ok()) return;
    if (result.outcome == "not_started") pw::fail(result.error);
    if (result.outcome == "timeout") pw::fail("ran out of time", result.tail);
    pw::fail(howItEnded(result.exit, result.signal) + reasonIn(result.tail), result.tail);
  }

  const std::map<std::string, std::string> env_;
  const bool network_;
  std::atomic<bool> saidNoSandbox_{false};
};

}  // namespace

PW_MODULE("planwright.command", "1.0.0", pw::Builder<CommandBuilder>)
