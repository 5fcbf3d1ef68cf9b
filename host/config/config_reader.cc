#include "config/config_reader.h"

#include <algorithm>
#include <system_error>

#include "base/files.h"
#include "base/json.h"
#include "base/redis_url.h"
#include "config/access_reader.h"
#include "config/listen_reader.h"
#include "config/queue_reader.h"
#include "config/secret_reader.h"
#include "config/section_reader.h"
#include "config/stage_reader.h"
#include "config/watched_folders.h"
#include "config/yaml_loader.h"

namespace planwright {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{4} << 20;

/// Nothing that is said of it shows a password.
void readRedis(SectionReader& top, const std::filesystem::path& folder, Config& config) {
  config.redisUrl = top.text("redis");
  if (config.redisUrl.empty()) return;
  constexpr std::string_view kUnix = "unix:";
  if (config.redisUrl.starts_with(kUnix) && !config.redisUrl.starts_with("unix:/"))
    config.redisUrl.insert(kUnix.size(), RedisUrl::encodedPath(folder.string()) + "/");
  const auto url = RedisUrl::parse(config.redisUrl);
  if (!url) top.complain(*top.value("redis"), "redis: " + url.error().message);
}

void readServices(SectionReader& top, const std::filesystem::path& folder, Config& config,
                  ConfigProblems& problems) {
  config.listen = readListen(top, "listen", folder, config.listen, problems);
  if (top.value("metrics_listen"))
    config.metricsListen = readListen(top, "metrics_listen", folder, {}, problems);
  if (top.value("data")) {
    config.dataFolder = resolvedPath(folder, top.text("data"));
    config.dataFolderIsDefault = false;
  }
  config.postgresUrl = top.text("postgres");
  const bool isPostgres = config.postgresUrl.rfind("postgres://", 0) == 0 ||
                          config.postgresUrl.rfind("postgresql://", 0) == 0;
  if (!config.postgresUrl.empty() && !isPostgres)
    top.complain(*top.value("postgres"),
                 "postgres must be a URL such as postgresql://user@host:5432/planwright");
  readRedis(top, folder, config);
}

void readBlobs(SectionReader& top, const std::filesystem::path& folder, BlobsConfig& blobs,
               ConfigProblems& problems) {
  SectionReader section(top.section("blobs"), "blobs", problems);
  if (section.value("folder")) blobs.folder = resolvedPath(folder, section.text("folder"));
  blobs.grace = section.duration("grace", blobs.grace);
  if (blobs.grace < std::chrono::seconds(1))
    section.complain(*section.value("grace"), "grace must be at least 1s");
  section.refuse("s3",
                 "is not supported by this version; write folder: PATH, which several hosts may "
                 "share by a network file system");
  section.finish();
}

void readPlugins(SectionReader& top, const std::filesystem::path& folder, PluginsConfig& plugins,
                 ConfigProblems& problems) {
  SectionReader section(top.section("plugins"), "plugins", problems);
  for (const auto& path : section.texts("path")) plugins.path.push_back(resolvedPath(folder, path));
  plugins.requireLock = section.flag("require_lock", plugins.requireLock);
  section.refuse("allow_unsigned",
                 "is not supported by this version: plugins have no signatures; require_lock: true "
                 "loads none but those of plugins.lock");
  SectionReader quarantine(section.section("quarantine"), "quarantine", problems);
  plugins.quarantineDeaths = quarantine.count("deaths", plugins.quarantineDeaths, 1, 1'000);
  plugins.quarantineWindow = quarantine.duration("window", plugins.quarantineWindow);
  quarantine.finish();
  section.finish();
}

void readAudit(SectionReader& top, AuditConfig& audit, ConfigProblems& problems) {
  SectionReader section(top.section("audit"), "audit", problems);
  audit.keep = section.duration("keep", audit.keep);
  if (audit.keep < std::chrono::hours(24))
    section.complain(*section.value("keep"), "keep must be at least 1d");
  section.finish();
}

void readWebhooks(SectionReader& top, WebhooksConfig& webhooks, ConfigProblems& problems) {
  SectionReader section(top.section("webhooks"), "webhooks", problems);
  for (const auto& text : section.texts("allow")) {
    const auto network = AddressRange::parse(text);
    if (network)
      webhooks.allow.push_back(*network);
    else
      section.complain(*section.value("allow"), "allow: " + network.error().message);
  }
  section.finish();
}

void readRoles(SectionReader& top, Config& config) {
  const ConfigNode* node = top.value("roles");
  if (!node) return;
  std::string joined;
  for (const auto& role : top.texts("roles")) joined += (joined.empty() ? "" : ",") + role;
  const auto roles = parseRoles(joined);
  if (roles)
    config.roles = *roles;
  else
    top.complain(*node, roles.error().message);
}

bool isManual(const ConfigNode& source) {
  const ConfigNode* plugin = source.find("plugin");
  return plugin && plugin->text == kManualSource;
}

/// Every queue with `defaults:` merged in. In a list of stages the defaults go to each of them;
/// what they say of sources is not for uploads.
ConfigNode mergedQueue(const ConfigNode* defaults, const ConfigNode& queue) {
  if (!defaults || !defaults->isMap()) return queue;
  ConfigNode merged = deepMerge(*defaults, queue);
  if (queue.isNull()) {  // `wheels:` with nothing below it
    merged = *defaults;
    merged.place = queue.place;
  }
  for (auto& member : merged.members) {
    const ConfigNode* base = defaults->find(member.key);
    const bool isStage = member.key == "source" || member.key == "planner";
    if (!isStage || !base || !base->isMap()) continue;
    if (const ConfigNode* own = queue.find("source");
        member.key == "source" && own && isManual(*own))
      member.value = *own;
    if (!member.value.isList()) continue;
    for (auto& item : member.value.items)
      if (member.key != "source" || !isManual(item)) item = deepMerge(*base, item);
  }
  return merged;
}

std::string textOf(const ConfigNode& queue) {
  std::vector<std::pair<std::string, std::string>> secrets;
  return nodeToJson(queue, secrets);
}

/// The source of the built-in configuration, as a file would write it.
ConfigNode builtInSource(const Config& config) {
  const SourceConfig& source = config.queues.front().sources.front();
  const auto settings = parseJson(source.settingsJson);
  ConfigNode node = mapOfTexts({{"plugin", source.plugin}}, {});
  node.members.push_back({"settings", {}, mapOfTexts({{"path", textOr(*settings, "path")}}, {})});
  return node;
}

void readQueues(SectionReader& top, const std::filesystem::path& folder, Config& config,
                ConfigProblems& problems) {
  const ConfigNode* defaults = top.section("defaults");
  const ConfigNode* queues = top.section("queues");
  if (!queues) {
    // No queue at all is the built-in one, with the defaults of the file.
    ConfigNode queue = mapOfTexts({}, {});
    if (!defaults || !defaults->find("source"))
      queue.members.push_back({"source", {}, builtInSource(config)});
    queue = mergedQueue(defaults, queue);
    config.queues = {readQueue("default", queue, folder, problems)};
    config.queueTexts["default"] = textOf(queue);
    return;
  }
  config.queues.clear();
  for (const auto& member : queues->members) {
    const ConfigNode merged = mergedQueue(defaults, member.value);
    collectPlaces(merged, "/queues/" + pointerToken(member.key), config.places);
    config.queues.push_back(readQueue(member.key, merged, folder, problems));
    config.queueTexts[member.key] = textOf(merged);
  }
  if (config.queues.empty())
    top.complain(*queues, "queues names no queue; write one, or leave queues out for the default");
}

void readTop(const ConfigNode& root, const std::filesystem::path& folder, Config& config,
             ConfigProblems& problems) {
  SectionReader top(&root, "the configuration", problems);
  readServices(top, folder, config, problems);
  readBlobs(top, folder, config.blobs, problems);
  readPlugins(top, folder, config.plugins, problems);
  readRoles(top, config);
  readWebhooks(top, config.webhooks, problems);
  config.hosts = top.texts("hosts");
  for (const auto& path : top.texts("watch_roots"))
    config.watchRoots.push_back(resolvedPath(folder, path));
  config.lease = top.duration("lease", config.lease);
  if (config.lease < std::chrono::seconds(2))
    top.complain(*top.value("lease"), "lease must be at least 2s");
  config.drainTimeout = top.duration("drain_timeout", config.drainTimeout);
  config.stalledAfter = top.duration("stalled_after", config.stalledAfter);
  config.readOnly = top.flag("read_only", config.readOnly);
  config.locked = readLocked(top);
  top.refuse(
      "tokens",
      "stands below access: write access: {tokens: [{name: NAME, role: admin, file: PATH}]}");
  readAudit(top, config.audit, problems);
  config.access = readAccess(top, folder, problems);
  config.secrets = readSecrets(top, folder, problems);
  readQueues(top, folder, config, problems);
  grantSecrets(config.secrets, config, problems);
  checkTokenQueues(config, problems);
  checkWatchedFolders(config, problems);
  top.finish();
}

}  // namespace

ReadConfig readConfigText(std::string_view text, const std::filesystem::path& file,
                          const std::filesystem::path& workingFolder) {
  ReadConfig read;
  read.config = builtInConfig(workingFolder);
  read.config.file = (workingFolder / file).lexically_normal();
  const ConfigNode root = loadYaml(text, file.string(), read.problems);
  collectPlaces(root, "", read.config.places);
  if (read.problems.empty() || root.isMap())
    readTop(root, read.config.file.parent_path(), read.config, read.problems);
  std::sort(read.problems.begin(), read.problems.end());
  // A mistake below `defaults` is found once for each queue.
  read.problems.erase(std::unique(read.problems.begin(), read.problems.end()), read.problems.end());
  return read;
}

ReadConfig readConfigFile(const std::filesystem::path& file,
                          const std::filesystem::path& workingFolder) {
  try {
    return readConfigText(readFile(workingFolder / file, kMaxFileBytes), file, workingFolder);
  } catch (const std::system_error& e) {
    ReadConfig read;
    read.config = builtInConfig(workingFolder);
    read.problems.push_back({Place{file.string(), 1, 1}, e.what()});
    return read;
  }
}

Result<Roles> parseRoles(std::string_view text) {
  Roles roles{false, false, false, false, false};
  while (true) {
    const auto comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    if (word == "api")
      roles.api = true;
    else if (word == "intake")
      roles.intake = true;
    else if (word == "plan")
      roles.plan = true;
    else if (word == "build")
      roles.build = true;
    else if (word == "upkeep")
      roles.upkeep = true;
    else
      return invalid("\"" + std::string(word) +
                     "\" is not a role; the roles are api, intake, plan, build, upkeep");
    if (comma == std::string_view::npos) return roles;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace planwright
