#include "pip.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "pip_error.h"
#include "pip_report.h"
#include "rapidjson/document.h"

namespace wheels {
namespace {

constexpr std::size_t kDetailsBytes = 16 * 1024;

/// Prints [path, requirements, back end] for each archive. The defaults are those of PEP 517. The
/// folder that all names begin with is left out if there is one, as pip's unpacking does it.
constexpr const char* kReadBuildNeeds = R"(
import json, sys, tarfile, zipfile
try:
    import tomllib
except ImportError:
    from pip._vendor import tomli as tomllib
def place(names):
    parts = [name.lstrip("/").partition("/") for name in names]
    heads = {head for head, slash, rest in parts}
    isFlat = len(heads) != 1 or "" in heads
    wanted = ("pyproject.toml", "", "") if isFlat else (*heads, "/", "pyproject.toml")
    return parts.index(wanted) if wanted in parts else None
def pyproject(path):
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            at = place(archive.namelist())
            return b"" if at is None else archive.read(archive.namelist()[at])
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        at = place([member.name for member in members])
        return b"" if at is None else archive.extractfile(members[at]).read()
for path in sys.argv[1:]:
    system = tomllib.loads(pyproject(path).decode()).get("build-system", {})
    requirements = system.get("requires", ["setuptools>=40.8.0"])
    print(json.dumps([path, requirements, system.get("build-backend", "setuptools.build_meta")]))
)";

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

void useEnvironment(pw::Program& program) {
  for (const auto& [key, value] : Pip::environment()) program.env[key] = value;
}

std::string joinedLines(const std::vector<std::string>& list) {
  std::string text;
  for (const auto& line : list) text += line + "\n";
  return text;
}

/// [path, requirements, back end]; a pyproject.toml may hold anything.
void checkNeeds(const rapidjson::Value& line) {
  const bool isLine = line.IsArray() && line.Size() == 3 && line[0].IsString();
  if (!isLine) pw::fail("the reader of pyproject.toml printed something else");
  const bool isGood =
      line[2].IsString() && line[1].IsArray() &&
      std::all_of(line[1].Begin(), line[1].End(), [](const auto& each) { return each.IsString(); });
  if (!isGood)
    pw::reject("in the pyproject.toml of " + fileNameOfUrl(line[0].GetString()) +
               " requires is no list of texts, or build-backend no text");
}

bool isBelowAny(const std::string& path, const std::vector<std::string>& folders) {
  return std::any_of(folders.begin(), folders.end(), [&path](const std::string& folder) {
    const auto end = (std::filesystem::path(folder) / "").lexically_normal();  // with its slash
    return std::filesystem::path(path).lexically_normal().string().starts_with(end.string());
  });
}

std::string contentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) pw::badSetting("constraints_files names " + path + ", which cannot be read");
  return text;
}

/// The folders with archives that the settings name.
std::vector<std::string> placesOf(const Options& options) {
  std::vector<std::string> paths;
  for (const auto& place : options.findLinks) {
    const std::string path = place.starts_with('/') ? place : pathOfFileUrl(place);
    if (!path.empty()) paths.push_back(path);
  }
  if (const std::string path = pathOfFileUrl(options.indexUrl); !path.empty())
    paths.push_back(path);
  return paths;
}

}  // namespace

std::vector<std::string> readableFor(const Options& options, const std::string& python) {
  std::vector<std::string> paths = placesOf(options);
  const std::filesystem::path program(python);
  if (program.is_absolute() && !python.starts_with("/usr/"))
    paths.push_back(program.parent_path().parent_path().string());  // with its lib/
  return paths;
}

std::string Pip::resolve(const std::string& file, const std::string& text) {
  pw::Program program;
  program.files[file] = {{}, text};
  program.argv = {"-r", file};
  addConstraints(program);
  return report(std::move(program));
}

std::string Pip::resolveLines(const std::vector<std::string>& lines) {
  pw::Program program;
  program.files["build-requirements.txt"] = {{}, joinedLines(lines)};
  program.argv = {"-r", "build-requirements.txt"};
  return report(std::move(program));
}

std::string Pip::report(pw::Program program) {
  std::vector<std::string> argv = {
      python_,    "-m", "pip",        "install",        "--dry-run", "--ignore-installed",
      "--report", "-",  "--no-color", "--progress-bar", "off"};
  addIndexOptions(argv);
  if (!options_.buildIsolation) argv.emplace_back("--no-build-isolation");
  program.argv.insert(program.argv.begin(), argv.begin(), argv.end());
  useEnvironment(program);
  program.capture = true;
  program.network = !options_.noIndex;
  program.readable = readableFor(options_, python_);

  if (auto kept = answers_.find(program)) return std::move(*kept);
  const pw::ProgramResult result = call_.exec(program);
  if (result.ok()) {
    std::string answer = reportIn(result.output);
    answers_.keep(answer);
    return answer;
  }
  refuseSettings(result);
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

/// The sandbox refuses what the configuration asks for.
void Pip::refuseSettings(const pw::ProgramResult& result) const {
  if (result.outcome != "refused") return;
  for (const auto& link : options_.findLinks)
    if (result.error.starts_with(link + " "))
      pw::badSetting("the setting find_links names a folder that pip cannot read: " + result.error);
  pw::badSetting(result.error);
}

std::map<std::string, BuildNeeds> Pip::buildNeeds(const std::vector<std::string>& paths) const {
  pw::Program program;
  program.argv = {python_, "-c", kReadBuildNeeds};
  program.argv.insert(program.argv.end(), paths.begin(), paths.end());
  useEnvironment(program);
  program.capture = true;
  program.network = false;
  program.readable = readableFor(options_, python_);
  const pw::ProgramResult result = call_.exec(program);
  refuseSettings(result);
  if (!result.ok())
    pw::reject("the pyproject.toml of an archive cannot be read: python " + result.how(),
               tail(result.tail));
  std::map<std::string, BuildNeeds> out;
  rapidjson::StringStream lines(result.output.c_str());
  for (;;) {
    rapidjson::Document line;
    line.ParseStream<rapidjson::kParseStopWhenDoneFlag | rapidjson::kParseIterativeFlag>(lines);
    if (line.HasParseError()) return out;
    checkNeeds(line);
    BuildNeeds& needs = out[line[0].GetString()];
    for (const auto& text : line[1].GetArray()) needs.requirements.emplace_back(text.GetString());
    const auto& more = options_.buildRequirements;
    needs.requirements.insert(needs.requirements.end(), more.begin(), more.end());
    std::sort(needs.requirements.begin(), needs.requirements.end());
    needs.usesSetuptools = std::string_view(line[2].GetString()).starts_with("setuptools");
  }
}

std::vector<std::string> Pip::wheelCommand(const std::string& what, BuildSource source) const {
  std::vector<std::string> argv = {
      python_, "-m", "pip", "wheel", "--no-deps", "--no-color", "--progress-bar", "off"};
  if (!options_.buildIsolation) argv.emplace_back("--no-build-isolation");
  if (source == BuildSource::Index)
    addIndexOptions(argv);
  else
    argv.emplace_back("--no-index");
  argv.insert(argv.end(), {"-w", ".", what});
  return argv;
}

void Pip::refuseHidden(const std::string& path) const {
  namespace fs = std::filesystem;
  std::error_code none;
  const bool hasSteps = path.find("/../") != path.npos || path.ends_with("/..");
  // Inside of a sandbox these hold other files than outside.
  const bool isOfKernel = isBelowAny(path, {"/proc", "/dev", "/sys"}) ||
                          isBelowAny(fs::weakly_canonical(path, none), {"/proc", "/dev", "/sys"});
  if (!hasSteps && !isOfKernel) {
    if (isBelowAny(path, placesOf(options_))) return;
    // An index may link to files elsewhere, which `readable` of the stage shows. To open one says
    // more than access(2), which knows nothing of Landlock.
    pw::Program look;
    look.argv = {"/bin/sh", "-c", "test -f \"$1\" && : <\"$1\"", "sh", path};
    look.network = false;
    look.readable = readableFor(options_, python_);
    const pw::ProgramResult seen = call_.exec(look);
    refuseSettings(seen);
    if (seen.ok()) return;
    if (seen.outcome != "failed") pw::retry("sh " + seen.how());
  }
  forgetAnswer();
  pw::reject("pip reports the archive " + path +
             ", which is in no folder of find_links and is not shown to pip");
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

const std::vector<std::pair<std::string, std::string>>& Pip::environment() {
  // No option but an environment variable, since pip before 23.0.1 does not know
  // --break-system-packages, and a Debian pip refuses even a dry run without it.
  static const std::vector<std::pair<std::string, std::string>> kEnvironment = {
      {"CFLAGS", "-g0"},  // debug information would name pip's random folder
      {"PIP_BREAK_SYSTEM_PACKAGES", "1"},
      {"PIP_CONFIG_FILE", "/dev/null"},
      {"PIP_DISABLE_PIP_VERSION_CHECK", "1"},
      {"PIP_NO_CACHE_DIR", "1"},
      {"PIP_NO_INPUT", "1"},
      {"PIP_ROOT_USER_ACTION", "ignore"},
      {"PYTHONDONTWRITEBYTECODE", "1"},
      {"PYTHONHASHSEED", "0"},  // sets have one order
      {"PYTHONNOUSERSITE", "1"},
      {"SOURCE_DATE_EPOCH", "1577836800"}};  // 2020-01-01: the same sources give the same bytes
  return kEnvironment;
}

}  // namespace wheels
