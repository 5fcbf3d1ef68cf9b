#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "artifacts/folder_blobs.h"
#include "intake/postgres_recorder.h"
#include "store/blobs.h"
#include "store/queue_rows.h"
#include "support/eventually.h"
#include "support/services.h"
#include "support/stage_fakes.h"
#include "support/temp_folder.h"
#include "tickets/redis_tickets.h"
#include "workers/host.h"
#include "workers/live_queue.h"

namespace planwright {

/// Everything one queue of a host stands on, over a private Postgres and Redis, with the bundled
/// plugins and programs that are a function of the test's.
class LineFixture : public testing::Test {
 protected:
  LineFixture() {
    TestServices::get().useSchema([](const std::string& url) { Database(url).migrate(); });
    database = std::make_unique<Database>(TestServices::get().freshDatabase());
    redisUrl = TestServices::get().redisUrl();
    folderBlobs = std::move(*FolderBlobs::open(folder / "blobs", "test"));
    blobs = std::make_unique<Blobs>(*database, *folderBlobs, metrics);
    std::filesystem::create_directories(folder / "work");
    std::filesystem::create_directories(folderBlobs->logs());
    logs = std::make_unique<LogWriter>(folderBlobs->logs());
    plugins = std::make_unique<Plugins>(
        PluginOptions{{BINARY_DIR "/plugins"}, folder / "plugins", folder / "stage-work"},
        programs);
    queue.name = "default";
    queue.builder.plugin = "planwright.noop-builder";
    queue.retry.first = std::chrono::milliseconds(1);
    usePlanner("planwright.noop-planner");
    connection = database->dedicated(Workload::Queries);
    QueueRows(*connection).configure({"default", true, false, "", 2, 2, 2});
    membership.become(join("host-a"));
    Config config;
    config.queues = {queue};
    config.stalledAfter = std::chrono::seconds(60);
    liveConfig.replace(std::make_shared<const Config>(std::move(config)));
    host = std::make_unique<Host>(Host{liveConfig, *database, [this] { return tickets(); }, *blobs,
                                       bell, membership, metrics, clock, *logs, folder / "work",
                                       folder / "remote", folder / "sources"});
  }

  std::int64_t join(const std::string& dataId) {
    return connection->run("instance_start", {dataId, "test", 1, "plan", "0"}).number(0, 0);
  }
  void usePlanner(const std::string& plugin, const std::string& settings = "{}") {
    PlannerConfig planner;
    planner.plugin = plugin;
    planner.settingsJson = settings;
    queue.planners = {planner};
  }
  std::unique_ptr<Tickets> tickets() { return std::make_unique<RedisTickets>(redisUrl); }
  /// `queue` as it is now; changes since are a new generation.
  LiveQueue& liveQueue() {
    if (!live) live = std::make_unique<LiveQueue>(queue, plugins);
    if (!(live->now()->config == queue)) live->replace(queue, plugins);
    return *live;
  }
  std::unique_ptr<PostgresRecorder> recorder(NextStage<ClaimedInput>* planning = nullptr) {
    return std::make_unique<PostgresRecorder>(newSourceSession(*database), tickets(), bell,
                                              membership, 3, planning);
  }
  /// Records one file as intake would; gives the new input's id, 0 if nothing changed.
  std::int64_t record(PostgresRecorder& by, const std::string& name, const std::string& content,
                      OverwritePolicy policy = OverwritePolicy::Every) {
    RecordBatch batch;
    batch.queue = "default";
    batch.source = "folder";
    batch.policy = policy;
    batch.files.push_back({name, blobs->stageBytes(content), {}, {}});
    const auto result = by.record(batch);
    if (!result.isHolder || result.outcomes.at(0) == RecordOutcome::Unchanged) return 0;
    return connection->runText("select max(id) from pending_inputs").number(0, 0);
  }
  std::string text(const std::string& sql) {
    const Rows rows = connection->runText(sql);
    return rows.empty() ? "" : rows.text(0, 0);
  }
  bool becomes(const std::string& sql, const std::string& wanted) {
    const bool did = eventually([&] { return text(sql) == wanted; });
    EXPECT_EQ(text(sql), wanted) << sql;
    return did;
  }
  void set(const std::string& assignment) {
    connection->runText("update queues set " + assignment);
  }

  TempFolder folder;
  std::unique_ptr<Database> database;
  std::string redisUrl;
  std::unique_ptr<FolderBlobs> folderBlobs;
  std::unique_ptr<Blobs> blobs;
  std::unique_ptr<LogWriter> logs;
  ScriptedPrograms programs;
  std::shared_ptr<Plugins> plugins;
  QueueConfig queue;
  std::unique_ptr<LiveQueue> live;
  Bell bell;
  Membership membership;
  Metrics metrics;
  SystemClock clock;
  Live<Config> liveConfig{Config{}};
  std::unique_ptr<Host> host;
  std::unique_ptr<Connection> connection;
};

}  // namespace planwright
