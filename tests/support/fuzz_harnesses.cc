#include "support/fuzz_harnesses.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/files.h"
#include "base/glob.h"
#include "base/json.h"
#include "base/utf8.h"
#include "config/config_reader.h"
#include "config/listen_reader.h"
#include "config/yaml_loader.h"
#include "http/multipart.h"
#include "model/plan_document.h"
#include "programs/keeper_protocol.h"
#include "stages/frames.h"
#include "stages/manifest.h"
#include "support/require.h"

namespace planwright {
namespace {

/// Postgres takes UTF-8 without NUL only.
bool isStorable(std::string_view text) {
  return isUtf8(text) && text.find('\0') == std::string_view::npos;
}

void checkError(const Error& error) {
  require(error.kind == ErrorKind::Invalid, "a bad document is Invalid");
  require(!error.message.empty(), "an error says what is wrong");
}

bool staysInside(const std::string& path) {
  if (path.empty() || path.front() == '/' || !isStorable(path)) return false;
  return ("/" + path + "/").find("/../") == std::string::npos;
}

void checkJob(const PlannedJob& job, std::size_t jobCount) {
  constexpr std::string_view kNameCharacters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  require(!job.name.empty() && job.name.size() <= 200 &&
              job.name.find_first_not_of(kNameCharacters) == std::string::npos,
          "a job's name keeps its pattern");
  for (const int need : job.needs)
    require(need >= 0 && static_cast<std::size_t>(need) < jobCount, "a need is a job");
  std::set<std::string> paths;
  for (const JobInput& input : job.inputs) {
    require(staysInside(input.path), "an input stays in the work folder");
    require(paths.insert(input.path).second, "an input path stands once");
    require(input.digest.empty() || Digest::parse(input.digest), "an input's digest is one");
    require(input.job.empty() || staysInside(input.output), "an output stays in its folder");
    require(isStorable(input.text), "a text can be stored");
  }
  for (const std::string& glob : job.outputs) {
    require(staysInside(glob), "an output stays inside");
    globMatches(glob, "a/b/c.txt");
  }
  require(parseJson(job.specJson) && isStorable(job.specJson), "a spec is JSON");
  require(job.timeout.count() >= 0 && job.cpus >= 1 && job.memoryBytes >= 0, "limits are numbers");
}

void checkNode(const ConfigNode& node) {
  require(isStorable(node.text), "a text of the file can be stored");
  require(node.place.line >= 1 && node.place.column >= 1, "a value has its place");
  for (const auto& item : node.items) checkNode(item);
  for (const auto& member : node.members) {
    require(isStorable(member.key), "a key of the file can be stored");
    checkNode(member.value);
  }
}

void checkQueue(const QueueConfig& queue) {
  require(!queue.name.empty() && isStorable(queue.name), "a queue has a name");
  require(queue.planWorkers >= 1 && queue.builder.workers >= 1 && queue.builder.jobSlots >= 0,
          "there are workers");
  require(queue.retry.attempts >= 1 && queue.retry.first.count() >= 0, "retries are counted");
  for (const auto& source : queue.sources)
    require(parseJson(source.settingsJson) && source.maxBytes >= 0, "settings are JSON");
  for (const auto& planner : queue.planners)
    require(parseJson(planner.settingsJson) && planner.deadline.count() >= 0, "settings are JSON");
  require(static_cast<bool>(parseJson(queue.builder.settingsJson)), "settings are JSON");
}

}  // namespace

void exercisePlanDocument(std::string_view input) {
  const Result<PlanDocument> plan = PlanDocument::parse(input);
  const Result<PlanSeal> seal = sealPlan(input, "sha256:0", "planner 1");
  require(static_cast<bool>(plan) == static_cast<bool>(seal), "only good plans are sealed");
  if (!plan) return checkError(plan.error());
  for (const PlannedJob& job : plan->jobs) checkJob(job, plan->jobs.size());
  require(seal->jobCount == static_cast<int>(plan->jobs.size()), "all jobs are sealed");

  const auto sealed = parseJson(seal->document);
  require(sealed && canonicalJson(*sealed) == seal->document, "sealed bytes are canonical");
  const Result<PlanDocument> again = PlanDocument::parseSealed(seal->document);
  require(again && again->jobs.size() == plan->jobs.size(), "sealed bytes can be read");
  for (std::size_t i = 0; i < plan->jobs.size(); ++i)
    require(
        again->jobs[i].name == plan->jobs[i].name && again->jobs[i].needs == plan->jobs[i].needs,
        "sealed jobs are the planner's");
}

void exerciseConfig(std::string_view input) {
  const ReadConfig read = readConfigText(input, "fuzz.yaml", "/work");
  for (const ConfigProblem& problem : read.problems)
    require(problem.place.line >= 1 && !problem.message.empty(), "a mistake has its place");
  std::vector<ConfigProblem> problems;
  const ConfigNode tree = loadYaml(input, "fuzz.yaml", problems);
  if (!problems.empty()) return;
  checkNode(tree);
  std::vector<std::pair<std::string, std::string>> secrets;
  require(static_cast<bool>(parseJson(nodeToJson(tree, secrets))), "a tree is JSON");
  if (!read.ok()) return;
  require(!read.config.queues.empty(), "there is a queue");
  require(static_cast<bool>(listenAddress(read.config.listen.address, "/")),
          "it listens somewhere");
  require(read.config.lease >= std::chrono::seconds(2), "there is a lease");
  for (const QueueConfig& queue : read.config.queues) checkQueue(queue);
}

void exercisePluginManifest(std::string_view input) {
  static const ManifestReader* const reader = new ManifestReader;
  const bool isManifest = input.starts_with('{');
  const Result<std::string> section =
      isManifest ? Result<std::string>(std::string(input)) : manifestSection(input);
  if (!section) return checkError(section.error());
  const Result<Manifest> manifest = reader->parse(*section);
  if (!manifest) return checkError(manifest.error());
  require(isStorable(manifest->json) && !manifest->id.empty() && !manifest->stages.empty(),
          "a manifest names itself");
  const auto schema = JsonSchema::compile(manifest->settingsSchemaJson);
  require(static_cast<bool>(schema), "a settings schema stays good");
  for (const char* settings :
       {"{}", R"({"a":"aaaaaaaaaaaaaaaaaaaa","b":[1,2.5,"x"],"c":{"a":true}})", "[[],3]",
        R"("ab")"})
    if (const auto fits = schema->validate(*parseJson(settings)); !fits) checkError(fits.error());
}

void exerciseMultipart(std::string_view input) {
  const auto line = input.find('\n');
  if (line == std::string_view::npos) return;
  const std::string_view body = input.substr(line + 1);
  const UniqueFd file = memoryFile(body);
  const Result<FilePart> part = findFilePart(file.get(), input.substr(0, line));
  if (!part) return checkError(part.error());
  require(part->offset <= body.size() && part->size <= body.size() - part->offset,
          "a part lies in its body");
  require(part->filename.size() <= body.size(), "a name is part of the body");
}

void exerciseKeeperText(std::string_view input) {
  if (input.size() < 2) return;
  const auto argCount = static_cast<unsigned char>(input[0]);
  const auto envCount = static_cast<unsigned char>(input[1]);
  std::string text(input.substr(2));
  const auto words = splitProgramText(text, argCount, envCount);
  require(!splitProgramText(text, std::size_t{argCount} + (1U << 31), envCount),
          "counts beyond the text are refused");
  if (!words) return checkError(words.error());
  ProgramSpec spec;
  spec.cwd = words->cwd;
  for (const char* word : words->argv)
    if (word != nullptr) spec.argv.emplace_back(word);
  for (const char* word : words->env)
    if (word != nullptr) spec.env.emplace_back(word);
  require(spec.argv.size() == argCount && spec.env.size() == envCount, "no word is lost");
  if (spec.argv[0].empty() || spec.cwd.empty()) return;
  const auto again = programText(spec);
  require(again && *again == input.substr(2), "words come together as they came apart");
}

void exerciseFrameHeader(std::string_view input) {
  const auto header = parseFrameHeader(input);
  if (!header) return checkError(header.error());
  require(header->metaBytes <= kFrameMetaBytes && header->dataBytes <= kFrameDataBytes,
          "a frame has its limits");
  require(frameHeader(*header) == input, "a header is written as it was read");
}

}  // namespace planwright
