#include "model/plan_document.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/embedded_files.h"
#include "base/glob.h"
#include "base/json.h"

namespace planwright {
namespace {

using Positions = std::unordered_map<std::string_view, int>;

std::string_view view(const JsonValue& text) {
  return {text.GetString(), text.GetStringLength()};
}

const JsonSchema& planSchema() {
  static const JsonSchema schema = [] {
    auto compiled = JsonSchema::compile(embeddedFiles().at("sdk/schema/plan.schema.json"));
    if (!compiled) throw std::logic_error("plan.schema.json: " + compiled.error().message);
    return std::move(*compiled);
  }();
  return schema;
}

constexpr std::size_t kLongestPart = 255, kLongestInput = 3072;  // of what a file system takes

/// Relative, without empty, "." or ".." parts and without NUL: it cannot leave the folder it is put
/// into.
bool isInnerPath(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.size() > 4096 ||
      path.find('\0') != std::string_view::npos)
    return false;
  while (true) {
    const auto slash = path.find('/');
    const auto part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

Result<JobInput> readInput(const std::string& path, const JsonValue& value,
                           const std::string& pointer) {
  if (!isInnerPath(path))
    return invalid(
        fmt::format(
            "the input path \"{}\" leaves the job's folder; use a relative path without '..'",
            path),
        pointer);
  JobInput input;
  input.path = path;
  if (value.IsObject()) {
    input.text = textOr(value, "text");
    return input;
  }
  const std::string_view from = view(value);
  if (from.starts_with("sha256:")) {
    input.digest = from;
    return input;
  }
  const auto slash = from.find('/');
  input.job = from.substr(0, slash);
  input.output = from.substr(slash + 1);
  if (!isInnerPath(input.output))
    return invalid(fmt::format("\"{}\" is no output of job \"{}\"; use <job>/<relative path>", from,
                               input.job),
                   pointer);
  return input;
}

/// Each path may be good by itself, and yet no folder can hold all of them.
Result<void> checkTogether(const std::vector<JobInput>& inputs, const std::string& at) {
  std::unordered_set<std::string_view> files;
  for (const auto& input : inputs) files.insert(input.path);
  for (const auto& input : inputs) {
    const std::string_view path = input.path;
    const std::string pointer = fmt::format("{}/inputs/{}", at, path);
    std::size_t part = 0;
    for (auto slash = path.find('/');; slash = path.find('/', part)) {
      if (path.substr(part, slash - part).size() > kLongestPart || path.size() > kLongestInput)
        return invalid(fmt::format("{}: a file's name has at most {} bytes, and its path {}",
                                   pointer, kLongestPart, kLongestInput),
                       pointer);
      if (slash == std::string_view::npos) break;
      if (files.contains(path.substr(0, slash)))
        return invalid(fmt::format("{}: the input \"{}\" is a file, so nothing can be below it",
                                   pointer, path.substr(0, slash)),
                       pointer);
      part = slash + 1;
    }
  }
  return {};
}

Result<int> positionOf(const Positions& positions, std::string_view name,
                       const std::string& pointer) {
  const auto at = positions.find(name);
  if (at == positions.end())
    return invalid(fmt::format("{}: there is no job \"{}\" in this plan", pointer, name), pointer);
  return at->second;
}

Result<void> readNeeds(const JsonValue& json, const Positions& positions, const std::string& at,
                       PlannedJob& job) {
  const auto* needs = find(json, "needs");
  for (rapidjson::SizeType i = 0; needs && i < needs->Size(); ++i) {
    auto position = positionOf(positions, view((*needs)[i]), fmt::format("{}/needs/{}", at, i));
    if (!position) return position.error();
    job.needs.push_back(*position);
  }
  return {};
}

Result<void> readFiles(const JsonValue& json, const Positions& positions, const std::string& at,
                       PlannedJob& job) {
  if (const auto* inputs = find(json, "inputs")) {
    for (const auto& m : inputs->GetObject()) {
      const std::string pointer = fmt::format("{}/inputs/{}", at, m.name.GetString());
      auto input = readInput(m.name.GetString(), m.value, pointer);
      if (!input) return input.error();
      if (!input->job.empty()) {
        auto producer = positionOf(positions, input->job, pointer);
        if (!producer) return producer.error();
        if (std::find(job.needs.begin(), job.needs.end(), *producer) == job.needs.end())
          return invalid(
              fmt::format("{}: the job must also name \"{}\" in its needs", pointer, input->job),
              pointer);
      }
      job.inputs.push_back(std::move(*input));
    }
    if (auto ok = checkTogether(job.inputs, at); !ok) return ok.error();
  }
  const auto* outputs = find(json, "outputs");
  for (rapidjson::SizeType i = 0; outputs && i < outputs->Size(); ++i) {
    if (view((*outputs)[i]).ends_with('/'))
      return invalid(fmt::format("{}/outputs/{}: \"{}\" is a folder; write {}**", at, i,
                                 (*outputs)[i].GetString(), (*outputs)[i].GetString()),
                     fmt::format("{}/outputs/{}", at, i));
    if (!isInnerPath(view((*outputs)[i])))
      return invalid(fmt::format("{}/outputs/{}: \"{}\" leaves the job's folder", at, i,
                                 (*outputs)[i].GetString()),
                     fmt::format("{}/outputs/{}", at, i));
    if (const std::string why = whyNotGlob(view((*outputs)[i])); !why.empty())
      return invalid(fmt::format("{}/outputs/{}: {}", at, i, why),
                     fmt::format("{}/outputs/{}", at, i));
    job.outputs.emplace_back(view((*outputs)[i]));
  }
  return {};
}

Result<PlannedJob> readJob(const JsonValue& json, const Positions& positions,
                           const std::string& at) {
  PlannedJob job;
  job.name = textOr(json, "id");
  if (auto ok = readNeeds(json, positions, at, job); !ok) return ok.error();
  if (auto ok = readFiles(json, positions, at, job); !ok) return ok.error();
  const auto* spec = find(json, "spec");
  job.specJson = spec ? toJson(*spec) : "{}";
  job.timeout = std::chrono::milliseconds(numberOr(json, "timeout_ms", 0));
  job.cacheable = boolOr(json, "cacheable", false);
  if (const auto* resources = find(json, "resources")) {
    job.cpus = static_cast<int>(numberOr(*resources, "cpus", 1));
    job.memoryBytes = numberOr(*resources, "memory", 0);
    job.processes = numberOr(*resources, "processes", 0);
  }
  return job;
}

/// Names one cycle as "a -> b -> a", or nothing. Iterative: plans may be 100,000 jobs deep.
std::string findCycle(const std::vector<PlannedJob>& jobs) {
  enum class Mark : char { New, Open, Done };
  std::vector<Mark> marks(jobs.size(), Mark::New);
  std::vector<std::pair<int, std::size_t>> path;  // job, next need to follow
  for (std::size_t start = 0; start < jobs.size(); ++start) {
    if (marks[start] != Mark::New) continue;
    path.assign(1, {static_cast<int>(start), 0});
    marks[start] = Mark::Open;
    while (!path.empty()) {
      auto& [job, next] = path.back();
      const auto& needs = jobs[static_cast<std::size_t>(job)].needs;
      if (next == needs.size()) {
        marks[static_cast<std::size_t>(job)] = Mark::Done;
        path.pop_back();
        continue;
      }
      const int need = needs[next++];
      if (marks[static_cast<std::size_t>(need)] == Mark::Open) {
        std::string text;
        auto at = std::find_if(path.begin(), path.end(),
                               [&](const auto& step) { return step.first == need; });
        for (; at != path.end(); ++at)
          text += jobs[static_cast<std::size_t>(at->first)].name + " -> ";
        return text + jobs[static_cast<std::size_t>(need)].name;
      }
      if (marks[static_cast<std::size_t>(need)] == Mark::New) {
        marks[static_cast<std::size_t>(need)] = Mark::Open;
        path.emplace_back(need, 0);
      }
    }
  }
  return {};
}

Result<PlanDocument> readPlan(const JsonValue& json) {
  PlanDocument plan;
  const auto& jobs = *find(json, "jobs");
  Positions positions;
  positions.reserve(jobs.Size());
  for (rapidjson::SizeType i = 0; i < jobs.Size(); ++i) {
    const auto [at, fresh] = positions.emplace(view(jobs[i]["id"]), static_cast<int>(i));
    if (!fresh)
      return invalid(
          fmt::format("/jobs/{}/id: \"{}\" stands already at /jobs/{}; job ids are unique", i,
                      at->first, at->second),
          fmt::format("/jobs/{}/id", i));
  }
  plan.jobs.reserve(jobs.Size());
  for (rapidjson::SizeType i = 0; i < jobs.Size(); ++i) {
    auto job = readJob(jobs[i], positions, fmt::format("/jobs/{}", i));
    if (!job) return job.error();
    plan.jobs.push_back(std::move(*job));
  }
  if (const auto cycle = findCycle(plan.jobs); !cycle.empty())
    return invalid(fmt::format("/jobs: the plan is not a DAG: {} (each job needs the next)", cycle),
                   "/jobs");
  if (const auto* summary = find(json, "summary")) plan.summaryJson = toJson(*summary);
  return plan;
}

/// Wherever in the document they stand: a builder may read digests out of its spec, too.
std::vector<std::string> digestsIn(std::string_view text, std::string_view but) {
  constexpr std::string_view kPrefix = "sha256:";
  constexpr std::size_t kSize = 71;
  std::vector<std::string> found;
  for (auto at = text.find(kPrefix); at != text.npos; at = text.find(kPrefix, at + 1))
    if (const auto digest = Digest::parse(text.substr(at, kSize)); digest && digest->text() != but)
      found.push_back(digest->text());
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace

Result<PlanDocument> PlanDocument::parse(std::string_view json) {
  auto parsed = parseJson(json);
  if (!parsed) return parsed.error();
  if (auto ok = planSchema().validate(*parsed); !ok) return ok.error();
  return readPlan(*parsed);
}

Result<PlanDocument> PlanDocument::parseSealed(std::string_view json) {
  auto parsed = parseJson(json);
  if (!parsed) return parsed.error();
  return readPlan(*parsed);
}

Result<PlanSeal> sealPlan(std::string_view emitted, std::string_view inputDigest,
                          std::string_view planner) {
  auto parsed = parseJson(emitted);
  if (!parsed) return parsed.error();
  if (auto ok = planSchema().validate(*parsed); !ok) return ok.error();
  auto plan = readPlan(*parsed);
  if (!plan) return plan.error();
  auto& memory = parsed->GetAllocator();
  JsonValue head(rapidjson::kObjectType);
  head.AddMember(
      "input",
      JsonValue(inputDigest.data(), static_cast<rapidjson::SizeType>(inputDigest.size()), memory),
      memory);
  head.AddMember(
      "planner",
      JsonValue(planner.data(), static_cast<rapidjson::SizeType>(planner.size()), memory), memory);
  parsed->AddMember("planwright", head, memory);
  PlanSeal seal;
  seal.document = canonicalJson(*parsed);
  seal.digest = Digest::of(seal.document);
  seal.recipe = Digest::of(canonicalJson(*find(*parsed, "jobs")));
  seal.summaryJson = plan->summaryJson;
  seal.jobCount = static_cast<int>(plan->jobs.size());
  seal.blobs = digestsIn(seal.document, inputDigest);
  for (const auto& job : plan->jobs)
    for (const auto& input : job.inputs)
      if (!input.digest.empty() && input.digest != inputDigest)
        seal.inputs.emplace(input.digest,
                            fmt::format("the input \"{}\" of job {}", input.path, job.name));
  return seal;
}

}  // namespace planwright
