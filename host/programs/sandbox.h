#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/program.h"
#include "base/unique_fd.h"
#include "programs/build_users.h"
#include "programs/call_filter.h"
#include "programs/disk_watch.h"
#include "programs/sandbox_report.h"

namespace planwright {

struct SandboxOptions {
  std::string workFolder;  ///< where programs run: the trials at the start use it as well
  /// At most this, though the machine may allow more: for tests and for machines where a means
  /// works but troubles.
  SandboxLevel most = SandboxLevel::Namespaces;
  bool usesBuildUsers = true;  ///< if we are root
};

/// Runs programs in their place: what SandboxWish asks, by the best that this machine allows. What
/// that is, it finds by trying when it is made. It decides and prepares (users, folders, rules);
/// the keeper below it starts, limits and ends the program. A program without a wish goes straight
/// through. Owned by Application. run(): [any thread]
class Sandbox final : public Programs {
 public:
  Sandbox(SandboxOptions options, Programs& keeper);

  ProgramExit run(const ProgramSpec& spec, const std::stop_token& stop) override;

  const SandboxReport& report() const { return report_; }

 private:
  struct Prepared;  // what a running program holds

  /// Which means are in use for a run.
  struct Means {
    SandboxLevel level = SandboxLevel::None;
    bool user = false, filter = false;
    bool network = false;  ///< an outgoing one can be made
  };

  void tryAll();
  void note(const char* facility, const std::string& problem, const std::string& detail);
  /// Runs a small program by these means. Empty if it was kept in its place, else what went wrong.
  std::string tryToRun(const Means& means);
  std::string tryBubblewrap();
  std::string tryLandlock();
  std::string tryUsers();
  std::string tryNetwork();
  std::string remedy() const;

  ProgramExit runBy(const Means& means, const ProgramSpec& spec, const std::stop_token& stop);
  ProgramExit runWatched(const ProgramSpec& asked, const ProgramSpec& spec, uid_t user,
                         const std::stop_token& stop);
  /// Why the wish cannot be met, with the remedy; empty if it can.
  std::string whyNot(const SandboxWish& wish) const;
  /// Empty, or why the program cannot be started.
  std::string prepare(const Means& means, ProgramSpec& spec, Prepared& prepared);
  std::string connect(ProgramSpec& spec, Prepared& prepared, const std::stop_token& stop);
  static void noteNetwork(const Means& means, const ProgramSpec& spec, const Prepared& prepared,
                          ProgramExit& exit);
  const std::string& filterOf(const Means& means, Network network) const;
  static std::string whyHidden(const ProgramSpec& spec, const Prepared& prepared);
  std::string wrap(ProgramSpec& spec, const std::vector<std::string>& readable,
                   Prepared& prepared) const;
  void chooseUser(bool fromBuildUsers, ProgramSpec& spec, Prepared& prepared);

  const SandboxOptions options_;
  const std::string filter_ = callFilter({});
  const std::string filterAmongOthers_ = callFilter({.refusesOthers = true});
  const std::string filterWithoutSockets_ =
      callFilter({.refusesSockets = true, .refusesOthers = true});
  const std::string filterWithoutUnixSockets_ =
      callFilter({.refusesUnixSockets = true, .refusesOthers = true});
  Programs& keeper_;
  BuildUsers users_;
  DiskWatch disk_;
  std::string bwrap_;  ///< its path; empty = not installed
  UniqueFd init_;      ///< planwright-init, which tells a signal from an exit code; or none
  Means best_;
  SandboxReport report_;
};

}  // namespace planwright
