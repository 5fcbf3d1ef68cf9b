#include "npm.h"

#include <filesystem>

#include <planwright/json_bounds.hpp>
#include <rapidjson/document.h>
#include <unistd.h>

namespace npm {
namespace {

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

Npm::Versions Npm::versions(pw::Call& call) const {
  Versions out;
  pw::Program npm, node;
  npm.argv = {npm_, "--version"};
  out.npm = run(call, npm);
  node.argv = {node_, "-p", "[process.versions.node, process.platform, process.arch].join(' ')"};
  const std::string words = run(call, node);
  out.node = words.substr(0, words.find(' '));
  out.platform = words.substr(words.find(' ') + 1);
  return out;
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

std::string Npm::contradictionIn(pw::Call& call, const std::string& lockDigest,
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
  if (!pw::whyTooMuchJson(result.output).empty()) return {};
  said.Parse<rapidjson::kParseIterativeFlag>(result.output.c_str());
  if (said.HasParseError() || !said.IsObject()) return {};
  const auto problems = said.FindMember("problems");
  if (problems == said.MemberEnd() || !problems->value.IsArray()) return {};
  for (const auto& problem : problems->value.GetArray()) {
    const std::string text = problem.IsString() ? problem.GetString() : "";
    if (text.starts_with("invalid: ")) return text.substr(9, text.find(' ', 9) - 9);
  }
  return {};
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
