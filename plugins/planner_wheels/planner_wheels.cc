#include <set>

#include "planwright/memory.hpp"
#include "planwright/plugin.hpp"

#include "build_archives.h"
#include "helpers.h"
#include "interpreter.h"
#include "pip.h"
#include "pip_report.h"
#include "source_archives.h"
#include "wheel_job.h"

namespace {

using wheels::BuildSource;
using wheels::Project;
using wheels::Report;

/// The part of a plan that one Python builds. An archive on this machine becomes a blob and the
/// job's input, and so does all that its build needs: the plan can be built for ever and without a
/// network. A remote archive stays its URL with its hash. Lives for one call.
class PlanForPython {
 public:
  /// `copied`: the ready-made wheels that the plan has already.
  PlanForPython(const wheels::Options& options, std::string python, pw::Memory& memory,
                std::set<std::string>& copied, pw::Plan& plan, pw::Call& call)
      : options_(options),
        copied_(copied),
        plan_(plan),
        call_(call),
        python_(options, std::move(python), memory, call),
        archives_(options, python_, memory, call),
        pip_(options, python_, memory, archives_, call),
        builds_(pip_, archives_) {}

  /// What pip chooses for the requirements in `text`.
  Report resolve(const std::string& file, const std::string& text) {
    const auto inputsOf = [this](const std::string& path) { return builds_.forSource(path); };
    return forgettingIfStopped(
        [&] { return wheels::parseReport(pip_.resolve(file, text, inputsOf)); });
  }

  void add(const Report& report, std::string suffix) {
    suffix_ = std::move(suffix);
    forgettingIfStopped([&] {
      std::uint64_t done = 0;
      for (const auto& project : report.projects) {
        add(project, report);
        call_.progress(++done, report.projects.size(), project.name);
      }
    });
  }

 private:
  /// What pip said may be why `work` stops: it may be wrong, or the word of somebody else.
  template <class Work>
  auto forgettingIfStopped(const Work& work) const -> decltype(work()) {
    try {
      return work();
    } catch (const pw::Stop&) {
      pip_.forgetAnswer();
      throw;
    }
  }
  static std::string localPath(const Project& project) {
    return project.vcs.empty() && !project.isFolder ? wheels::pathOfFileUrl(project.url)
                                                    : std::string();
  }

  void add(const Project& project, const Report& report) {
    if (project.isFolder)
      pw::reject(project.name +
                 " is a source folder; a plan can only hold archives and repositories at a commit");
    const std::string path = localPath(project);
    const std::string file = wheels::fileNameOfUrl(project.url);
    const std::string digest = path.empty() ? "" : store(path, project.sha256);
    const bool isCopy = !path.empty() && wheels::isWheel(file);
    if (isCopy && !copied_.insert(digest).second) return;  // another Python has it
    auto job = plan_.job(project.name + suffix_);
    job.arg("project", project.name).arg("version", project.version).output("*.whl");
    if (isCopy) {
      job.input("wheel", digest).command({"cp", "wheel", file});  // an input is not an output
      job.cacheable();
      return;
    }
    // A wheel of C code is for one Python and platform: an earlier result of another is none.
    job.arg("python", report.pythonVersion).arg("platform", report.platform);
    for (const auto& [name, value] : wheels::pythonEnvironment()) job.env(name, value);
    if (path.empty())
      addRemote(job, project, file);
    else
      addLocal(job.input(file, digest), project, path, file);
  }

  void addLocal(pw::PlanJob job, const Project& project, const std::string& path,
                const std::string& file) {
    if (!project.subdirectory.empty())
      pw::reject(project.name + " is in the folder " + project.subdirectory + " of " + file +
                 "; of an archive on this machine a plan can only build the top folder");
    if (!options_.buildIsolation) return addHooks(job, project, file, nullptr);
    if (const auto build = builds_.forSource(path)) {
      for (const auto& [name, place] : build->archives)
        job.input("build/" + name, store(place, {}));
      return addHooks(job, project, file, &*build);
    }
    job.arg("network", true);
    job.command(pip_.wheelCommand("./" + file, BuildSource::Index));
    job.cacheable(false);
  }

  void addHooks(pw::PlanJob job, const Project& project, const std::string& file,
                const wheels::BuildInputs* build) {
    if (helper_.empty()) helper_ = call_.putBytes(wheels::kBuildWheel, "text/x-python");
    job.input(wheels::kHelperFile, helper_);
    job.command(wheels::hookCommand(python_.name(), file, project, build));
    job.cacheable();
  }

  void addRemote(pw::PlanJob job, const Project& project, const std::string& file) const {
    std::string what = project.url, mark = "#";
    if (!project.vcs.empty()) what = project.vcs + "+" + project.url + "@" + project.commit;
    if (!project.sha256.empty() && project.vcs.empty()) {
      what = what.substr(0, what.find('#')) + "#sha256=" + project.sha256;  // pip checks it
      mark = "&";
    }
    if (!project.subdirectory.empty()) what += mark + "subdirectory=" + project.subdirectory;
    job.arg("url", project.url).arg("sha256", project.sha256).arg("network", true);
    const bool builds = options_.buildIsolation && !wheels::isWheel(file);
    job.command(pip_.wheelCommand(what, builds ? BuildSource::Index : BuildSource::Nothing));
    // What an index gives for the build may be newer the next time.
    job.cacheable(!builds && (!project.sha256.empty() || !project.commit.empty()));
  }

  /// Stores the archive at `path` once; `sha256` is what the resolver saw, or empty.
  std::string store(const std::string& path, const std::string& sha256) {
    std::string digest = archives_.store(path);
    if (!sha256.empty() && digest != "sha256:" + sha256)
      pw::retry(path + " changed while it was being planned");
    return digest;
  }

  const wheels::Options& options_;
  std::set<std::string>& copied_;
  pw::Plan& plan_;
  pw::Call& call_;
  wheels::Interpreter python_;
  wheels::SourceArchives archives_;
  wheels::Pip pip_;
  wheels::BuildArchives builds_;
  std::string suffix_;  // ends the ids of jobs, so that several Pythons share a plan
  std::string helper_;  // digest of build_wheel.py, once a job needs it
};

/// planwright.wheels: one job per project that pip's resolver chose, for each Python.
class WheelsPlanner {
 public:
  explicit WheelsPlanner(const pw::Settings& settings) : options_(settings) {}

  void plan(const pw::Input& input, pw::Plan& plan, pw::Call& call) {
    const std::string file = fileOf(input.name());
    wheels::refuseLarge(file, input.size());
    const std::string text = wheels::checkedRequirements(file, input.text(), options_.allowed);
    std::set<std::string> copied;
    std::map<std::string, std::string> pythonOfVersion;
    std::string pips, pythons, platform;
    pw::Memory memory(call);
    for (const auto& python : options_.pythons) {
      PlanForPython part(options_, python, memory, copied, plan, call);
      const Report report = part.resolve(file, text);
      const std::string& full = report.pythonVersion;
      const std::string version = full.substr(0, full.find('.', full.find('.') + 1));
      if (const auto [at, isNew] = pythonOfVersion.emplace(version, python); !isNew)
        pw::badSetting("the setting python names " + at->second + " and " + python +
                       ", both Python " + version);
      const std::string suffix = options_.pythons.size() > 1 ? "-py" + version : std::string();
      part.add(report, suffix);
      pips += (pips.empty() ? "" : ", ") + report.pipVersion;
      pythons += (pythons.empty() ? "" : ", ") + full;
      platform = report.platform;
    }
    if (plan.size() == 0)
      pw::reject("the file names no project that is for this Python and platform");
    plan.summary("projects", static_cast<std::int64_t>(plan.size()));
    plan.summary("pip", pips);
    plan.summary("python", pythons);
    plan.summary("platform", platform);
    if (const std::string index = options_.shownIndex(); !index.empty())
      plan.summary("index", index);
  }

 private:
  /// The name of the file in messages, which is none of our own files.
  static std::string fileOf(std::string_view name) {
    std::string file(name.substr(name.rfind('/') + 1));
    if (file.empty() || file.starts_with('-') || file.starts_with("constraints") ||
        file == "helpers" || file == "report.json")
      file = "requirements.txt";
    return file;
  }

  const wheels::Options options_;
};

}  // namespace

PW_MODULE("planwright.wheels", "1.0.0", pw::Planner<WheelsPlanner>)
