#include "trial/trial_job.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/files.h"
#include "base/json.h"
#include "model/output_files.h"
#include "model/plan_document.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

/// A job alone, without those that it needs: as a document that keeps the rules of plans.
Result<PlanDocument> documentOf(std::string_view json) {
  auto parsed = parseJson(json);
  if (!parsed) return parsed.error();
  if (find(*parsed, "jobs")) return PlanDocument::parse(json);
  if (parsed->IsObject()) parsed->RemoveMember("needs");
  JsonWriter plan;
  plan.object().key("jobs").array().value(*parsed).end().end();
  return PlanDocument::parse(plan.take());
}

Result<void> fill(const PlannedJob& job, const fs::path& workdir, const fs::path& files) {
  for (const auto& input : job.inputs) {
    const fs::path target = workdir / input.path;
    fs::create_directories(target.parent_path());
    if (input.job.empty() && input.digest.empty()) {
      replaceFile(target, input.text);
      continue;
    }
    std::error_code missing;
    fs::copy_file(files / input.path, target, fs::copy_options::overwrite_existing, missing);
    if (files.empty() || missing)
      return invalid(
          fmt::format("The job's input {} comes from {}; put the file into a folder and name that "
                      "with --files.",
                      input.path, input.job.empty() ? "a blob" : "the job " + input.job));
  }
  return {};
}

}  // namespace

Result<TrialJob> TrialJob::prepare(std::string_view json, const std::string& name,
                                   const fs::path& workdir, const fs::path& files) {
  const auto document = documentOf(json);
  if (!document) return document.error();
  const auto& jobs = document->jobs;
  const auto at = std::find_if(jobs.begin(), jobs.end(),
                               [&](const PlannedJob& planned) { return planned.name == name; });
  if (name.empty() && jobs.size() != 1)
    return invalid(fmt::format("The plan has {} jobs; choose one with --job.", jobs.size()));
  if (!name.empty() && at == jobs.end())
    return invalid(fmt::format("The plan has no job {}.", name));
  const PlannedJob& chosen = name.empty() ? jobs.front() : *at;
  if (const auto filled = fill(chosen, workdir, files); !filled) return filled.error();

  TrialJob trial;
  trial.outputGlobs = chosen.outputs;
  trial.job = {"1",  "1", Digest::of(json).text(), chosen.specJson, "attempt-1", workdir.string(),
               "{}", 1};
  return trial;
}

Result<std::vector<TrialJob::Output>> TrialJob::outputs() const {
  const auto paths = outputFiles(job.workdir, outputGlobs);
  if (!paths) return Error{ErrorKind::Failed, paths.error().message, {}, {}};
  std::vector<Output> found;
  for (const auto& path : *paths) {
    const std::string name = path.lexically_relative(job.workdir).string();
    std::error_code unknown;
    if (!fs::is_regular_file(fs::symlink_status(path, unknown)))
      return Error{
          ErrorKind::Failed,
          fmt::format("The output {} is not a regular file; links and devices are refused.", name),
          {},
          {}};
    found.push_back({name, fs::file_size(path)});
  }
  return found;
}

}  // namespace planwright
