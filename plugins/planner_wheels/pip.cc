#include "pip.h"

#include "pip_error.h"

namespace wheels {
namespace {

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

}  // namespace

Pip::Pip(const pw::Settings& settings)
    : python_(settings.text("python", "/usr/bin/python3")),
      findLinks_(settings.list("find_links")),
      indexUrl_(settings.text("index_url")),
      noIndex_(settings.flag("no_index", false)),
      buildIsolation_(settings.flag("build_isolation", true)),
      constraints_(settings.list("constraints")) {
  if (noIndex_ && findLinks_.empty())
    pw::badSetting("no_index leaves nowhere to look: give find_links");
  for (const auto& place : findLinks_)
    if (place.front() != '/' && place.find("://") == std::string::npos)
      pw::badSetting("find_links holds \"" + place +
                     "\", which is neither an absolute path nor a URL");
}

std::string Pip::resolve(pw::Call& call, std::string_view name, std::string_view digest) const {
  pw::Program program;
  program.argv = {
      python_,    "-m", "pip",        "install",        "--dry-run", "--ignore-installed",
      "--report", "-",  "--no-color", "--progress-bar", "off"};
  addIndexOptions(program.argv);
  if (!buildIsolation_) program.argv.push_back("--no-build-isolation");
  if (!constraints_.empty()) {
    std::string lines;
    for (const auto& line : constraints_) lines += line + "\n";
    program.files["constraints.txt"] = {{}, lines};
    program.argv.insert(program.argv.end(), {"-c", "constraints.txt"});
  }
  std::string file(name.substr(name.rfind('/') + 1));
  if (file.empty() || file.starts_with('-') || file == "constraints.txt") file = "requirements.txt";
  program.files[file] = {std::string(digest), {}};
  program.argv.insert(program.argv.end(), {"-r", file});
  for (const auto& [key, value] : environment()) program.env[key] = value;
  program.capture = true;

  const pw::ProgramResult result = call.exec(program);
  if (result.ok()) return reportIn(result.output);
  if (result.outcome == "not_started")
    pw::badSetting("the setting python is wrong: " + result.error);
  if (result.outcome == "timeout" || result.signal)
    pw::retry("pip " + result.how(), 0, tail(result.tail));
  const PipError error = explainPipError(result.output, result.tail);
  const std::string details = tail(result.output + "\n" + result.tail);
  switch (error.kind) {
    case PipError::Kind::Setup:
      pw::badSetting(error.message);
    case PipError::Kind::Network:
      pw::retry(error.message, 0, details);
    case PipError::Kind::Refused:
      pw::reject(error.message, details);
  }
  pw::fail(error.message, details);
}

std::vector<std::string> Pip::wheelCommand(const std::string& what, bool isLocal) const {
  std::vector<std::string> argv = {
      python_, "-m", "pip", "wheel", "--no-deps", "--no-color", "--progress-bar", "off"};
  if (!buildIsolation_) argv.push_back("--no-build-isolation");
  if (buildIsolation_)
    addIndexOptions(argv);
  else if (isLocal)
    argv.push_back("--no-index");
  argv.insert(argv.end(), {"-w", ".", what});
  return argv;
}

void Pip::addIndexOptions(std::vector<std::string>& argv) const {
  if (noIndex_) argv.push_back("--no-index");
  if (!indexUrl_.empty() && !noIndex_) argv.insert(argv.end(), {"--index-url", indexUrl_});
  for (const auto& place : findLinks_) argv.insert(argv.end(), {"--find-links", place});
}

const std::vector<std::pair<std::string, std::string>>& Pip::environment() {
  // No option but an environment variable, since pip before 23.0.1 does not know
  // --break-system-packages, and a Debian pip refuses even a dry run without it.
  static const std::vector<std::pair<std::string, std::string>> kEnvironment = {
      {"PIP_BREAK_SYSTEM_PACKAGES", "1"},
      {"PIP_CONFIG_FILE", "/dev/null"},
      {"PIP_DISABLE_PIP_VERSION_CHECK", "1"},
      {"PIP_NO_CACHE_DIR", "1"},
      {"PIP_NO_INPUT", "1"},
      {"PIP_ROOT_USER_ACTION", "ignore"},
      {"PYTHONDONTWRITEBYTECODE", "1"},
      {"PYTHONNOUSERSITE", "1"},
      {"SOURCE_DATE_EPOCH", "1577836800"}};  // 2020-01-01: the same sources give the same bytes
  return kEnvironment;
}

}  // namespace wheels
