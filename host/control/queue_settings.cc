#include "control/queue_settings.h"

#include <array>
#include <filesystem>
#include <string_view>

#include <fmt/format.h>

#include "base/json.h"
#include "control/queue_json.h"

namespace planwright {
namespace {

enum class SettingKind { Flag, Count, Folder };

/// One settings key that may be changed while the host runs.
struct SettingKey {
  std::string_view name;
  SettingKind kind;
  bool isFromFile;  ///< has a start value in YAML; the others are only ever changed by people
  std::string_view title;
  std::string_view description;
};

constexpr std::array kSettingKeys = {
    SettingKey{"auto_plan", SettingKind::Flag, true, "Plan automatically",
               "A new stable file is planned at once. Off: it waits for \"Generate plan\"."},
    SettingKey{"auto_build", SettingKind::Flag, true, "Build automatically",
               "A finished plan is built at once. Off: it waits for \"Enqueue build\"."},
    SettingKey{"watch_dir", SettingKind::Folder, true, "Watched folder",
               "Files dropped here become inputs. A change takes effect at once."},
    SettingKey{"plan_workers", SettingKind::Count, true, "Plan workers",
               "Inputs planned at the same time by one host. 0: none."},
    SettingKey{"build_workers", SettingKind::Count, true, "Build workers",
               "Builds open at the same time in one host. 0: none."},
    SettingKey{"job_slots", SettingKind::Count, true, "Job slots",
               "Jobs running at the same time in one host. 0: none."},
    SettingKey{"plan_paused", SettingKind::Flag, false, "Planning paused",
               "Queued inputs stay queued; what runs goes on."},
    SettingKey{"build_paused", SettingKind::Flag, false, "Building paused",
               "Queued plans stay queued; what runs goes on."},
};

constexpr int kLargestSettingCount = 1000;

/// The key of that name, or nullptr.
constexpr const SettingKey* settingKey(std::string_view name) {
  for (const auto& key : kSettingKeys)
    if (key.name == name) return &key;
  return nullptr;
}

}  // namespace

/// A checked patch: the new values as SQL text.
struct QueueSettings::Changes {
  std::map<std::string, std::string, std::less<>> values;
  bool applyToWaiting = false;

  std::optional<std::string> value(std::string_view key) const {
    const auto found = values.find(key);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  }
  bool turnsOn(std::string_view key) const { return value(key) == "t"; }
  /// Of the keys that are changed, as `settings` has them.
  std::string valuesOf(const JsonValue& settings) const {
    JsonWriter json;
    json.object();
    for (const auto& [key, value] : values)
      if (const JsonValue* now = find(settings, key)) json.key(key).value(*now);
    return json.end().take();
  }
  std::string keysJson() const {
    JsonWriter json;
    json.array();
    for (const auto& [key, value] : values)
      if (settingKey(key)->isFromFile) json.value(key);
    return json.end().take();
  }
};

namespace {

/// Members of the view that a client may send back unchanged.
bool isReadOnlyMember(std::string_view name) {
  for (const std::string_view known :
       {"queue", "overridden", "locked", "revision", "changed_by", "changed_at", "enqueued"})
    if (name == known) return true;
  return false;
}

/// The value as SQL text, or what is wrong with it.
Result<std::string> sqlText(const SettingKey& key, const JsonValue& value, const Config& config) {
  switch (key.kind) {
    case SettingKind::Flag:
      if (!value.IsBool()) return invalid("It must be true or false.");
      return std::string(value.GetBool() ? "t" : "f");
    case SettingKind::Count:
      if (!value.IsInt() || value.GetInt() < 0 || value.GetInt() > kLargestSettingCount)
        return invalid(
            fmt::format("It must be a whole number from 0 to {}.", kLargestSettingCount));
      return std::to_string(value.GetInt());
    case SettingKind::Folder: {
      if (!value.IsString()) return invalid("It must be the path of a folder.");
      const std::string_view text(value.GetString(), value.GetStringLength());
      if (text.empty() || text.find('\0') != std::string_view::npos)
        return invalid("It must be the path of a folder.");
      auto path = std::filesystem::absolute(text).lexically_normal();
      if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();
      if (const auto problem = watchDirProblem(path.string(), config)) return invalid(*problem);
      return path.string();
    }
  }
  return invalid("It cannot be changed.");
}

bool watchesAFolder(const QueueConfig& queue) {
  for (const auto& source : queue.sources)
    if (source.plugin == "planwright.folder") return true;
  return false;
}

/// Where the file would set that key: a JSON pointer.
std::string pointerOf(const QueueConfig& queue, const std::string& key) {
  if (key == "watch_dir") {
    for (const auto& source : queue.sources)
      if (source.plugin == "planwright.folder") return source.pointer + "/settings/path";
    return queue.pointer + "/source";
  }
  if (key == "plan_workers")
    return (queue.planners.empty() ? queue.pointer + "/planner" : queue.planners[0].pointer) +
           "/workers";
  if (key == "build_workers") return queue.pointer + "/builder/workers";
  if (key == "job_slots") return queue.pointer + "/builder/job_slots";
  return queue.pointer + "/" + key;
}

/// Where the file sets that key of the queue, else where it locks it.
std::string placeOf(const Config& config, const QueueConfig& queue, const std::string& key) {
  const auto exact = config.places.find(pointerOf(queue, key));
  if (exact != config.places.end()) return exact->second.text();
  return config
      .placeOf(queue.locked.contains(key) ? queue.pointer + "/locked" : std::string("/locked"))
      .text();
}

SettingsRefusal fieldRefusal(std::vector<std::pair<std::string, std::string>> fields) {
  Error error = invalid(fields.front().second, fields.front().first);
  error.code = "invalid-settings";
  return {.error = std::move(error), .fields = std::move(fields)};
}

}  // namespace

Result<SettingsView> QueueSettings::get(const std::string& queue) const {
  const auto config = parts_.config.now();
  const QueueConfig* known = config->queue(queue);
  std::vector<std::string_view> locked;
  for (const auto& key : kSettingKeys)
    if (known && config->isLocked(*known, std::string(key.name))) locked.push_back(key.name);
  const Rows rows = parts_.database.lease()->run("api_settings", {queue});
  if (rows.empty()) return notFound(fmt::format("There is no queue {}.", queue));
  const Row row(rows, 0);
  return SettingsView{.json = settingsJson(row, locked), .etag = std::string(row.text("revision"))};
}

std::optional<SettingsRefusal> QueueSettings::read(const std::string& body, const Config& config,
                                                   const QueueConfig& queue, Changes& changes) {
  const auto document = parseJson(body);
  if (!document) return SettingsRefusal{.error = invalid(document.error().message)};
  if (!document->IsObject())
    return SettingsRefusal{.error = invalid("The body must be a JSON object.")};
  std::vector<std::pair<std::string, std::string>> fields;
  for (const auto& member : document->GetObject()) {
    const std::string name(member.name.GetString(), member.name.GetStringLength());
    const SettingKey* key = settingKey(name);
    if (name == "apply_to_waiting" && member.value.IsBool()) {
      changes.applyToWaiting = member.value.GetBool();
    } else if (!key) {
      if (!isReadOnlyMember(name)) fields.emplace_back("/" + name, "There is no such setting.");
    } else if (config.isLocked(queue, name)) {
      return SettingsRefusal{
          .error = conflict(fmt::format("{} is locked by the configuration file: {}.", name,
                                        placeOf(config, queue, name)),
                            "locked-by-file"),
          .fields = {{"/" + name, "locked at " + placeOf(config, queue, name)}}};
    } else if (key->kind == SettingKind::Folder && !watchesAFolder(queue)) {
      fields.emplace_back("/" + name, "This queue has no folder source.");
    } else {
      auto value = sqlText(*key, member.value, config);
      if (value)
        changes.values[name] = std::move(*value);
      else
        fields.emplace_back("/" + name, value.error().message);
    }
  }
  if (!fields.empty()) return fieldRefusal(std::move(fields));
  return std::nullopt;
}

SettingsRefusal QueueSettings::stale(const SettingsView& now) const {
  SettingsRefusal refusal;
  refusal.error = {ErrorKind::Stale,
                   "The settings have changed since; look at them again and repeat the change.",
                   "settings-changed",
                   {}};
  const auto document = parseJson(now.json);
  refusal.currentEtag = now.etag;
  refusal.changedBy = textOr(*document, "changed_by");
  refusal.changedAt = textOr(*document, "changed_at");
  return refusal;
}

Result<SettingsView> QueueSettings::patch(const SettingsPatch& patch) const {
  const auto config = parts_.config.now();
  const QueueConfig* queue = config->queue(patch.queue);
  auto now = get(patch.queue);
  if (!now) return now.error();
  if (!queue) return notFound(fmt::format("This host has no queue {}.", patch.queue));
  Changes changes;
  if (auto refusal = read(patch.body, *config, *queue, changes)) {
    now->refusal = std::move(refusal);
    return now;
  }
  if (patch.expectedEtag && *patch.expectedEtag != now->etag) {
    now->refusal = stale(*now);
    return now;
  }
  if (!changes.values.empty()) {
    const Rows rows = parts_.database.lease()->run(
        "queue_patch",
        {patch.queue, changes.value("auto_plan"), changes.value("auto_build"),
         changes.value("watch_dir"), changes.value("plan_workers"), changes.value("build_workers"),
         changes.value("job_slots"), changes.value("plan_paused"), changes.value("build_paused"),
         patch.actor, patch.expectedEtag, changes.keysJson()});
    parts_.bell.ring();
    if (rows.empty()) {  // somebody was quicker
      now = get(patch.queue);
      if (now) now->refusal = stale(*now);
      return now;
    }
  }
  const auto old = parseJson(now->json);
  std::int64_t enqueued = 0;
  if (changes.applyToWaiting && changes.turnsOn("auto_plan"))
    enqueued += actions_.enqueueWaiting(LiveQueue::Stage::Plan, patch.queue, patch.actor);
  if (changes.applyToWaiting && changes.turnsOn("auto_build"))
    enqueued += actions_.enqueueWaiting(LiveQueue::Stage::Build, patch.queue, patch.actor);
  now = get(patch.queue);
  if (!now) return now;
  now->enqueued = enqueued;
  now->before = changes.valuesOf(*old);
  now->after = changes.valuesOf(*parseJson(now->json));
  return now;
}

Result<SettingsView> QueueSettings::pause(const std::string& queue, const std::string& stage,
                                          bool paused, const std::string& actor) const {
  if (stage != "plan" && stage != "build")
    return notFound("The stages of a queue are plan and build.");
  return patch({.queue = queue,
                .body = JsonWriter().object().member(stage + "_paused", paused).end().take(),
                .expectedEtag = {},
                .actor = actor});
}

std::string QueueSettings::schemaJson() {
  JsonWriter json;
  json.object()
      .member("$schema", "https://json-schema.org/draft/2020-12/schema")
      .member("title", "Settings of a queue")
      .member("type", "object");
  json.key("properties").object();
  for (const auto& key : kSettingKeys) {
    json.key(key.name).object();
    json.member("title", key.title).member("description", key.description);
    switch (key.kind) {
      case SettingKind::Flag:
        json.member("type", "boolean");
        break;
      case SettingKind::Count:
        json.member("type", "integer").member("minimum", 0).member("maximum", kLargestSettingCount);
        break;
      case SettingKind::Folder:
        json.member("type", "string").member("minLength", 1);
        break;
    }
    json.end();
  }
  return json.end().end().take();
}

Result<std::string> QueueSettings::sourcesJson(const std::string& queue) const {
  const auto config = parts_.config.now();
  const QueueConfig* known = config->queue(queue);
  const Rows rows = parts_.database.lease()->run("api_settings", {queue});
  if (!known || rows.empty()) return notFound(fmt::format("There is no queue {}.", queue));
  const Row row(rows, 0);
  const auto values = parseJson(settingsJson(row, {}));
  const auto overrides = parseJson(row.text("overrides"));
  JsonWriter json;
  json.object();
  for (const auto& key : kSettingKeys) {
    if (!key.isFromFile) continue;
    const std::string name(key.name);
    const auto place = config->places.find(pointerOf(*known, name));
    const bool isInFile = place != config->places.end() && !place->second.isBuiltIn();
    const JsonValue* changed = find(*overrides, name);
    json.key(name).object();
    if (const JsonValue* value = find(*values, name)) json.key("value").value(*value);
    json.member("source", changed ? "api" : isInFile ? "file" : "default");
    json.member("locked", config->isLocked(*known, name));
    if (isInFile) json.member("file", place->second.file).member("line", place->second.line);
    if (changed) {
      json.member("changed_by", textOr(*changed, "by"));
      json.member("changed_at", textOr(*changed, "at"));
    }
    json.end();
  }
  return json.end().take();
}

}  // namespace planwright
