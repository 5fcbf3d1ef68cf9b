#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/guarded.h"
#include "support/line_fixture.h"
#include "support/planned.h"

namespace planwright {

/// Jobs run through planwright.command; "programs" write NAME.txt into their folder.
class BuildStageFixture : public LineFixture {
 protected:
  BuildStageFixture() : maker([this](const ProgramSpec& spec) { return make(spec); }) {
    queue.builder.plugin = "planwright.command";
    queue.builder.settingsJson = R"({"sandbox":"none"})";
    plugins = std::make_unique<Plugins>(
        PluginOptions{{BINARY_DIR "/plugins"}, folder / "plugins", folder / "stage-work"}, maker);
  }
  ProgramExit make(const ProgramSpec& spec) {
    const std::string name = spec.argv.back();
    {
      auto ran = ran_.lock();
      ran->push_back(name);
    }
    if (meanwhile) meanwhile(name);
    if (talk) talk(spec);
    {
      auto ran = ran_.lock();
      if (name == failing) return {.code = 7};
      if (!infraFailures.empty() && infraFailures.back() == name) {
        infraFailures.pop_back();
        return {.lost = true};
      }
    }
    return succeed(spec, name);
  }
  virtual ProgramExit succeed(const ProgramSpec& spec, const std::string& name) {
    replaceFile(spec.cwd + "/" + name + ".txt", "made by " + name);
    return {.code = 0};
  }
  /// A plan that nobody has asked to build.
  std::int64_t planOf(const std::string& document) {
    const auto id = record(*intake, "p" + std::to_string(++count_), document);
    return planInput(*connection, InstanceId{membership.instance()}, id, document);
  }
  /// A plan that is to be built, with its ticket.
  std::int64_t plan(const std::string& document) {
    const auto made = planOf(document);
    enqueue(made);
    return made;
  }
  void enqueue(std::int64_t id, const std::string& mode = "all", bool force = false,
               bool useCache = true) {
    connection->run("enqueue_plans",
                    {"{" + std::to_string(id) + "}", force, "test", mode, useCache});
    tickets()->push("build_queue", {id});
  }
  std::string jobs() {
    return text(
        "select string_agg(name || ' ' || status, ', ' order by position) from jobs where build_id "
        "= (select max(id) from builds)");
  }

  std::unique_ptr<PostgresRecorder> intake = recorder();
  ScriptedPrograms maker;
  std::function<void(const std::string&)> meanwhile;  ///< while a program runs
  std::function<void(const ProgramSpec&)> talk;       ///< what it prints
  std::string failing;
  std::vector<std::string> infraFailures;
  Guarded<std::vector<std::string>> ran_;
  int count_ = 0;
};

}  // namespace planwright
