#include <filesystem>
#include <map>
#include <regex>
#include <string>

#include <gtest/gtest.h>

#include "base/files.h"

namespace planwright::broad_catches_test {
namespace {

namespace fs = std::filesystem;

/// Why a file may catch whatever is thrown. What is expected is caught by its type instead.
enum class Border {
  Loop,  ///< the loop of a thread, or one item of it: what breaks is told, and the next one goes on
  Program,   ///< the end of a process or of the whole command: the message and the exit code
  Reply,     ///< an answer that somebody waits for: it says that it failed
  Foreign,   ///< code that must see no exception: C callbacks, plugins
  NoExcept,  ///< a destructor, or a function that is noexcept
  Undo,      ///< cleans up and throws it on
};

struct Allowed {
  int count;
  Border why;
};

/// By the name of the file, so that it may move.
const std::map<std::string, Allowed>& allowed() {
  using enum Border;
  static const std::map<std::string, Allowed> table = {
      {"application.cc", {1, Loop}},
      {"archive_writer.cc", {1, Foreign}},
      {"attempt_log.cc", {1, NoExcept}},
      {"audit_log.cc", {1, NoExcept}},
      {"backlog_reader.cc", {1, Loop}},
      {"blob_reads.cc", {1, Loop}},
      {"build_loop.cc", {1, Loop}},
      {"build_stage.cc", {2, Loop}},
      {"child_run.cc", {2, Program}},
      {"claimer.cc", {1, Loop}},
      {"cli.cc", {1, Program}},
      {"client.cc", {1, Foreign}},
      {"database.cc", {1, NoExcept}},
      {"dispatcher.cc", {3, Reply}},
      {"embedded_services.cc", {1, Loop}},
      {"event_feed.cc", {2, Loop}},
      {"forgotten_claims.cc", {1, Loop}},
      {"gather_frames.cc", {1, Undo}},
      {"heartbeat.cc", {2, Loop}},
      {"host_table.cc", {1, Foreign}},
      {"hub.cc", {1, Loop}},
      {"hub_client.cc", {1, Loop}},
      {"inproc_instance.cc", {1, NoExcept}},
      {"intake.cc", {1, Loop}},
      {"job_runner.cc", {1, Loop}},
      {"keeper.cc", {1, Loop}},
      {"keeper_process.cc", {1, Program}},
      {"log_writer.cc", {1, Loop}},
      {"network_maker.cc", {2, Program}},
      {"piece_maker.cc", {1, Loop}},
      {"plan_committer.cc", {2, Loop}},
      {"plan_stage.cc", {1, Loop}},
      {"plan_step.cc", {1, Loop}},
      {"process_stage.cc", {2, Foreign}},
      {"reactor.cc", {3, Loop}},
      {"reconciler.cc", {1, Loop}},
      {"reload.cc", {1, Reply}},
      {"remote_engine.cc", {2, Loop}},
      {"restore.cc", {1, Undo}},
      {"retention.cc", {2, Loop}},
      {"round_writer.cc", {2, Loop}},
      {"route_support.cc", {1, Undo}},
      {"serve.cc", {1, Program}},
      {"sessions.cc", {1, Undo}},
      {"shared_flight.h", {1, Undo}},
      {"stage_counts.cc", {1, Loop}},
      {"until_done.h", {1, Loop}},
      {"webhook_sender.cc", {1, Loop}},
      {"worker.cc", {3, Foreign}},
  };
  return table;
}

TEST(BroadCatches, StandAtBordersOnly) {
  const std::regex broad(R"(catch \((\.\.\.|const std::exception ?&))");
  std::map<std::string, int> found;
  for (const auto& file : fs::recursive_directory_iterator(SOURCE_DIR "/host")) {
    const auto extension = file.path().extension();
    if (extension != ".cc" && extension != ".h") continue;
    const std::string text = readFile(file.path());
    const auto matches = std::distance(std::sregex_iterator(text.begin(), text.end(), broad),
                                       std::sregex_iterator());
    if (matches > 0) found[file.path().filename().string()] += static_cast<int>(matches);
  }
  for (const auto& [name, count] : found) {
    const auto may = allowed().find(name);
    EXPECT_LE(count, may == allowed().end() ? 0 : may->second.count)
        << name << ": catch the type that you expect; only a border of a kind of this test's list "
        << "may catch everything";
  }
}

}  // namespace
}  // namespace planwright::broad_catches_test
