#include "support/control_fixture.h"

#include <sstream>

#include <fmt/format.h>

#include "artifacts/build_manifest.h"
#include "store/pg_array.h"

namespace planwright {

namespace {

Config testConfig(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder / "input");
  std::filesystem::create_directories(folder / "elsewhere");
  std::filesystem::create_directories(folder / "data/blobs/logs");
  Config config = builtInConfig(folder);
  config.dataFolder = folder / "data";
  config.file = folder / "team.yaml";
  config.watchRoots = {folder};
  QueueConfig other = config.queues[0];
  other.name = "other";
  other.pointer = "/queues/other";
  other.locked = {"auto_plan"};
  config.places["/queues/other/locked"] = {.file = "team.yaml", .line = 7, .column = 3};
  config.queues.push_back(std::move(other));
  return config;
}

}  // namespace

void ControlFixture::SetUpTestSuite() {
  TestServices::get().useSchema([](const std::string& url) { Database(url).migrate(); });
}

ControlFixture::ControlFixture()
    : config_(testConfig(folder_.path())),
      signingKey_(*SigningKey::open(folder_.path() / "signing.key")),
      database_(TestServices::get().freshDatabase()),
      desk_([this] {
        auto tickets = std::make_unique<MemoryTickets>();
        redis_ = tickets.get();
        return tickets;
      }()) {
  auto connection = database_.lease();
  for (const auto& queue : config_.queues)
    connection->run("queue_configure",
                    {queue.name, false, false, (folder_ / "input").string(), 2, 2, 3, 2, 0});
  instance_ =
      connection->run("instance_start", {"data", "host", 1, "api,plan,build", "1"}).number(0, 0);
  connection->run("store_id");
  host_ = std::make_unique<Host>(Host{live_,
                                      database_,
                                      [] { return std::make_unique<MemoryTickets>(); },
                                      blobs_,
                                      bell_,
                                      membership_,
                                      metrics_,
                                      clock_,
                                      logs_,
                                      {},
                                      {},
                                      {}});
  control_ = std::make_unique<Control>(ControlParts{*host_, desk_, &signingKey_});
}

Rows ControlFixture::sql(const std::string& text) {
  return Connection(database_.url(), Workload::Queries).runText(text);
}

JsonDocument ControlFixture::parsed(const std::string& text) {
  auto document = parseJson(text);
  EXPECT_TRUE(document) << text;
  return std::move(*document);
}

std::int64_t ControlFixture::upload(const std::string& name, const std::string& text,
                                    const std::string& queue) {
  const auto done = control_->actions.upload(
      {.queue = queue, .filename = name, .blob = blobs_.stageBytes(text), .traceId = {}});
  EXPECT_TRUE(done) << done.error().message;
  return done->id;
}

std::int64_t ControlFixture::planInput(std::int64_t input, const std::string& jobsText) {
  auto connection = database_.lease();
  EXPECT_TRUE(control_->actions.enqueuePlan(input, true, "test"));
  const Rows queue = sql(fmt::format("select queue from pending_inputs where id = {}", input));
  const auto ids = PgArray().add(input).take();
  const Rows claim = connection->run("claim_inputs", {ids, instance_, queue.text(0, 0), false});
  EXPECT_EQ(claim.size(), 1U);
  JsonWriter json;
  json.object().key("jobs").array();
  int count = 0;
  std::istringstream names(jobsText);
  for (std::string name, before; names >> name; before = name, ++count) {
    json.object().member("id", name).key("needs").array();
    if (count > 0) json.value(before);
    json.end().end();
  }
  const std::string document = json.end().end().take();
  const StagedBlob blob = blobs_.stageBytes(document);
  const auto text = [](std::string_view one) { return PgArray().add(one).take(); };
  const auto number = [](std::int64_t one) { return PgArray().add(one).take(); };
  const Rows plan = connection->run(
      "finish_planned",
      {ids, number(claim.number(0, "fence")), text(blob.digest.text()), text(R"({"projects":1})"),
       number(count), text("test 1.0"), text(""), text(""), number(blob.sizeBytes), text(document),
       text(blob.digest.text()), queue.text(0, 0), std::nullopt, 0});
  EXPECT_EQ(plan.size(), 1U);
  return plan.number(0, "id");
}

std::int64_t ControlFixture::startBuild(std::int64_t plan) {
  auto connection = database_.lease();
  EXPECT_TRUE(control_->actions.enqueueBuild({.plan = plan, .actor = "test"}));
  const Rows claim =
      connection->run("claim_plans", {PgArray().add(plan).take(), instance_, "default", false});
  EXPECT_EQ(claim.size(), 1U);
  const auto document = parsed(*claim.bytes(0, "content"));
  PgArray builds, plans, fences, names, positions, needs, statuses, attempts;
  int position = 0;
  for (const auto& job : (*find(document, "jobs")).GetArray()) {
    builds.add(claim.number(0, "build_id"));
    plans.add(plan);
    fences.add(claim.number(0, "fence"));
    names.add(std::string_view(textOr(job, "id")));
    needs.add(std::string_view(toJson(*find(job, "needs"))));
    statuses.add(std::string_view(position == 0 ? "running" : "blocked"));
    positions.add(static_cast<std::int64_t>(position++));
    attempts.add(std::int64_t{3});
  }
  connection->run("insert_jobs",
                  {builds.take(), plans.take(), fences.take(), names.take(), positions.take(),
                   needs.take(), statuses.take(), attempts.take(), instance_, "default"});
  return claim.number(0, "build_id");
}

std::string ControlFixture::manifest(std::int64_t plan) {
  const Rows built =
      sql(fmt::format("select p.build_id, p.plan_digest from plans p where p.id = {}", plan));
  const StagedBlob file = blobs_.stageBytes("hello\n");
  const BuildManifest left{
      built.number(0, 0), built.text(0, 1), {{"out", "out", "a", file.digest.text(), 6, 0644}}};
  return blobs_.stageBytes(left.json()).digest.text();
}

void ControlFixture::finishBuild(std::int64_t plan, const std::string& status) {
  const bool isGood = status == "succeeded";
  const std::string digest = isGood ? "'" + manifest(plan) + "'" : "null";
  // The statements of the workers are tested with the workers; here only what they leave behind
  // counts.
  sql(fmt::format(R"(
    update job_attempts a set ended_at = now(), status = '{0}', exit_code = {1}
      from jobs j where j.id = a.job_id and j.plan_id = {2};
    update jobs set status = case when position > 0 and not {3} then 'dep_failed' else '{0}' end, exit_code = {1},
           class = case when {3} then null else 'failed' end, finished_at = now(),
           error = case when {3} then null when position > 0 then 'a failed.' else 'It ended with exit code 1.' end
     where plan_id = {2};
    update builds set status = case when {3} then 'built' else 'failed' end, finished_at = now(), manifest_digest = {4},
           jobs_done = case when {3} then jobs_total else 0 end, error = case when {3} then null else 'a failed.' end,
           reason_code = case when {3} then null else 'job_failed' end
     where plan_id = {2} and status = 'building';
    update plans set status = case when {3} then 'built' else 'failed' end, build_open = false, instance = null,
           error = case when {3} then null else 'a failed.' end, updated_at = now(),
           reason_code = case when {3} then null else 'job_failed' end
     where id = {2})",
                  status, isGood ? 0 : 1, plan, isGood, digest));
}

}  // namespace planwright
