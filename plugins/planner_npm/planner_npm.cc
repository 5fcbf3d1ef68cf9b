#include <algorithm>
#include <set>

#include "planwright/plugin.hpp"

#include "lockfile.h"
#include "npm.h"
#include "tarballs.h"

namespace {

using npm::Package;

constexpr std::size_t kMostLockfileBytes = std::size_t{64} << 20;

/// A name as the id of a job may hold it: "@types/node" 1.0.0+1 -> "types-node-1.0.0-1".
std::string idOf(const Package& package) {
  std::string id = package.name + "-" + package.version;
  id.erase(0, id.starts_with('@') ? 1 : 0);
  for (char& c : id) {
    const bool isPlain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!isPlain && c != '.' && c != '_' && c != '-') c = '-';
  }
  return id.substr(0, 150);
}

/// planwright.npm: one job per package of a lockfile, which fetches and checks it, and one that
/// puts them together. npm itself never needs a registry: it finds each package in a cache made of
/// the jobs' outputs, by its integrity.
class NpmPlanner {
 public:
  explicit NpmPlanner(const pw::Settings& settings)
      : npm_(settings),
        tarballs_(settings.list("folders")),
        fetch_(settings.flag("fetch", false)) {
    for (const auto& kind : settings.list("allow")) allowed_.insert(kind);
  }

  void plan(const pw::Input& input, pw::Plan& plan, pw::Call& call) {
    pw::Memory memory(call);
    const bool isArchive = !input.name().ends_with(".json");
    const std::string digest(input.digest());
    const std::string file(input.name());
    if (!isArchive && input.size() > kMostLockfileBytes)
      pw::reject(file + " is larger than 64 MiB, the most for a lockfile");
    if (isArchive && !allowed_.contains(npm::kSettings))
      if (const std::string rc = npm_.settingsIn(call, digest); !rc.empty())
        npm::refuseRequest(file, "it holds " + rc + ", settings for npm", npm::kSettings);
    const auto lock = npm::parseLockfile(
        file, isArchive ? npm_.lockfileIn(call, digest) : call.blob(digest), npm_.omit(), allowed_);
    if (lock.hasWorkspaces && !isArchive)
      pw::reject("the lockfile installs folders of its project: drop an archive of the project");

    if (!isArchive)
      if (const std::string what = npm_.contradictionIn(call, memory, digest, lock.packageJson);
          !what.empty())
        pw::reject("the lockfile has " + what +
                   ", which its dependencies do not allow; what allows it (overrides) stands in "
                   "package.json only: drop an archive of the project");

    std::vector<std::pair<std::string, std::string>> parts;  // path in the cache, job/file
    std::set<std::string> ids = {"install", "pack"};
    std::uint64_t done = 0;
    for (const auto& package : lock.packages) {
      if (const auto output = add(plan, file, package, ids, call); !output.empty())
        parts.emplace_back(npm::Npm::cachePath(package), output);
      call.progress(++done, lock.packages.size(), package.name);
    }

    const auto versions = npm_.versions(call, memory);
    auto job = plan.job(isArchive ? "pack" : "install");
    for (const auto& [path, output] : parts) job.input(path, output);
    job.arg("node", versions.node).arg("npm", versions.npm).arg("platform", versions.platform);
    for (const auto& [name, value] : npm::Npm::environment()) job.env(name, value);
    if (isArchive)
      job.input("project.tgz", digest).command(npm_.packCommand()).output("*.tgz");
    else
      job.input("package-lock.json", digest)
          .text("package.json", lock.packageJson)
          .command(npm_.installCommand())
          .output("node_modules.tar.gz");
    job.cacheable();
    plan.summary("packages", static_cast<std::int64_t>(parts.size()));
    plan.summary("node", versions.node);
    plan.summary("npm", versions.npm);
    plan.summary("platform", versions.platform);
  }

 private:
  /// Adds the job that has the package's tarball as its output and gives "job/file"; empty if the
  /// package is optional and not to be had.
  std::string add(pw::Plan& plan, const std::string& inputName, const Package& package,
                  std::set<std::string>& ids, pw::Call& call) const {
    const auto found = tarballs_.store(package, call);
    const bool isRemote = package.url.starts_with("http");
    if (found.digest.empty() && !(fetch_ && isRemote)) {
      if (package.optional) return {};
      refuse(package, found.wrongFile);
    }
    if (found.digest.empty() && !npm::isOfRegistry(package.url) && !allowed_.contains(npm::kUrls))
      npm::refuseRequest(inputName,
                         package.name + " comes from " + package.url + ", no registry's URL",
                         npm::kUrls);
    std::string id = idOf(package);
    const std::string file = id + ".tgz";
    for (int n = 2; !ids.insert(id).second; ++n) id = idOf(package) + "-" + std::to_string(n);
    auto job = plan.job(id);
    job.arg("project", package.name).arg("version", package.version);
    job.arg("integrity", package.integrity.text());
    if (found.digest.empty())
      job.arg("url", package.url).arg("network", true);
    else
      job.input("archive", found.digest);
    job.command(
        npm_.checkCommand(found.digest.empty() ? package.url : "archive", package.integrity, file));
    job.output(file).cacheable();
    return id + "/" + file;
  }

  [[noreturn]] static void refuse(const Package& package, const std::string& wrongFile) {
    const std::string what = package.name + " " + package.version;
    if (!wrongFile.empty())
      pw::reject(what + ": " + wrongFile + " does not have the integrity of the lockfile, " +
                 package.integrity.text());
    pw::reject(what + " is in none of the folders (" + package.integrity.text() + ")");
  }

  const npm::Npm npm_;
  const npm::Tarballs tarballs_;
  const bool fetch_;
  npm::AllowedRequests allowed_;  ///< constant after construction
};

}  // namespace

PW_MODULE("planwright.npm", "1.0.0", pw::Planner<NpmPlanner>)
