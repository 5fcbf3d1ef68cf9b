#include <cstring>

#include <fcntl.h>

#include "planwright/plugin.hpp"

#include "pip.h"
#include "pip_report.h"

namespace {

using wheels::Project;

bool isWheel(const std::string& file) {
  return file.ends_with(".whl");
}

/// planwright.wheels: one job per project that pip's resolver chose. An archive on this machine
/// becomes a blob and the job's input, so the plan can be built for ever; a remote one stays its
/// URL with its hash.
class WheelsPlanner {
 public:
  explicit WheelsPlanner(const pw::Settings& settings) : pip_(settings) {}

  void plan(const pw::Input& input, pw::Plan& plan, pw::Call& call) {
    const auto report = wheels::parseReport(pip_.resolve(call, input.name(), input.digest()));
    if (report.projects.empty()) pw::reject("the file names no project");
    std::uint64_t done = 0;
    for (const auto& project : report.projects) {
      add(plan, project, call);
      call.progress(++done, report.projects.size(), project.name);
    }
    plan.summary("projects", static_cast<std::int64_t>(report.projects.size()));
    plan.summary("pip", report.pipVersion);
    plan.summary("python", report.pythonVersion);
  }

 private:
  void add(pw::Plan& plan, const Project& project, pw::Call& call) const {
    if (project.isFolder)
      pw::reject(project.name +
                 " is a source folder; a plan can only hold archives and repositories at a commit");
    auto job = plan.job(project.name);
    job.arg("project", project.name).arg("version", project.version);
    job.output("*.whl");
    if (const std::string path = wheels::pathOfFileUrl(project.url);
        !path.empty() && project.vcs.empty())
      addLocal(job, project, path, call);
    else
      addRemote(job, project);
  }

  void addLocal(pw::PlanJob job, const Project& project, const std::string& path,
                pw::Call& call) const {
    const pw::Fd archive(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (archive.get() < 0) pw::retry("cannot read " + path + ": " + std::strerror(errno));
    const std::string digest = call.putBlob(archive.get(), "application/octet-stream");
    if (!project.sha256.empty() && digest != "sha256:" + project.sha256)
      pw::retry(path + " changed while it was being planned");
    const std::string file = wheels::fileNameOfUrl(project.url);
    if (isWheel(file)) {
      job.input("wheel", digest)
          .command({"cp", "wheel", file});  // another name: an input is not an output
    } else {
      useCommand(job.input(file, digest), pip_.wheelCommand("./" + file, true));
    }
    job.cacheable();
  }

  void addRemote(pw::PlanJob job, const Project& project) const {
    std::string what = project.url, mark = "#";
    if (!project.vcs.empty()) what = project.vcs + "+" + project.url + "@" + project.commit;
    if (!project.sha256.empty() && project.vcs.empty()) {
      what = what.substr(0, what.find('#')) + "#sha256=" + project.sha256;  // pip checks it
      mark = "&";
    }
    if (!project.subdirectory.empty()) what += mark + "subdirectory=" + project.subdirectory;
    job.arg("url", project.url).arg("sha256", project.sha256);
    useCommand(job, pip_.wheelCommand(what, false));
    job.cacheable(!project.sha256.empty() || !project.commit.empty());
  }

  static void useCommand(pw::PlanJob job, const std::vector<std::string>& argv) {
    job.command(argv);
    for (const auto& [name, value] : wheels::Pip::environment()) job.env(name, value);
  }

  const wheels::Pip pip_;
};

}  // namespace

PW_MODULE("planwright.wheels", "1.0.0", pw::Planner<WheelsPlanner>)
