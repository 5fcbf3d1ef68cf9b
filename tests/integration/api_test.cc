#include <fmt/format.h>
#include <gmock/gmock.h>

#include "support/api_fixture.h"
#include "support/log_files.h"
#include "support/openapi_checker.h"

namespace planwright::api_test {
namespace {

using testing::HasSubstr;

/// Every answer that goes through json() or problemOf() is compared with the OpenAPI document.
class Api : public ApiFixture {
 protected:
  static std::string path(const std::string& pattern, std::int64_t id) {
    return fmt::format(fmt::runtime(pattern), id);
  }
  /// An input with a plan of two jobs that was built with that result; gives the plan.
  std::int64_t builtPlan(const std::string& status) {
    const auto plan = planInput(upload(fmt::format("{}.txt", ++count_), "x"), "a b");
    build_ = startBuild(plan);
    finishBuild(plan, status);
    return plan;
  }
  std::int64_t firstJob(std::int64_t plan) {
    const auto jobs = json(200, path("GET /api/plans/{}/jobs", plan));
    return numberOr((*find(jobs, "items"))[0], "id", 0);
  }
  std::int64_t build_ = 0;
  int count_ = 0;
};

TEST_F(Api, TellsWhatDiffersBetweenTwoPlans) {
  const auto first = planInput(upload("a.txt", "x"), "a b");
  const auto second = planInput(upload("b.txt", "y"), "a c");
  const auto answer = json(200, fmt::format("GET /api/plans/{}/diff?to={}", first, second));
  const JsonValue& diff = *find(answer, "diff");
  EXPECT_FALSE(boolOr(diff, "same", true));
  EXPECT_EQ(toJson(*find(diff, "added")), R"(["c"])");
  EXPECT_EQ(toJson(*find(diff, "removed")), R"(["b"])");
  EXPECT_TRUE(boolOr(*find(json(200, path("GET /api/plans/{0}/diff?to={0}", first)), "diff"),
                     "same", false));
  problemOf(400, path("GET /api/plans/{}/diff", first));
  problemOf(400, path("GET /api/plans/{}/diff?to=x", first));
  EXPECT_EQ(problemOf(404, path("GET /api/plans/{}/diff?to=999", first)), "not-found");
}

TEST_F(Api, UploadsAFileAsTheBody) {
  const auto answer =
      request("POST /api/pending-inputs?filename=team%2Freq.txt", "flask\n",
              "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n");
  ASSERT_EQ(answer.status, 201) << answer.body;
  const auto item = parsed(answer.body);
  EXPECT_EQ(textOr(item, "filename"), "team/req.txt");
  EXPECT_EQ(textOr(item, "trace_id"), "4bf92f3577b34da6a3ce929d0e0e4736");
  const auto id = numberOr(item, "id", 0);
  EXPECT_EQ(answer.header("Location"), path("/api/pending-inputs/{}", id));
  EXPECT_EQ(
      numberOr(json(200, "POST /api/pending-inputs?filename=team%2Freq.txt", "flask\n"), "id", 0),
      id);
  const auto content = request(path("GET /api/pending-inputs/{}/content", id));
  EXPECT_EQ(content.body, "flask\n");
  EXPECT_EQ(content.header("ETag"), '"' + textOr(item, "digest") + '"');
  EXPECT_THAT(content.header("Content-Disposition"), HasSubstr("req.txt"));
}

TEST_F(Api, SaysOfWhatWasPrunedThatItIsGone) {
  const auto old = builtPlan("succeeded");
  const auto kept = builtPlan("succeeded");
  const auto job = firstJob(old);
  sql(
      fmt::format("delete from job_attempts where job_id in (select id from jobs where plan_id = "
                  "{0}); delete from jobs where plan_id = {0}; delete from builds where plan_id = "
                  "{0}; delete from plans where id = {0}; delete from pending_inputs where id = "
                  "(select min(id) from pending_inputs)",
                  old));
  for (const std::string& line :
       {path("GET /api/plans/{}", old), path("GET /api/plans/{}/jobs", old),
        path("GET /api/plans/{}/artifact", old), path("GET /api/plans/{}/explain", old),
        path("GET /api/builds/{}", build_ - 1), path("GET /api/jobs/{}", job),
        path("GET /api/jobs/{}/log", job), std::string("GET /api/pending-inputs/1")})
    EXPECT_EQ(problemOf(410, line), "pruned") << line;
  json(200, path("GET /api/plans/{}", kept));
  EXPECT_EQ(problemOf(404, path("GET /api/plans/{}", kept + 1)), "not-found") << "never was";
}

TEST_F(Api, UploadsAFileAsAFormPart) {
  const std::string body =
      "--xyz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhi\r\n"
      "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\\\dir\\\\a.txt\"\r\n"
      "Content-Type: text/plain\r\n\r\nline\r\n--xy\r\n\r\n--xyz--\r\n";
  const auto item = json(201, "POST /api/pending-inputs", body,
                         "Content-Type: multipart/form-data; boundary=xyz\r\n");
  EXPECT_EQ(textOr(item, "filename"), "a.txt");
  EXPECT_EQ(request(path("GET /api/pending-inputs/{}/content", numberOr(item, "id", 0))).body,
            "line\r\n--xy\r\n");
}

TEST_F(Api, RefusesUploadsThatAreNone) {
  EXPECT_EQ(problemOf(400, "POST /api/pending-inputs", "x"), "invalid");
  EXPECT_EQ(problemOf(400, "POST /api/pending-inputs?filename=..%2Fx", "x"), "invalid");
  EXPECT_EQ(problemOf(404, "POST /api/pending-inputs?filename=x&queue=none", "x"), "not-found");
  EXPECT_EQ(problemOf(400, "POST /api/pending-inputs",
                      "--xyz\r\nContent-Disposition: form-data; name=\"file\"; "
                      "filename=\"\xFC.txt\"\r\n\r\nx\r\n--xyz--\r\n",
                      "Content-Type: multipart/form-data; boundary=xyz\r\n"),
            "invalid");
  EXPECT_EQ(problemOf(400, "POST /api/pending-inputs?filename=x", "x", "Idempotency-Key: \xFC\r\n"),
            "bad-request");
  EXPECT_EQ(
      problemOf(415, "POST /api/pending-inputs?filename=x", "x", "Content-Encoding: gzip\r\n"),
      "unsupported-media-type");
  EXPECT_EQ(problemOf(400, "POST /api/pending-inputs?filename=x", "--a\r\n\r\nb",
                      "Content-Type: multipart/form-data; boundary=a\r\n"),
            "invalid");
}

TEST_F(Api, GeneratePlanAnswersAsTheContractSays) {
  const auto id = upload("a.txt", "1");
  const auto done = json(202, path("POST /api/pending-inputs/{}/enqueue-plan", id));
  EXPECT_EQ(textOr(done, "queue"), "plan_queue");
  EXPECT_EQ(numberOr(done, "position", 0), 1);
  EXPECT_TRUE(boolOr(*find(done, "pending_input"), "queued", false));
  json(200, path("POST /api/pending-inputs/{}/enqueue-plan", id), "{}");
  EXPECT_EQ(problemOf(404, "POST /api/pending-inputs/999/enqueue-plan"), "not-found");
  EXPECT_EQ(problemOf(404, "POST /api/pending-inputs/abc/enqueue-plan"), "not-found");
  EXPECT_EQ(problemOf(422, path("POST /api/pending-inputs/{}/enqueue-plan", id), R"({"force":1})"),
            "invalid");
  EXPECT_EQ(problemOf(400, path("POST /api/pending-inputs/{}/enqueue-plan", id), "[1]"), "invalid");
  planInput(id, "a");
  EXPECT_EQ(problemOf(409, path("POST /api/pending-inputs/{}/enqueue-plan", id)),
            "already-planned");
  json(202, path("POST /api/pending-inputs/{}/enqueue-plan", id), R"({"force":true})");
}

TEST_F(Api, EnqueueBuildAnswersAsTheContractSays) {
  const auto plan = planInput(upload("a.txt", "1"), "a b");
  EXPECT_EQ(problemOf(412, path("POST /api/plans/{}/enqueue-build", plan), "",
                      "If-Match: \"sha256:0\"\r\n"),
            "plan-changed");
  const auto done =
      json(202, path("POST /api/plans/{}/enqueue-build", plan), R"({"mode":"failed"})");
  EXPECT_EQ(textOr(done, "queue"), "build_queue");
  EXPECT_EQ(textOr(*find(done, "plan"), "status"), "ready_for_build");
  json(200, path("POST /api/plans/{}/enqueue-build", plan));
  EXPECT_EQ(problemOf(422, path("POST /api/plans/{}/enqueue-build", plan), R"({"mode":"some"})"),
            "invalid");
  EXPECT_EQ(problemOf(404, "POST /api/plans/999/enqueue-build"), "not-found");
  const auto building = planInput(upload("b.txt", "1"), "a b");
  const auto build = startBuild(building);
  EXPECT_EQ(problemOf(409, path("POST /api/plans/{}/enqueue-build", building)), "already-building");
  json(202, path("POST /api/builds/{}/cancel", build));
  finishBuild(building, "succeeded");
  EXPECT_EQ(problemOf(409, path("POST /api/builds/{}/cancel", build)), "finished");
}

TEST_F(Api, TheSeedsFieldsHaveTheSeedsNames) {
  const auto plan = builtPlan("succeeded");
  const auto inputs = json(200, "GET /api/pending-inputs");
  for (const char* name :
       {"id", "filename", "digest", "size", "status", "created_at", "updated_at", "error"})
    EXPECT_TRUE(find((*find(inputs, "items"))[0], name)) << name;
  const auto plans = json(200, "GET /api/plans");
  for (const char* name : {"id", "pending_input_id", "status", "summary", "plan_blob_url",
                           "plan_digest", "created_at", "updated_at", "error"})
    EXPECT_TRUE(find((*find(plans, "items"))[0], name)) << name;
  const auto settings = json(200, "GET /api/settings");
  for (const char* name : {"auto_plan", "auto_build", "watch_dir"})
    EXPECT_TRUE(find(settings, name)) << name;
  EXPECT_EQ(textOr(json(200, path("GET /api/plans/{}", plan)), "status"), "built");
}

TEST_F(Api, EveryReadIsTrueToTheDocument) {
  const auto plan = builtPlan("failed");
  const auto failedBuild = build_;
  const auto good = builtPlan("succeeded");
  upload("waiting.txt", "1");
  const auto planned = planInput(upload("planned.txt", "1"), "a b");
  const auto job = firstJob(plan);
  for (const std::string& line : {std::string("GET /api/pending-inputs"),
                                  path("GET /api/pending-inputs/{}", 1),
                                  path("GET /api/pending-inputs/{}/explain", 1),
                                  std::string("GET /api/plans?status=failed,built"),
                                  path("GET /api/plans/{}", plan),
                                  path("GET /api/plans/{}/jobs", plan),
                                  path("GET /api/plans/{}/jobs?limit=1", planned),
                                  path("GET /api/plans/{}/artifact", plan),
                                  path("GET /api/plans/{0}/diff?to={0}", plan),
                                  path("GET /api/plans/{}/explain", plan),
                                  std::string("GET /api/builds"),
                                  path("GET /api/builds/{}", failedBuild),
                                  path("GET /api/builds/{}/jobs", failedBuild),
                                  path("GET /api/builds/{}/manifest", build_),
                                  path("GET /api/builds/{}/provenance", build_),
                                  std::string("GET /api/provenance/keys"),
                                  path("GET /api/builds/{}/explain", failedBuild),
                                  std::string("GET /api/jobs?q=a&limit=1"),
                                  path("GET /api/jobs/{}", job),
                                  path("GET /api/jobs/{}/explain", job),
                                  path("GET /api/jobs/{}/log", job),
                                  path("GET /api/jobs/{}/log/search?q=x", job),
                                  std::string("GET /api/settings"),
                                  std::string("GET /api/settings/schema"),
                                  std::string("GET /api/settings/sources"),
                                  std::string("GET /api/queues"),
                                  std::string("GET /api/queues/other"),
                                  std::string("GET /api/queues/other/settings"),
                                  std::string("GET /api/queues/other/settings/sources"),
                                  std::string("GET /api/workers"),
                                  std::string("GET /api/arriving"),
                                  std::string("GET /api/events?limit=3"),
                                  std::string("GET /api/events?after=0&limit=500"),
                                  std::string("GET /api/failures"),
                                  std::string("GET /api/plugins"),
                                  std::string("GET /api/reconciler"),
                                  std::string("GET /api/version"),
                                  std::string("GET /api/openapi.json"),
                                  std::string("GET /healthz"),
                                  std::string("GET /readyz")})
    json(200, line);
  for (const std::string& line :
       {std::string("GET /api/pending-inputs/77"), std::string("GET /api/plans/77"),
        std::string("GET /api/plans/77/jobs"), std::string("GET /api/builds/77"),
        path("GET /api/builds/{}/manifest", failedBuild), std::string("GET /api/jobs/77"),
        path("GET /api/builds/{}/provenance", failedBuild), path("GET /api/builds/{}/sbom", build_),
        std::string("GET /api/jobs/77/log"), path("GET /api/jobs/{}/log?attempt=9", job),
        std::string("GET /api/queues/none"), std::string("GET /api/plugins/none"),
        std::string("GET /api/blobs/sha256:12")})
    EXPECT_EQ(problemOf(404, line), "not-found");
  for (const std::string& line :
       {std::string("GET /api/pending-inputs?colour=red"), std::string("GET /api/plans?limit=0"),
        std::string("GET /api/plans?limit=201"), std::string("GET /api/builds?status=x"),
        std::string("GET /api/jobs?cursor=x"), std::string("GET /api/events?after=x"),
        std::string("GET /api/events?level=x"), std::string("GET /api/failures?since=x"),
        path("GET /api/jobs/{}/log?from=0", job), std::string("GET /healthz?x=1"),
        std::string("GET /api/events/stream?after=x")})
    problemOf(400, line);
  EXPECT_EQ(problemOf(422, path("GET /api/jobs/{}/log/search?q=%28&regex=true", job)),
            "bad-pattern");
  EXPECT_THAT(request("GET /metrics").body,
              HasSubstr("planwright_http_request_duration_seconds_count"));
  EXPECT_EQ(parsed(request(path("GET /api/plans/{}/artifact", good)).body)["jobs"].Size(), 2U);
  EXPECT_EQ(json(200, path("GET /api/builds/{}/manifest", build_))["artifacts"].Size(), 1U);
}

TEST_F(Api, SettingsTakePatchPutAndPost) {
  const auto before = request("GET /api/settings");
  const std::string etag = before.header("ETag");
  const auto changed =
      json(200, "PATCH /api/settings", R"({"auto_plan":true})", "If-Match: " + etag + "\r\n");
  EXPECT_TRUE(boolOr(changed, "auto_plan", false));
  EXPECT_TRUE(
      boolOr(json(200, "PUT /api/settings", R"({"auto_build":true})"), "auto_build", false));
  EXPECT_EQ(numberOr(json(200, "POST /api/settings", R"({"job_slots":9})"), "job_slots", 0), 9);
  const auto stale =
      request("PATCH /api/settings", R"({"auto_plan":false})", "If-Match: " + etag + "\r\n");
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(textOr(parsed(stale.body), "current_etag"),
            request("GET /api/settings").header("ETag"));
  EXPECT_EQ(problemOf(422, "PATCH /api/settings", R"({"watch_dir":"/no/such/folder"})"),
            "invalid-settings");
  EXPECT_EQ(problemOf(409, "PATCH /api/queues/other", R"({"auto_plan":true})"), "locked-by-file");
  EXPECT_EQ(problemOf(400, "PATCH /api/settings", "not json"), "invalid");
}

TEST_F(Api, QueuesArePatchedPausedAndResumed) {
  const auto id = upload("a.txt", "1");
  const auto queue = json(200, "PATCH /api/queues/default",
                          R"({"auto_plan":true,"apply_to_waiting":true,"plan_workers":7})");
  EXPECT_EQ(numberOr(*find(queue, "plan"), "workers", 0), 7);
  EXPECT_EQ(numberOr(*find(queue, "plan"), "depth", 0), 1);
  EXPECT_TRUE(boolOr(json(200, path("GET /api/pending-inputs/{}", id)), "queued", false));
  EXPECT_TRUE(boolOr(*find(json(200, "POST /api/queues/default/plan/pause", "{}"), "plan"),
                     "paused", false));
  EXPECT_FALSE(
      boolOr(*find(json(200, "POST /api/queues/default/plan/resume"), "plan"), "paused", true));
  const auto other = json(200, "GET /api/queues/other/settings");
  EXPECT_EQ(textOr(other, "queue"), "other");
  EXPECT_EQ(problemOf(404, "GET /api/queues/none/settings"), "not-found");
  EXPECT_EQ(problemOf(404, "POST /api/queues/default/x/pause"), "not-found");
  EXPECT_EQ(problemOf(404, "POST /api/queues/none/plan/pause"), "not-found");
}

TEST_F(Api, AnIdempotencyKeyRepeatsTheAnswer) {
  const auto id = upload("a.txt", "1");
  const std::string line = path("POST /api/pending-inputs/{}/enqueue-plan", id);
  const std::string key = "Idempotency-Key: 42\r\n";
  json(202, line, "{}", key);
  const auto again = request(line, "{}", key);
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(again.header("Idempotent-Replay"), "true");
  EXPECT_EQ(problemOf(422, line, R"({"force":true})", key), "idempotency-key-reused");
}

TEST_F(Api, LogsAreReadByLineSearchedAndSentRaw) {
  const auto plan = builtPlan("succeeded");
  const auto job = firstJob(plan);
  const auto attempt = control_->contents.log(job, std::nullopt)->attempt;
  writeLog(folder_ / ("data/blobs/logs/" + std::to_string(attempt)),
           {"one\n\x1b[31mT", "wo\x1b[0m\nbad \xff byte\nlast"});
  const auto lines = json(200, path("GET /api/jobs/{}/log?from=2&limit=2", job));
  EXPECT_EQ(numberOr(lines, "total_lines", 0), 4);
  EXPECT_EQ(numberOr(lines, "first_line", 0), 2);
  EXPECT_TRUE(boolOr(lines, "complete", false));
  ASSERT_EQ(find(lines, "lines")->Size(), 2U);
  EXPECT_EQ((*find(lines, "lines"))[1], "bad \xef\xbf\xbd byte");
  const auto hits = json(200, path("GET /api/jobs/{}/log/search?q=two", job));
  EXPECT_EQ(numberOr((*find(hits, "lines"))[0], "line", 0), 2);
  EXPECT_EQ(
      numberOr(json(200, path("GET /api/jobs/{}/log/search?regex=true&q=%5E(one%7Clast)%24", job)),
               "total", 0),
      2);
  const auto part = request(path("GET /api/jobs/{}/log/raw", job), "", "Range: bytes=0-2\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "one");
  const auto whole = request(path("GET /api/jobs/{}/log/raw", job));
  EXPECT_EQ(whole.header("Content-Length"), std::to_string(whole.body.size()));
  EXPECT_EQ(whole.body, "one\n\x1b[31mTwo\x1b[0m\nbad \xff byte\nlast");
  EXPECT_EQ(request(path("GET /api/jobs/{}/log/raw", job), "", "Range: bytes=6-13\r\n").body,
            "31mTwo\x1b[");
  const auto plain = request(path("GET /api/jobs/{}/log/raw?ansi=strip", job));
  EXPECT_THAT(plain.body, AllOf(HasSubstr("one\nT\r\n"), HasSubstr("\r\nwo\nbad")));
}

TEST_F(Api, BlobsAreSentByDigestAndInParts) {
  upload("a.txt", "0123456789");
  const std::string digest = Digest::of("0123456789").text();
  const std::string line = "GET /api/blobs/" + digest;
  EXPECT_EQ(request(line).body, "0123456789");
  EXPECT_EQ(request(line, "", "Range: bytes=-3\r\n").body, "789");
  EXPECT_EQ(request(line, "", "If-None-Match: \"" + digest + "\"\r\n").status, 304);
}

TEST_F(Api, DeletingAWaitingInputCancelsIt) {
  const auto id = upload("a.txt", "1");
  EXPECT_EQ(textOr(json(200, path("DELETE /api/pending-inputs/{}", id)), "status"), "cancelled");
  planInput(id, "a");
  EXPECT_EQ(problemOf(409, path("DELETE /api/pending-inputs/{}", id)), "finished");
  EXPECT_EQ(problemOf(404, "POST /api/pending-inputs/999/cancel"), "not-found");
}

TEST_F(Api, CancelIsDoneForWhatWaitsAndAskedForWhatRuns) {
  const auto plan = planInput(upload("a.txt", "1"), "a b");
  startBuild(plan);
  const auto jobs = json(200, path("GET /api/plans/{}/jobs", plan));
  const auto job = numberOr((*find(jobs, "items"))[0], "id", 0);
  const auto asked = json(202, path("POST /api/jobs/{}/cancel", job));
  EXPECT_EQ(textOr(asked, "status"), "running");
  EXPECT_TRUE(boolOr(asked, "cancel_requested", false));
  json(202, path("POST /api/jobs/{}/cancel", job));
  json(202, path("POST /api/plans/{}/cancel", plan));
  finishBuild(plan, "succeeded");
  EXPECT_EQ(problemOf(409, path("POST /api/jobs/{}/cancel", job)), "finished");
  EXPECT_EQ(problemOf(409, path("POST /api/plans/{}/cancel", plan)), "finished");
  const auto waiting = planInput(upload("b.txt", "1"), "a");
  EXPECT_EQ(textOr(json(200, path("POST /api/plans/{}/cancel", waiting)), "status"), "cancelled");
  EXPECT_EQ(problemOf(404, "POST /api/jobs/999/cancel"), "not-found");
}

TEST_F(Api, EventsPageBothWays) {
  for (int i = 0; i < 3; ++i) upload(fmt::format("{}.txt", i), "x");
  const auto newest = json(200, "GET /api/events?limit=2&type=input.recorded");
  ASSERT_EQ(find(newest, "items")->Size(), 2U);
  const auto subject = [](const JsonValue& page, rapidjson::SizeType i) {
    return textOr(*find((*find(page, "items"))[i], "event"), "subject");
  };
  EXPECT_EQ(subject(newest, 0), "input/3");
  const auto older = json(
      200, "GET /api/events?limit=2&type=input.recorded&after=" + textOr(newest, "next_cursor"));
  ASSERT_EQ(find(older, "items")->Size(), 1U);
  EXPECT_EQ(subject(older, 0), "input/1");
  const auto all = json(200, "GET /api/events?after=0");
  EXPECT_EQ(subject(all, 0), "input/1");
  const auto none = json(200, "GET /api/events?after=" + textOr(all, "next_cursor"));
  EXPECT_EQ(find(none, "items")->Size(), 0U);
  upload("later.txt", "x");
  EXPECT_EQ(
      find(json(200, "GET /api/events?after=" + textOr(none, "next_cursor")), "items")->Size(), 1U);
}

TEST_F(Api, TheStreamBringsNewEventsAndResumesAfterTheLast) {
  upload("before.txt", "x");
  RawClient live(port());
  live.send("GET /api/events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(live.waitFor("retry: 1000"));
  const auto first = upload("first.txt", "x");
  ASSERT_TRUE(live.waitFor(fmt::format("\"input/{}\"", first)));
  EXPECT_THAT(live.received(), testing::Not(HasSubstr("\"input/1\"")));
  EXPECT_THAT(live.received(), testing::Not(HasSubstr("event:")));
  const auto at = live.received().find("id: ") + 4;
  const std::string id = live.received().substr(at, live.received().find('\n', at) - at);
  const auto second = upload("second.txt", "x");
  RawClient resumed(port());
  resumed.send("GET /api/events/stream?after=0 HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: " +
               id + "\r\n\r\n");
  ASSERT_TRUE(resumed.waitFor(fmt::format("\"input/{}\"", second)));
  EXPECT_THAT(resumed.received(), testing::Not(HasSubstr(fmt::format("\"input/{}\"", first))));
  RawClient filtered(port());
  filtered.send(
      "GET /api/events/stream?after=0&types=input.queued HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(control_->actions.enqueuePlan(first, false, "test"));
  ASSERT_TRUE(filtered.waitFor("input.queued"));
  EXPECT_THAT(filtered.received(), testing::Not(HasSubstr("input.recorded")));
}

TEST_F(Api, AnotherHostsRingReachesTheStream) {
  RawClient live(port());
  live.send("GET /api/events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(live.waitFor("retry: 1000"));
  // Another host writes its row and notifies; our bell is not rung by anybody here.
  sql("insert into events (subject, type) values ('plan/9', 'plan.built'); notify planwright");
  EXPECT_TRUE(live.waitFor("plan.built"));
}

TEST_F(Api, ReadinessNamesWhatIsAway) {
  EXPECT_TRUE(boolOr(json(200, "GET /readyz"), "ready", false));
  const auto version = json(200, "GET /api/version");
  EXPECT_EQ(textOr(version, "name"), "planwright");
}

TEST_F(Api, UnknownPathsAreProblemsBelowApiAndThePageElsewhere) {
  const auto missing = request("GET /api/nothing");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(request("GET /no/such/file.js").status, 404);
  const auto page = request("GET /plans/7");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.header("Content-Type"), HasSubstr("text/html"));
  for (const char* almost :
       {"/API/plans", "//api/plans", "/Api", "/plans//1", "/api%2fplans", "/%61pi/nothing",
        "/%2fapi/plans", "/plans/..", "/..%2fetc", "/%2e%2e/x", "/./plans", "/readyz/", "/Readyz",
        "/METRICS", "/metrics/x", "/plans/%ff"}) {
    const auto answer = request(std::string("GET ") + almost);
    EXPECT_EQ(answer.status, 404) << almost;
    EXPECT_EQ(answer.header("Content-Type"), "application/problem+json") << almost;
  }
  EXPECT_THAT(page.body, HasSubstr("<script"));
  EXPECT_EQ(page.body, request("GET /").body);
}

}  // namespace
}  // namespace planwright::api_test
