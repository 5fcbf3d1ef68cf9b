#include "trial/conformance.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/files.h"
#include "base/json.h"
#include "base/scratch_folder.h"
#include "stages/program_plugin.h"
#include "stages/registry.h"
#include "trial/child_run.h"
#include "trial/lone_plugin.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;
using Verdict = CheckOutcome::Verdict;

std::string_view toText(Verdict verdict) {
  switch (verdict) {
    case Verdict::Passed:
      return "passed";
    case Verdict::Failed:
      return "failed";
    case Verdict::Skipped:
      return "skipped";
  }
  return "failed";
}

bool isWanted(const Check& check, const std::vector<std::string>& only) {
  return only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& name) {
           return name == check.name || name == check.group;
         });
}

Result<void> knowsAll(const std::vector<std::string>& only, const std::vector<Check>& checks) {
  for (const auto& name : only)
    if (std::none_of(checks.begin(), checks.end(),
                     [&](const Check& check) { return isWanted(check, {name}); }))
      return invalid(fmt::format("There is no check \"{}\".", name));
  return {};
}

Result<std::vector<CheckSample>> samplesOf(const fs::path& folder) {
  std::vector<CheckSample> samples;
  if (folder.empty()) return samples;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing))
    if (entry.is_regular_file() && entry.path().filename().string()[0] != '.')
      samples.push_back({entry.path().filename().string(), readFile(entry.path())});
  if (missing) return notFound(fmt::format("There is no folder {}.", folder.string()));
  std::sort(samples.begin(), samples.end(),
            [](const CheckSample& a, const CheckSample& b) { return a.name < b.name; });
  return samples;
}

Result<Manifest> manifestOf(const CheckSubject& subject) {
  if (subject.isProgram) {
    auto program = readProgram(fs::absolute(subject.file).lexically_normal(), ManifestReader());
    if (!program) return program.error();
    return std::move(program->manifest);
  }
  const auto section = manifestSection(subject.bytes);
  if (!section) return section.error();
  return ManifestReader().parse(*section);
}

/// What the manifest tells, if it can be read; the checks say why not.
Result<void> readManifest(const ConformanceOptions& options, CheckSubject& subject) {
  auto manifest = manifestOf(subject);
  if (!manifest) return {};
  subject.manifest = std::move(*manifest);
  const auto given = settingsFrom(options.settings, subject.manifest.settingsSchemaJson);
  if (!given) return given.error();
  const auto settings = settingsWithDefaults(subject.manifest.settingsSchemaJson, *given);
  if (settings) {
    subject.settings = *settings;
    return {};
  }
  if (!options.settings.empty()) return settings.error();
  subject.settingsProblem = fmt::format("It needs settings: {}; give them with --set KEY=VALUE.",
                                        settings.error().message);
  return {};
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<' || c == '>' || c == '&' || c == '"')
      out += fmt::format("&#{};", static_cast<int>(c));
    else if (static_cast<unsigned char>(c) >= ' ' || c == '\n')
      out += c;
  }
  return out;
}

CheckResult runOne(const Check& check, const CheckSubject& subject,
                   std::chrono::milliseconds timeout) {
  const auto begin = std::chrono::steady_clock::now();
  CheckOutcome outcome =
      check.runsCode ? runInChild([&] { return check.run(subject); }, timeout) : check.run(subject);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  return {check.group, check.name, std::move(outcome), check.remedy, took};
}

}  // namespace

Result<ConformanceReport> checkPlugin(const fs::path& file, const ConformanceOptions& options) {
  std::error_code missing;
  if (!fs::is_regular_file(file, missing))
    return notFound(fmt::format("There is no file {}.", file.string()));
  CheckSubject subject;
  subject.file = file;
  subject.isProgram = isProgram(file);
  const auto checks = subject.isProgram ? programChecks() : allChecks();
  if (const auto known = knowsAll(options.only, checks); !known) return known.error();
  const ScratchFolder scratch = ScratchFolder::below({});
  subject.bytes = readFile(file, kPluginFileBytes);
  subject.scratch = scratch.path();
  auto samples = samplesOf(options.samples);
  if (!samples) return samples.error();
  subject.samples = std::move(*samples);
  if (const auto ok = readManifest(options, subject); !ok) return ok.error();

  ConformanceReport report{
      subject.manifest.id, subject.manifest.version, Digest::of(subject.bytes).text(), {}};
  std::string gate;  // that did not pass
  for (const auto& check : checks) {
    const bool wanted = isWanted(check, options.only);
    if (!wanted && (!check.isGate || !gate.empty())) continue;
    CheckResult result = gate.empty()
                             ? runOne(check, subject, options.timeout)
                             : CheckResult{check.group,
                                           check.name,
                                           CheckOutcome::skipped(gate + " must pass first."),
                                           check.remedy,
                                           {}};
    const bool hasFailed = result.outcome.verdict == Verdict::Failed;
    if (check.isGate && hasFailed && gate.empty()) gate = check.name;
    if (wanted || hasFailed) report.results.push_back(std::move(result));
  }
  return report;
}

int ConformanceReport::count(Verdict verdict) const {
  return static_cast<int>(
      std::count_if(results.begin(), results.end(),
                    [&](const CheckResult& result) { return result.outcome.verdict == verdict; }));
}

std::string ConformanceReport::json() const {
  JsonWriter json;
  json.object().textOrNull("plugin", id).textOrNull("version", version).member("digest", digest);
  for (const auto verdict : {Verdict::Passed, Verdict::Failed, Verdict::Skipped})
    json.member(toText(verdict), count(verdict));
  json.key("checks").array();
  for (const auto& result : results) {
    const bool hasFailed = result.outcome.verdict == Verdict::Failed;
    json.object().member("group", result.group).member("name", result.name);
    json.member("verdict", toText(result.outcome.verdict));
    json.textOrNull("message", result.outcome.message);
    json.textOrNull("remedy", hasFailed ? result.remedy : "");
    json.member("took_ms", static_cast<std::int64_t>(result.took.count())).end();
  }
  return json.end().end().take();
}

std::string ConformanceReport::junit() const {
  std::string xml = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
      escaped(id.empty() ? "plugin" : id), results.size(), count(Verdict::Failed),
      count(Verdict::Skipped));
  for (const auto& result : results) {
    xml += fmt::format("  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">", result.group,
                       result.name, static_cast<double>(result.took.count()) / 1000);
    const auto message = escaped(result.outcome.message);
    if (result.outcome.verdict == Verdict::Failed)
      xml += fmt::format("<failure message=\"{}\">{}</failure>", message, escaped(result.remedy));
    if (result.outcome.verdict == Verdict::Skipped)
      xml += fmt::format("<skipped message=\"{}\"/>", message);
    xml += "</testcase>\n";
  }
  return xml + "</testsuite>\n";
}

}  // namespace planwright
