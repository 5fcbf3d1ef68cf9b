#include "offline/kept_files.h"

#include <cstdlib>
#include <ostream>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "base/files.h"
#include "base/json.h"
#include "base/signing_key.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestFile = std::size_t{1} << 30;
constexpr const char* kKey = "signing.key";
constexpr const char* kLock = "plugins.lock";
const fs::path kList = fs::path("plugins") / "installed.json";

/// A plugin of the list, as it lies in a data folder and in a backup.
struct KeptPlugin {
  Digest digest;
  fs::path file;  ///< relative
};

std::vector<KeptPlugin> pluginsIn(const fs::path& folder) {
  std::vector<KeptPlugin> plugins;
  if (!fs::exists(folder / kList)) return plugins;
  const auto list = parseJson(readFile(folder / kList));
  const JsonValue* items = list && list->IsObject() ? find(*list, "plugins") : nullptr;
  if (!items || !items->IsArray())
    throw std::runtime_error((folder / kList).string() + " is no list of plugins.");
  for (const auto& item : items->GetArray()) {
    const auto digest = Digest::parse(textOr(item, "digest"));
    const std::string name = textOr(item, "id") + ".so";
    if (!digest || fs::path(name).filename() != name)
      throw std::runtime_error((folder / kList).string() + " names a plugin without a digest.");
    plugins.push_back({*digest, fs::path("plugins") / digest->hex() / name});
  }
  return plugins;
}

void copyOver(const fs::path& from, const fs::path& to, unsigned mode) {
  replaceFile(to, readFile(from, kLargestFile), mode);
}

std::string keyIdOf(const fs::path& file) {
  const auto key = SigningKey::read(file);
  if (!key) throw std::runtime_error(key.error().message);
  return key->publicKey().id();
}

}  // namespace

KeptFiles::KeptFiles(const fs::path& dataFolder, const fs::path& configFile)
    : dataFolder_(dataFolder),
      lockFile_(configFile.empty() ? fs::path() : fs::absolute(configFile).parent_path() / kLock) {}

void KeptFiles::copyTo(const fs::path& backup, BackupInfo& info) const {
  const fs::path key = signingKeyFile(dataFolder_);
  if (fs::exists(key)) {
    info.keyId = keyIdOf(key);
    if (key == dataFolder_ / kKey)
      copyOver(key, backup / kKey, 0600);
    else
      info.keyKeptIn = fs::absolute(key).string();
  }
  for (const auto& plugin : pluginsIn(dataFolder_)) {
    if (digestOfFile(dataFolder_ / plugin.file) != plugin.digest)
      throw std::runtime_error(
          fmt::format("The installed plugin {} is damaged. Install it again: "
                      "planwright plugin install FILE.",
                      (dataFolder_ / plugin.file).string()));
    makeFolder((backup / plugin.file).parent_path(), 0700);
    copyOver(dataFolder_ / plugin.file, backup / plugin.file, 0600);
    ++info.plugins;
  }
  if (info.plugins > 0) copyOver(dataFolder_ / kList, backup / kList, 0600);
  if (!lockFile_.empty() && fs::exists(lockFile_)) copyOver(lockFile_, backup / kLock, 0600);
}

void KeptFiles::check(const fs::path& backup, const BackupInfo& info) {
  const auto plugins = pluginsIn(backup);
  if (static_cast<std::int64_t>(plugins.size()) != info.plugins)
    throw std::runtime_error(
        fmt::format("The backup should hold {} plugins, but has {}. Use "
                    "another backup.",
                    info.plugins, plugins.size()));
  for (const auto& plugin : plugins)
    if (digestOfFile(backup / plugin.file) != plugin.digest)
      throw std::runtime_error((backup / plugin.file).string() +
                               " is damaged. Use another backup.");
  const bool isKeyHere = !info.keyId.empty() && info.keyKeptIn.empty();
  if (isKeyHere && keyIdOf(backup / kKey) != info.keyId)
    throw std::runtime_error((backup / kKey).string() + " is another key. Use another backup.");
}

void KeptFiles::takeFrom(const fs::path& backup, const BackupInfo& info, std::ostream& err) const {
  if (!fs::exists(dataFolder_)) makeFolder(dataFolder_, 0711);
  const fs::path key = signingKeyFile(dataFolder_);
  const bool isKeyHere = !info.keyId.empty() && fs::exists(key);
  if (isKeyHere && keyIdOf(key) == info.keyId) {
    // An earlier try restored it, or it was given to this host already.
  } else if (!info.keyKeptIn.empty()) {
    err << fmt::format(
        "The signing key {} is not in the backup: it was kept in {}. Give it to this "
        "host with PLANWRIGHT_SIGNING_KEY.\n",
        info.keyId, info.keyKeptIn);
  } else if (isKeyHere) {
    err << fmt::format("The signing key {} stays; the one of the backup is {}.\n", key.string(),
                       info.keyId);
  } else if (!info.keyId.empty()) {
    copyOver(backup / kKey, key, 0600);
  }

  for (const auto& plugin : pluginsIn(backup)) {
    makeFolder(dataFolder_ / "plugins", 0711);
    makeFolder((dataFolder_ / plugin.file).parent_path(), 0711);
    copyOver(backup / plugin.file, dataFolder_ / plugin.file, 0444);
  }
  if (info.plugins > 0) copyOver(backup / kList, dataFolder_ / kList, 0600);
  if (!fs::exists(backup / kLock)) return;
  if (lockFile_.empty())
    err << fmt::format("{} is not restored: there is no configuration file to put it beside.\n",
                       (backup / kLock).string());
  else if (!fs::exists(lockFile_))
    copyOver(backup / kLock, lockFile_, 0644);
  else if (readFile(lockFile_) != readFile(backup / kLock))
    err << fmt::format("{} stays as it is; the one of the backup is {}.\n", lockFile_.string(),
                       (backup / kLock).string());
}

}  // namespace planwright
