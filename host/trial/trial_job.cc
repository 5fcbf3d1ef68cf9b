#include "trial/trial_job.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/files.h"
#include "base/glob.h"
#include "base/json.h"
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
  std::vector<Output> found;
  std::vector<bool> matched(outputGlobs.size(), false);
  for (const auto& entry : fs::recursive_directory_iterator(job.workdir)) {
    if (!entry.is_regular_file()) continue;
    const std::string path = entry.path().lexically_relative(job.workdir).string();
    bool isOutput = false;
    for (std::size_t i = 0; i < outputGlobs.size(); ++i) {
      if (!outputMatches(outputGlobs[i], path)) continue;
      isOutput = matched[i] = true;
    }
    if (isOutput) found.push_back({path, entry.file_size()});
  }
  for (std::size_t i = 0; i < outputGlobs.size(); ++i)
    if (!matched[i])
      return Error{
          ErrorKind::Failed,
          fmt::format("The job made nothing that its output \"{}\" names.", outputGlobs[i]),
          {},
          {}};
  std::sort(found.begin(), found.end(),
            [](const Output& a, const Output& b) { return a.path < b.path; });
  return found;
}

}  // namespace planwright
