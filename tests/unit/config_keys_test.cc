#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "config/config_reader.h"

namespace planwright::config_keys_test {
namespace {

ReadConfig read(const std::string& text) {
  return readConfigText(text, "team.yaml", "/srv");
}

/// The sections of a file: @ stands for a key and its value.
const std::map<std::string, std::string> kSections = {
    {"the configuration", "{@}"},
    {"listen", "listen: {@}"},
    {"metrics_listen", "metrics_listen: {@}"},
    {"access", "access: {@}"},
    {"an entry of access/tokens", "access: {tokens: [{@}]}"},
    {"audit", "audit: {@}"},
    {"webhooks", "webhooks: {@}"},
    {"blobs", "blobs: {@}"},
    {"plugins", "plugins: {@}"},
    {"quarantine", "plugins: {quarantine: {@}}"},
    {"secret S", "secrets: {S: {@}}"},
    {"queue \"q\"", "{secrets: {S: {env: S}}, queues: {q: {@}}}"},
    {"retry", "queues: {q: {retry: {@}}}"},
    {"budgets", "queues: {q: {retry: {budgets: {@}}}}"},
    {"backoff", "queues: {q: {retry: {backoff: {@}}}}"},
    {"reload", "queues: {q: {reload: {@}}}"},
    {"prune", "queues: {q: {prune: {@}}}"},
    {"source of queue \"q\"", "{secrets: {S: {env: S}}, queues: {q: {source: {plugin: p, @}}}}"},
    {"planner of queue \"q\"", "{secrets: {S: {env: S}}, queues: {q: {planner: {plugin: p, @}}}}"},
    {"builder of queue \"q\"", "{secrets: {S: {env: S}}, queues: {q: {builder: {plugin: p, @}}}}"},
    {"limits", "queues: {q: {builder: {limits: {@}}}}"},
    {"worker_sandbox", "queues: {q: {planner: {plugin: p, worker_sandbox: {@}}}}"}};

struct Key {
  std::string section, key, value;
};

/// Every key that a file may hold, with a value that is not its default.
std::vector<Key> allKeys() {
  std::vector<Key> keys = {{"the configuration", "listen", "'[::1]:1'"},
                           {"the configuration", "metrics_listen", "'[::1]:2'"},
                           {"the configuration", "data", "d"},
                           {"the configuration", "postgres", "postgresql://h/d"},
                           {"the configuration", "redis", "redis://h:1/0"},
                           {"the configuration", "blobs", "{folder: b}"},
                           {"the configuration", "plugins", "{path: [p]}"},
                           {"the configuration", "roles", "[plan]"},
                           {"the configuration", "hosts", "[a.example]"},
                           {"the configuration", "watch_roots", "[w]"},
                           {"the configuration", "lease", "3s"},
                           {"the configuration", "drain_timeout", "3s"},
                           {"the configuration", "stalled_after", "3s"},
                           {"the configuration", "read_only", "true"},
                           {"the configuration", "locked", "[auto_plan]"},
                           {"the configuration", "secrets", "{A: {env: A}}"},
                           {"the configuration", "defaults", "{auto_build: true}"},
                           {"the configuration", "queues", "{other: {}}"},
                           {"the configuration", "access", "{mode: none}"},
                           {"the configuration", "webhooks", "{allow: [10.0.0.0/8]}"},
                           {"webhooks", "allow", "[127.0.0.1, 'fd00::/8']"},
                           {"access", "mode", "none"},
                           {"access", "requests_per_minute", "7"},
                           {"access", "tokens", "[{name: a, role: viewer, env: A}]"},
                           {"an entry of access/tokens", "name", "b"},
                           {"an entry of access/tokens", "role", "admin"},
                           {"an entry of access/tokens", "queues", "[default]"},
                           {"an entry of access/tokens", "file", "f"},
                           {"an entry of access/tokens", "env", "E"},
                           {"the configuration", "audit", "{keep: 2d}"},
                           {"audit", "keep", "2d"},
                           {"blobs", "folder", "b"},
                           {"blobs", "grace", "3h"},
                           {"plugins", "path", "[p]"},
                           {"plugins", "require_lock", "true"},
                           {"plugins", "quarantine", "{deaths: 5}"},
                           {"quarantine", "deaths", "5"},
                           {"quarantine", "window", "1h"},
                           {"secret S", "file", "f"},
                           {"secret S", "env", "E"},
                           {"queue \"q\"", "auto_plan", "false"},
                           {"queue \"q\"", "auto_build", "true"},
                           {"queue \"q\"", "source", "{plugin: p}"},
                           {"queue \"q\"", "planner", "{plugin: p}"},
                           {"queue \"q\"", "builder", "{plugin: p}"},
                           {"queue \"q\"", "retry", "{attempts: 7}"},
                           {"queue \"q\"", "reload", "{canary: 7}"},
                           {"queue \"q\"", "prune", "{keep_last: 7}"},
                           {"queue \"q\"", "locked", "[auto_plan]"},
                           {"queue \"q\"", "nudge_secret", "S"},
                           {"queue \"q\"", "isolation", "process"},
                           {"queue \"q\"", "limits", "{memory: 1GiB}"},
                           {"queue \"q\"", "worker_sandbox", "{profile: strict}"},
                           {"retry", "attempts", "7"},
                           {"retry", "poison_after", "7"},
                           {"retry", "budgets", "{bug: 7}"},
                           {"retry", "backoff", "{factor: 7}"},
                           {"budgets", "failed", "7"},
                           {"budgets", "timeout", "7"},
                           {"budgets", "limit", "7"},
                           {"budgets", "bug", "7"},
                           {"backoff", "first", "7s"},
                           {"backoff", "factor", "7"},
                           {"backoff", "max", "7s"},
                           {"backoff", "jitter", "0.7"},
                           {"reload", "canary", "7"},
                           {"reload", "compare", "true"},
                           {"reload", "drain_timeout", "7s"},
                           {"reload", "rollback_window", "7s"},
                           {"prune", "inputs", "7d"},
                           {"prune", "plans", "7d"},
                           {"prune", "cache", "7d"},
                           {"prune", "cache_size", "7GiB"},
                           {"prune", "keep_last", "7"},
                           {"source of queue \"q\"", "pattern", "'*.txt'"},
                           {"source of queue \"q\"", "ignore", "['*.bak']"},
                           {"source of queue \"q\"", "stable_for", "7s"},
                           {"source of queue \"q\"", "on_overwrite", "latest"},
                           {"source of queue \"q\"", "max_bytes", "7MiB"},
                           {"source of queue \"q\"", "weight", "7"},
                           {"source of queue \"q\"", "deadline", "7s"},
                           {"source of queue \"q\"", "silence_timeout", "7s"},
                           {"source of queue \"q\"", "worker_sandbox", "{profile: none}"},
                           {"planner of queue \"q\"", "match", "'*.txt'"},
                           {"planner of queue \"q\"", "workers", "7"},
                           {"planner of queue \"q\"", "deadline", "7s"},
                           {"planner of queue \"q\"", "silence_timeout", "7s"},
                           {"builder of queue \"q\"", "workers", "7"},
                           {"builder of queue \"q\"", "job_slots", "7"},
                           {"builder of queue \"q\"", "cpus", "7"},
                           {"builder of queue \"q\"", "memory", "7GiB"},
                           {"builder of queue \"q\"", "cache_failures", "7s"},
                           {"builder of queue \"q\"", "deadline", "7s"},
                           {"builder of queue \"q\"", "silence_timeout", "7s"},
                           {"builder of queue \"q\"", "log_bytes", "7MiB"},
                           {"builder of queue \"q\"", "log_rest", "true"},
                           {"planner of queue \"q\"", "worker_sandbox", "{profile: strict}"},
                           {"builder of queue \"q\"", "worker_sandbox", "{profile: strict}"},
                           {"worker_sandbox", "profile", "strict"},
                           {"worker_sandbox", "network", "true, profile: strict"},
                           {"limits", "memory", "7GiB"},
                           {"limits", "cpu", "7s"},
                           {"limits", "files", "77"},
                           {"limits", "output", "7GiB"},
                           {"limits", "processes", "77"},
                           {"limits", "file_size", "7GiB"},
                           {"limits", "disk", "7GiB"}};
  for (const char* stage : {"source", "planner", "builder"})
    for (const auto& [key, value] :
         {std::pair{"settings", "{a: 1}"}, std::pair{"isolation", "process"},
          std::pair{"limits", "{memory: 1GiB}"}, std::pair{"secrets", "[S]"}})
      keys.push_back({std::string(stage) + " of queue \"q\"", key, value});
  for (const char* stage : {"source", "planner"})
    for (const auto& [key, value] : {std::pair{"sandbox", "require"}, std::pair{"network", "true"},
                                     std::pair{"readable", "[r]"}})
      keys.push_back({std::string(stage) + " of queue \"q\"", key, value});
  for (const char* section : {"listen", "metrics_listen"})
    for (const auto& [key, value] :
         {std::pair{"unix", "/run/x.sock"}, std::pair{"mode", "0660"}, std::pair{"group", "g"}})
      keys.push_back({section, key, value});
  return keys;
}

std::string fileWith(const std::string& section, const std::string& keyAndValue) {
  std::string text = kSections.at(section);
  return text.replace(text.find('@'), 1, keyAndValue);
}

/// What a file says, not how it says it.
Config valuesOf(const std::string& text) {
  ReadConfig got = read(text);
  EXPECT_TRUE(got.ok()) << text << "\n" << (got.ok() ? "" : got.problems[0].text());
  got.config.places.clear();
  got.config.queueTexts.clear();
  return std::move(got.config);
}

/// What the section must have besides.
std::string othersOf(const std::string& section, const std::string& key) {
  if (section.ends_with("listen") && key != "unix") return "unix: /run/x.sock, ";
  if (section != "an entry of access/tokens") return "";
  std::string others;
  if (key != "name") others += "name: a, ";
  if (key != "role") others += "role: viewer, ";
  if (key != "file" && key != "env") others += "env: A, ";
  return others;
}

/// What stands there instead of the key; a secret is always somewhere.
std::string withoutKey(const std::string& section, const std::string& key) {
  if (section == "an entry of access/tokens") {
    if (key == "name") return "name: other";
    if (key == "role") return "role: viewer";
    if (key == "queues") return "";
  } else if (section.ends_with("listen") && key == "unix") {
    return "unix: /run/other.sock";
  } else if (section != "secret S") {
    return "";
  }
  return key == "env" ? "file: other" : "env: OTHER";
}

TEST(ConfigKeys, EveryKeyChangesWhatIsRead) {
  for (const auto& [section, key, value] : allKeys()) {
    const std::string with = othersOf(section, key) + key + ": " + value;
    const std::string without = othersOf(section, key) + withoutKey(section, key);
    EXPECT_FALSE(valuesOf(fileWith(section, with)) == valuesOf(fileWith(section, without)))
        << key << " of " << section << " changes nothing";
  }
}

/// The reader itself tells which keys it takes.
TEST(ConfigKeys, TheTableHasEveryKeyThatTheReaderTakes) {
  std::map<std::string, std::set<std::string>> tested;
  for (const auto& key : allKeys()) tested[key.section].insert(key.key);
  for (const auto& [section, text] : kSections) {
    if (text.find("plugin: p, @") != text.npos) tested[section].insert("plugin");
    const std::string before = "unknown key \"xxxxxxxxxxxx\" in " + section + "; the keys are ";
    std::string known;
    for (const auto& problem : read(fileWith(section, "xxxxxxxxxxxx: 1")).problems)
      if (problem.message.starts_with(before)) known = problem.message.substr(before.size());
    ASSERT_FALSE(known.empty()) << section;
    std::set<std::string> taken;
    for (std::size_t at = 0; at < known.size();) {
      const auto end = std::min(known.find(", ", at), known.size());
      taken.insert(known.substr(at, end - at));
      at = end + 2;
    }
    if (section == "budgets")
      for (const char* refused : {"infra", "rejected", "config", "cancelled"}) taken.erase(refused);
    if (section == "worker_sandbox" || section == "limits") taken.erase("");
    EXPECT_EQ(taken, tested[section]) << section;
  }
}

std::string problemsOf(const std::string& text) {
  std::string all;
  for (const auto& problem : read(text).problems) all += problem.text() + "\n";
  return all;
}

TEST(ConfigKeys, WhatThisVersionDoesNotHaveIsRefusedWithARemedyAtItsPlace) {
  EXPECT_EQ(problemsOf(R"(tokens: {ci: {file: t}}
blobs:
  s3: {endpoint: e, bucket: b}
plugins: {allow_unsigned: false}
queues:
  q:
    source: {plugin: planwright.folder, workers: 1, worker_sandbox: {profile: strict}, limits: {output: 1GiB}}
    planner: {plugin: "org.example.wheels@^1.2", sanitize: address, limits: {output: 1GiB}}
    builder: {plugin: planwright.command, version: "1.0.0", worker_sandbox: {network: true}}
)"),
            "team.yaml:1:9: tokens stands below access: write access: {tokens: [{name: NAME, role: "
            "admin, file: PATH}]}\n"
            "team.yaml:3:7: s3 is not supported by this version; write folder: PATH, which several "
            "hosts may share by a network file system\n"
            "team.yaml:4:27: allow_unsigned is not supported by this version: plugins have no "
            "signatures; require_lock: true loads none but those of plugins.lock\n"
            "team.yaml:7:50: workers means nothing: one host at a time asks a source; remove it\n"
            "team.yaml:7:79: strict is not for sources: they read what people drop, which a "
            "sandbox would hide\n"
            "team.yaml:7:105: output is a limit of jobs; write it in the builder\n"
            "team.yaml:8:23: a version after @ means nothing; write plugin: org.example.wheels, "
            "and to allow certain versions only, use plugins.lock (plugins: {require_lock: true})\n"
            "team.yaml:8:60: sanitize is not supported by this version; build the plugin itself "
            "with the sanitizer\n"
            "team.yaml:8:86: output is a limit of jobs; write it in the builder\n"
            "team.yaml:9:52: version means nothing: a queue runs what `planwright plugin reload` "
            "put in force; to allow certain versions only, use plugins.lock (plugins: "
            "{require_lock: true})\n"
            "team.yaml:9:87: without a sandbox the network is there; write profile: strict, or "
            "remove network\n");
}

TEST(ConfigKeys, WhatAQueueSaysForAllItsStagesReachesThoseItIsFor) {
  const ReadConfig got = read(R"(queues:
  q:
    limits: {memory: 1GiB, disk: 2GiB, output: 3GiB}
    isolation: process
    worker_sandbox: {profile: strict}
    source: {plugin: planwright.folder, settings: {path: a}}
)");
  ASSERT_TRUE(got.ok()) << got.problems[0].text();
  const QueueConfig& queue = got.config.queues[0];
  EXPECT_EQ(queue.sources[0].limits.memoryBytes, 1 << 30);
  EXPECT_EQ(queue.sources[0].limits.diskBytes, std::int64_t{2} << 30);
  EXPECT_EQ(queue.sources[0].workerSandbox.profile, "auto");
  ASSERT_EQ(queue.planners.size(), 2u) << "the built-in ones";
  EXPECT_EQ(queue.planners[1].isolation, "process");
  EXPECT_EQ(queue.planners[1].workerSandbox.profile, "strict");
  EXPECT_EQ(queue.planners[1].limits.memoryBytes, 1 << 30);
  EXPECT_EQ(queue.builder.limits.diskBytes, std::int64_t{2} << 30);
  EXPECT_EQ(read("defaults: {isolation: process}").config.queues[0].sources[0].isolation,
            "process");
}

TEST(ConfigKeys, AQueueOfUploadsTakesNoKeyOfWhatLooksForFiles) {
  EXPECT_EQ(problemsOf(R"(defaults: {source: {stable_for: 5s}}
queues:
  good:
    isolation: process
    source: {plugin: planwright.manual, max_bytes: 1MiB, on_overwrite: latest}
  bad:
    source: [{plugin: planwright.manual, pattern: "*.txt"}]
)"),
            "team.yaml:7:51: pattern means nothing for uploads (planwright.manual), which have "
            "max_bytes and on_overwrite; remove it\n");
}

TEST(ConfigKeys, APatternThatCannotFitIsRefused) {
  EXPECT_EQ(
      problemsOf(R"(queues:
  q:
    source: {plugin: p, pattern: "[a-"}
    planner: [{plugin: p, match: "*.[z-a]"}, {plugin: p, match: ""}, {plugin: p, match: "[!a-z][]]"}]
)"),
      "team.yaml:3:34: pattern: \"[a-\" has a [ that no ] closes; write [[] for the character "
      "itself\n"
      "team.yaml:4:34: match: \"*.[z-a]\" has a range that ends before it begins; write the "
      "smaller end first\n"
      "team.yaml:4:65: match: the pattern is empty, so it fits no name; write * for every "
      "name\n");
}

std::string twoSources(const std::string& one, const std::string& other) {
  return problemsOf("queues:\n  a:\n    source: {plugin: planwright.folder, " + one +
                    "}\n  b:\n    source: {plugin: planwright.folder, " + other + "}\n");
}

TEST(ConfigKeys, TwoQueuesMayNotTakeTheSameFilesOfAFolder) {
  EXPECT_EQ(twoSources("settings: {path: /srv/drop}", "settings: {path: /srv/drop/}"),
            "team.yaml:5:58: queue \"a\" watches /srv/drop too (team.yaml:3:58), so a file there "
            "would be taken twice; write another folder, or patterns that no name fits both, such "
            "as *.txt and *.yaml\n");
  const auto isRefused = [](const std::string& one, const std::string& other) {
    return !twoSources(one, other).empty();
  };
  EXPECT_TRUE(isRefused("settings: {path: /a, recursive: true}", "settings: {path: /a/b}"));
  EXPECT_TRUE(isRefused("settings: {path: /a/b}", "settings: {path: /a, recursive: true}"));
  EXPECT_TRUE(isRefused("pattern: '*.txt', settings: {path: /a}",
                        "pattern: 'requirements*.txt', settings: {path: /a}"));
  EXPECT_FALSE(isRefused("settings: {path: /a}", "settings: {path: /a/b}"));
  EXPECT_FALSE(isRefused("settings: {path: /a, recursive: true}", "settings: {path: /ab}"));
  EXPECT_FALSE(isRefused("pattern: '*.txt', settings: {path: /a}",
                         "pattern: '*.plan.yaml', settings: {path: /a}"));
  EXPECT_FALSE(
      isRefused("pattern: 'a*', settings: {path: /a}", "pattern: 'b*', settings: {path: /a}"));
}

}  // namespace
}  // namespace planwright::config_keys_test
