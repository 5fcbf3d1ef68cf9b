#include "pip.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "helpers.h"
#include "pip_error.h"

namespace wheels {
namespace {

// As ask_pip.py knows them: run no code of archives, and the exit code where some would be needed.
constexpr const char* kAlone = "--alone";
constexpr int kNeedsCode = 75;
constexpr int kMostRounds = 20;  // of back ends that are asked; each looks one level deeper
constexpr std::size_t kDetailsBytes = 16 * 1024;

std::string tail(const std::string& text) {
  return text.size() <= kDetailsBytes ? text : text.substr(text.size() - kDetailsBytes);
}

/// The report among pip's other lines: rich prints it indented, so its braces alone begin a line.
std::string reportIn(const std::string& output) {
  const auto begin = output.starts_with("{\n") ? 0 : output.find("\n{\n");
  const auto end = output.rfind("\n}\n");
  if (begin == std::string::npos || end == std::string::npos || end < begin)
    pw::fail("pip printed no report", tail(output));
  return output.substr(begin, end + 2 - begin);
}

std::string joinedLines(const std::vector<std::string>& list) {
  std::string text;
  for (const auto& line : list) text += line + "\n";
  return text;
}

std::string contentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) pw::badSetting("constraints_files names " + path + ", which cannot be read");
  return text;
}

}  // namespace

std::string Pip::resolve(const std::string& file, const std::string& text,
                         const SourceArchives::InputsOf& inputsOf) {
  pw::Program program;
  program.files[file] = {{}, text};
  program.argv = {"-r", file};
  addConstraints(program);
  return report(std::move(program), inputsOf, false);
}

std::string Pip::resolveLines(const std::vector<std::string>& lines,
                              const SourceArchives::InputsOf& inputsOf) {
  pw::Program program;
  program.files["build-requirements.txt"] = {{}, joinedLines(lines)};
  program.argv = {"-r", "build-requirements.txt"};
  return report(std::move(program), inputsOf, true);
}

std::string Pip::report(pw::Program asked, const SourceArchives::InputsOf& inputsOf,
                        bool isShared) {
  std::vector<std::string> words = {std::string(kHelpers) + "ask_pip.py",
                                    "report.json",
                                    "install",
                                    "--dry-run",
                                    "--ignore-installed",
                                    "--report",
                                    "report.json",
                                    "--no-color",
                                    "--progress-bar",
                                    "off"};
  addIndexOptions(words);
  if (!options_.buildIsolation) words.emplace_back("--no-build-isolation");
  words.insert(words.end(), asked.argv.begin(), asked.argv.end());
  pw::Program program = python_.program(std::move(words));
  program.files = std::move(asked.files);
  program.network = !options_.noIndex;
  const Answers::Asked kept = answers_.find(program, isShared);
  if (kept.answer) return *kept.answer;

  std::vector<std::string> texts = {program.files[asked.argv[1]].text};
  for (const auto& [name, file] : program.files)
    if (name != asked.argv[1]) texts.push_back(file.text);
  const std::string folder(kHelpers);
  program.files[folder + "ask_pip.py"] = {{}, std::string(kAskPip)};
  if (archives_.canForesee()) {
    program.files[folder + "guess_archives.py"] = {{}, std::string(kGuessArchives)};
    if (auto answer = answerAlone(program, texts, inputsOf)) {
      answers_.keep(kept, *answer);
      return std::move(*answer);
    }
  }
  program.files[folder + "request.json"] = {{}, archives_.knownJson()};
  return answerOf(python_.run(program));
}

/// Where no code of an archive runs beside pip. Nothing: pip needs some.
std::optional<std::string> Pip::answerAlone(pw::Program program,
                                            const std::vector<std::string>& texts,
                                            const SourceArchives::InputsOf& inputsOf) {
  program.argv.insert(program.argv.begin() + 2, kAlone);
  for (int round = 1;; ++round) {
    program.files[std::string(kHelpers) + "request.json"] = {{}, archives_.requestJson(texts)};
    pw::ProgramResult result = python_.run(program);
    const auto end = std::min(result.output.find('\n'), result.output.size());
    const auto ask = archives_.learn(result.output.substr(0, end));
    result.output.erase(0, end);
    if (ask.empty())
      return result.exit == kNeedsCode ? std::nullopt : std::optional(answerOf(result));
    if (round == kMostRounds || !archives_.askBackEnds(ask, inputsOf)) return std::nullopt;
  }
}

std::string Pip::answerOf(const pw::ProgramResult& result) const {
  if (!result.ok()) explain(result);
  return reportIn(result.output);
}

void Pip::explain(const pw::ProgramResult& result) const {
  if (result.outcome == "timeout" || result.signal)
    pw::retry("pip " + result.how(), 0, tail(result.tail));
  const PipError error = explainPipError(result.output, result.tail);
  const std::string details = tail(result.output + "\n" + result.tail);
  switch (error.kind) {
    case PipError::Kind::Setup:
      pw::badSetting(error.message);
    case PipError::Kind::Network:
      if (result.networkSealed)
        pw::badSetting(
            "pip needs the network to ask the index; write network: true beside plugin: "
            "planwright.wheels, or no_index and find_links in its settings");
      pw::retry(error.message, 0, details);
    case PipError::Kind::Refused:
      pw::reject(error.message, details);
  }
  pw::fail(error.message, details);
}

std::vector<std::string> Pip::wheelCommand(const std::string& what, BuildSource source) const {
  std::vector<std::string> argv = {
      python_.name(), "-m", "pip", "wheel", "--no-deps", "--no-color", "--progress-bar", "off"};
  if (!options_.buildIsolation) argv.emplace_back("--no-build-isolation");
  if (source == BuildSource::Index)
    addIndexOptions(argv);
  else
    argv.emplace_back("--no-index");
  argv.insert(argv.end(), {"-w", ".", what});
  return argv;
}

void Pip::addConstraints(pw::Program& program) const {
  const auto add = [&](const std::string& file, const std::string& text) {
    program.files[file] = {{}, text};
    program.argv.insert(program.argv.end(), {"-c", file});
  };
  if (!options_.constraints.empty()) add("constraints.txt", joinedLines(options_.constraints));
  int number = 0;
  for (const auto& path : options_.constraintsFiles)
    add("constraints-" + std::to_string(++number) + ".txt", contentOf(path));
}

void Pip::addIndexOptions(std::vector<std::string>& argv) const {
  if (options_.noIndex) argv.emplace_back("--no-index");
  if (!options_.indexUrl.empty() && !options_.noIndex)
    argv.insert(argv.end(), {"--index-url", options_.indexUrl});
  for (const auto& place : options_.findLinks) argv.insert(argv.end(), {"--find-links", place});
}

}  // namespace wheels
