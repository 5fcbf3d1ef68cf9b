#include "offline/bundle.h"

#include <algorithm>
#include <exception>
#include <map>

#include <fmt/format.h>
#include <sys/utsname.h>

#include "artifacts/archive_writer.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secret_mask.h"
#include "base/url_secrets.h"
#include "config/secret_values.h"
#include "offline/installation.h"

namespace planwright {
namespace {

constexpr std::size_t kLogBytes = std::size_t{1} << 20;

using Files = std::map<std::string, std::string>;

/// Each on its own: one that cannot be read is in no file of ours either.
void addSource(SecretMask& mask, const std::string& name, const SecretSource& source) {
  if (const auto value = readSecretValues({{name, source}})) mask.add(value->begin()->second);
}

/// Every secret that this host knows, but those of URLs.
SecretMask secretsOf(const Config& config, Installation& installation) {
  SecretMask mask;
  for (const auto& [name, source] : config.secrets) addSource(mask, name, source);
  for (const auto& token : config.access.tokens) addSource(mask, token.caller.name, token.source);
  for (const auto& queue : config.queues)
    for (const auto& [name, source] : queue.nudgeSecret) addSource(mask, name, source);
  addSource(mask, "token", {installation.dataFolder() / "token", {}});
  const Rows rows = installation.database().lease()->run("bundle_secrets");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string secret = rows.text(i, "secret");
    mask.add(secret);
    mask.add(secret.substr(secret.find('_') + 1));
  }
  return mask;
}

/// Without what stands between USER: and @ of the URLs in it.
std::string withoutPasswords(std::string text) {
  constexpr std::string_view kScheme = "://";
  for (auto at = text.find(kScheme); at != std::string::npos; at = text.find(kScheme, at)) {
    at += kScheme.size();
    const auto end = std::min(text.find_first_of("/?# \t\n\r\"'<>,", at), text.size());
    const auto sign = text.substr(at, end - at).rfind('@');
    if (sign == std::string::npos) continue;
    const auto colon = text.substr(at, sign).find(':');
    if (colon != std::string::npos) text.replace(at + colon + 1, sign - colon - 1, "***");
  }
  return text;
}

/// The rows as lines of "column=value".
std::string table(Connection& connection, const char* statement,
                  std::initializer_list<const char*> columns) {
  const Rows rows = connection.run(statement);
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const char* column : columns) text += fmt::format("{}={}  ", column, rows.text(i, column));
    text += '\n';
  }
  return text;
}

/// The end of the log, from the beginning of a line on.
std::string logTail(const std::filesystem::path& file) {
  std::string text;
  for (const auto& each : {log::olderFile(file), file}) {
    std::error_code error;
    if (std::filesystem::exists(each, error)) text += readFile(each);
  }
  if (text.size() <= kLogBytes) return text;
  text.erase(0, text.size() - kLogBytes);
  return text.substr(text.find('\n') + 1);
}

std::string configText(const Config& config) {
  return config.file.empty() ? "# There is no file: the built-in configuration.\n"
                             : readFile(config.file);
}

std::string versions(Connection& connection) {
  utsname machine{};
  ::uname(&machine);
  return fmt::format("planwright {}\n{} {} {}\n", PLANWRIGHT_VERSION, machine.sysname,
                     machine.release, machine.machine) +
         table(connection, "bundle_server", {"version", "max_connections", "size"});
}

Files collect(const Config& config, Installation& installation, const BundleNotes& notes) {
  auto connection = installation.database().lease();
  Files files;
  files["versions.txt"] = versions(*connection);
  files["planwright.yaml"] = configText(config);
  for (const auto& [name, text] : config.queueTexts) files["queues/" + name + ".json"] = text;
  files["doctor.json"] = notes.examination;
  files["metrics.txt"] = notes.metrics(installation.dataFolder());
  files["log.txt"] = logTail(log::fileOf(installation.dataFolder()));
  files["migrations.txt"] = table(*connection, "bundle_migrations", {"name", "at"});
  files["tables.txt"] =
      table(*connection, "bundle_columns", {"table_name", "row_estimate", "bytes", "columns"});
  files["counts.txt"] = table(*connection, "bundle_counts", {"queue", "what", "status", "count"});
  return files;
}

std::string packed(const Files& files) {
  std::string bytes;
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(SystemClock().now().time_since_epoch());
  ArchiveWriter archive(ArchiveFormat::TarGz, now.count(),
                        [&](std::string_view piece) { bytes += piece; });
  for (const auto& [name, text] : files) {
    const UniqueFd content = memoryFile(text);
    archive.add("planwright-report/" + name, 0600, static_cast<std::int64_t>(text.size()),
                content.get());
  }
  archive.finish();
  return bytes;
}

}  // namespace

void writeBundle(const Config& config, const BundleNotes& notes,
                 const std::filesystem::path& file) {
  Installation installation(config);
  const SecretMask secrets = secretsOf(config, installation);
  const SecretMask postgres = maskOfUrl(config.postgresUrl), redis = maskOfUrl(config.redisUrl);
  Files files = collect(config, installation, notes);
  for (auto& [name, text] : files)
    text = withoutPasswords(redis.without(postgres.without(secrets.without(text))));
  replaceFile(file, packed(files), 0600);
}

}  // namespace planwright
