#include "npm.h"

#include <filesystem>
#include <fstream>
#include <string_view>

#include <planwright/file_state.hpp>
#include <planwright/json_bounds.hpp>
#include <rapidjson/document.h>
#include <unistd.h>

namespace npm {
namespace {

constexpr const char* kAnswer = "answer";

constexpr const char* kCheck = R"(
const fs = require('fs'), crypto = require('crypto');
const [from, integrity, file] = process.argv.slice(1);
const read = async () => {
  if (!from.includes('://')) return fs.readFileSync(from);
  const answer = await fetch(from);
  if (!answer.ok) throw new Error(`${from} answered ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
};
read().then((bytes) => {
  const kind = integrity.slice(0, integrity.indexOf('-'));
  const got = `${kind}-${crypto.createHash(kind).update(bytes).digest('base64')}`;
  if (got !== integrity) throw new Error(`${file} has the integrity ${got}, not ${integrity}`);
  fs.writeFileSync(file, bytes);
  console.log(`${file}: ${bytes.length} bytes, ${integrity}`);
}).catch((error) => {
  console.error(`ERROR: ${error.cause ? `${from}: ${error.cause.message}` : error.message}`);
  process.exitCode = 1;
});
)";

// $1 is npm, $2 the build script, the rest options of `npm ci`. No pipe: sh would lose its status.
constexpr const char* kInstall = R"(
export npm_config_cache="$PWD/.npm" HOME="$PWD"
npm=$1; shift 2
"$npm" ci "$@"
mkdir -p node_modules
tar --sort=name --format=gnu --mtime=@$SOURCE_DATE_EPOCH --owner=0 --group=0 --numeric-owner \
    -cf node_modules.tar node_modules
gzip -n node_modules.tar
)";

constexpr const char* kPack = R"(
export npm_config_cache="$PWD/.npm" HOME="$PWD"
npm=$1 script=$2; shift 2
mkdir project
tar -xf project.tgz -C project --strip-components=1 --no-same-owner
cd project
"$npm" ci "$@"
"$npm" run --if-present "$script"
"$npm" pack --ignore-scripts --pack-destination ..
)";

void needProgram(const char* setting, const std::string& path) {
  if (::access(path.c_str(), X_OK) != 0)
    pw::badSetting(std::string("the setting ") + setting + " names " + path +
                   ", which is not on this machine");
}

bool isProgramOfTheMachine(const std::string& path) {
  char start[4] = {};
  std::ifstream(path, std::ios::binary).read(start, sizeof start);
  return std::string_view(start, sizeof start) ==
         "\x7f"
         "ELF";
}

/// Another text once npm or node is another one. Empty where that cannot be seen: what stands there
/// is no npm, but a script that chooses one.
std::string stateOfPrograms(const std::string& npm, const std::string& node) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path program = fs::canonical(npm, error);
  if (error || program.filename() != "npm-cli.js" || !isProgramOfTheMachine(node)) return {};
  std::string out = program.string() + " " + pw::stateOfFile(program) + "\n";
  const fs::path folder = program.parent_path().parent_path();
  // With the packages that it needs: its own, and those that Debian has beside it.
  for (const auto& path : {folder, folder / "lib", folder / "node_modules", folder.parent_path()}) {
    const auto state = pw::stateOfFolder(path);
    out += path.string() + "\n" + (state ? state->text : "none\n");
  }
  out += fs::canonical(node, error).string() + " " + pw::stateOfFile(node) + "\n";
  for (const char* place :
       {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"})
    out += pw::stateOfFile(std::string(place) + "/node") + "\n";  // the one that runs npm
  return out;
}

std::set<std::string> setOf(const std::vector<std::string>& list) {
  return {list.begin(), list.end()};
}

}  // namespace

Npm::Npm(const pw::Settings& settings)
    : npm_(settings.text("npm", "/usr/bin/npm")),
      node_(settings.text("node", "/usr/bin/node")),
      omit_(setOf(settings.list("omit"))),
      scripts_(settings.flag("scripts", false)),
      buildScript_(settings.text("build_script", "build")) {
  needProgram("npm", npm_);
  needProgram("node", node_);
}

/// What a confined program must see of a node that is not the system's.
std::vector<std::string> Npm::readable() const {
  std::vector<std::string> paths;
  for (const auto& program : {npm_, node_})
    if (!program.starts_with("/usr/"))
      paths.push_back(std::filesystem::path(program).parent_path().parent_path().string());
  return paths;
}

std::string Npm::run(pw::Call& call, pw::Program program) const {
  for (const auto& [name, value] : environment()) program.env[name] = value;
  program.capture = true;
  program.network = false;
  program.readable = readable();
  const pw::ProgramResult result = call.exec(program);
  if (!result.ok()) pw::badSetting(program.argv[0] + " " + result.how());
  return result.output.substr(0, result.output.find('\n'));
}

/// What `ask` gives, or gave before for the same `key` with these programs; nothing is not kept.
template <class Ask>
std::string Npm::kept(pw::Call& call, pw::Memory& memory, std::string key, const Ask& ask) const {
  const std::string state = stateOfPrograms(npm_, node_);
  if (state.empty()) return std::optional<std::string>(ask()).value_or("");
  key = "1\n" + npm_ + "\n" + node_ + "\n" + state + key;  // another form: another number
  auto answer = memory.find(kAnswer, key);
  if (answer) return *answer;
  const auto turn = memory.turn(kAnswer, key, call);
  answer = memory.find(kAnswer, key);
  if (answer) return *answer;
  answer = ask();
  if (answer && stateOfPrograms(npm_, node_) == state) memory.keep(kAnswer, key, *answer);
  return answer.value_or("");
}

Npm::Versions Npm::versions(pw::Call& call, pw::Memory& memory) const {
  const std::string said = kept(call, memory, "versions", [&] {
    pw::Program npm, node;
    npm.argv = {npm_, "--version"};
    node.argv = {node_, "-p", "[process.versions.node, process.platform, process.arch].join(' ')"};
    return run(call, npm) + "\n" + run(call, node);
  });
  const std::string words = said.substr(said.find('\n') + 1);
  return {said.substr(0, said.find('\n')), words.substr(0, words.find(' ')),
          words.substr(words.find(' ') + 1)};
}

std::string Npm::settingsIn(pw::Call& call, const std::string& digest) const {
  pw::Program program;
  program.argv = {"tar", "-tf", "project.tgz", "--wildcards", ".npmrc", "*/.npmrc"};
  program.files["project.tgz"] = {digest, {}};
  program.capture = true;
  program.network = false;
  const pw::ProgramResult result = call.exec(program);
  if (!result.ok() && result.outcome != "failed") pw::retry("tar " + result.how());
  return result.output.substr(0, result.output.find('\n'));  // tar fails if it finds nothing
}

std::string Npm::contradictionIn(pw::Call& call, pw::Memory& memory, const std::string& lockDigest,
                                 const std::string& packageJson) const {
  return kept(call, memory, "contradiction\n" + lockDigest + "\n" + packageJson,
              [&] { return contradictionNow(call, lockDigest, packageJson); });
}

/// Empty: there is none. Nothing: npm did not say, so another time it may.
std::optional<std::string> Npm::contradictionNow(pw::Call& call, const std::string& lockDigest,
                                                 const std::string& packageJson) const {
  pw::Program program;
  program.argv = {npm_, "ls", "--package-lock-only", "--all", "--json"};
  for (const auto& [name, value] : environment()) program.env[name] = value;
  program.env["npm_config_cache"] = ".npm";
  program.env["npm_config_logs_max"] = "0";
  program.files["package-lock.json"] = {lockDigest, {}};
  program.files["package.json"] = {{}, packageJson};
  program.capture = true;
  program.network = false;
  program.readable = readable();
  const pw::ProgramResult result = call.exec(program);
  if (result.outcome != "ok" && result.outcome != "failed") pw::retry(npm_ + " " + result.how());
  rapidjson::Document said;
  if (!pw::whyTooMuchJson(result.output).empty()) return std::nullopt;
  said.Parse<rapidjson::kParseIterativeFlag>(result.output.c_str());
  if (said.HasParseError() || !said.IsObject()) return std::nullopt;
  const auto problems = said.FindMember("problems");
  if (problems == said.MemberEnd() || !problems->value.IsArray()) return "";
  for (const auto& problem : problems->value.GetArray()) {
    const std::string text = problem.IsString() ? problem.GetString() : "";
    if (text.starts_with("invalid: ")) return text.substr(9, text.find(' ', 9) - 9);
  }
  return "";
}

std::string Npm::lockfileIn(pw::Call& call, const std::string& digest) const {
  for (const char* name : {"npm-shrinkwrap.json", "package-lock.json"}) {  // npm's own order
    pw::Program program;
    program.argv = {"tar",
                    "-xOf",
                    "project.tgz",
                    "--wildcards",
                    "--no-wildcards-match-slash",
                    std::string("*/") + name};
    program.files["project.tgz"] = {digest, {}};
    program.capture = true;
    program.network = false;
    const pw::ProgramResult result = call.exec(program);
    if (result.ok()) return result.output;
    if (result.outcome != "failed") pw::retry("tar " + result.how());
  }
  pw::reject("the archive holds no package-lock.json in its top folder");
}

std::vector<std::string> Npm::checkCommand(const std::string& from, const Integrity& integrity,
                                           const std::string& file) const {
  return {node_, "-e", kCheck, "--", from, integrity.text(), file};
}

std::vector<std::string> Npm::shell(const char* script) const {
  std::vector<std::string> argv = {"/bin/sh", "-euc", script, "sh", npm_, buildScript_};
  for (const auto& kind : omit_) argv.push_back("--omit=" + kind);
  if (!scripts_) argv.emplace_back("--ignore-scripts");
  return argv;
}

std::vector<std::string> Npm::installCommand() const {
  return shell(kInstall);
}

std::vector<std::string> Npm::packCommand() const {
  return shell(kPack);
}

std::string Npm::cachePath(const Package& package) {
  return ".npm/_cacache/" + package.integrity.cachePath();
}

const std::vector<std::pair<std::string, std::string>>& Npm::environment() {
  static const std::vector<std::pair<std::string, std::string>> kEnvironment = {
      {"SOURCE_DATE_EPOCH", "1577836800"},  // 2020-01-01: the same packages give the same bytes
      {"npm_config_audit", "false"},
      {"npm_config_fetch_retries", "0"},  // what is not there will not come: no wait of 70 s
      {"npm_config_fund", "false"},
      {"npm_config_globalconfig", "/dev/null"},
      {"npm_config_offline", "true"},
      {"npm_config_update_notifier", "false"}};
  return kEnvironment;
}

}  // namespace npm
