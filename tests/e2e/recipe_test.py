#!/usr/bin/python3
"""Recipes: from a dropped file to a built, failed or cancelled plan."""

import hashlib
import json

from harness import HostCase, eventually, main, processes_of

DIAMOND = """\
jobs:
  bottom:
    needs: [left, right]
    command: [sh, -c, "cat l.txt r.txt > all.txt; echo joined"]
    inputs: {l.txt: left/l.txt, r.txt: right/r.txt}
    outputs: [all.txt]
  left: {command: [sh, -c, "tr a-z A-Z < top.txt > l.txt"], inputs: {top.txt: top/top.txt}, outputs: [l.txt]}
  right: {command: [sh, -c, "rev < top.txt > r.txt"], inputs: {top.txt: top/top.txt}, outputs: [r.txt]}
  top: {command: [sh, -c, "echo word > top.txt"], outputs: [top.txt]}
"""
PARTLY = """\
jobs:
  good: {command: [sh, -c, "echo fine > good.txt"], outputs: [good.txt]}
  bad: {command: [sh, -c, "echo about to fail; echo the reason >&2; exit 3"]}
  after: {command: ["true"], needs: [bad]}
  last: {command: ["true"], needs: [after, good]}
"""


class RecipeTest(HostCase):
    def setUp(self):
        super().setUp()
        self.server = self.recipe_host()

    def plan_of(self, name, content, status):
        """Drops a recipe; gives its plan once it has that status."""
        self.server.drop(name, content)

        def found():
            return next((p for p in self.server.plans() if p["filename"] == name and p["status"] == status), None)

        return eventually(found, lambda: f"{name} {status}: {json.dumps(self.server.inputs())}{self.server.plans()}")

    def test_diamond_runs_in_the_order_of_its_needs_and_keeps_every_output(self):
        plan = self.plan_of("diamond.plan.yaml", DIAMOND, "built")
        jobs = self.server.jobs(plan["id"])
        self.assertEqual({name: job["status"] for name, job in jobs.items()}, dict.fromkeys(jobs, "succeeded"))
        self.assertEqual(sorted(jobs), ["bottom", "left", "right", "top"])
        for needed, user in [("top", "left"), ("top", "right"), ("left", "bottom"), ("right", "bottom")]:
            self.assertLessEqual(jobs[needed]["finished_at"], jobs[user]["started_at"], (needed, user))
        artifacts = {a["name"]: a for a in self.server.manifest(plan["build_id"])}
        self.assertEqual(sorted(artifacts), ["all.txt", "l.txt", "r.txt", "top.txt"])
        self.assertEqual(self.server.blob(artifacts["all.txt"]["digest"]), b"WORD\ndrow\n")
        self.assertEqual(self.server.job_log(jobs["bottom"]["id"]).strip(), "joined")
        self.assertEqual(self.server.cli("logs", f"{plan['id']}-bottom").strip(), "joined")

    def test_a_failing_job_fails_its_dependents_and_nothing_else(self):
        plan = self.plan_of("partly.plan.yaml", PARTLY, "failed")
        jobs = self.server.jobs(plan["id"])
        statuses = {name: job["status"] for name, job in jobs.items()}
        self.assertEqual(
            statuses, {"good": "succeeded", "bad": "failed", "after": "dep_failed", "last": "dep_failed"}
        )
        self.assertEqual(jobs["bad"]["exit_code"], 3)
        self.assertEqual(plan["reason"]["code"], "job_failed")
        self.assertIn("bad", plan["reason"]["message"])
        self.assertIn("the reason", self.server.job_log(jobs["bad"]["id"]))
        build = self.server.get(f"/api/builds/{plan['build_id']}")
        self.assertEqual(build["status"], "failed")
        self.server.cli("watch", "plan", plan["id"], "--timeout", "60s", expect=1)

    def test_a_plan_of_more_than_a_megabyte_is_built(self):
        names = [f"V{i}" for i in range(11)]
        recipe = {"jobs": {"long": {"command": ["sh", "-c", "echo ${#V0} ${#V10}"], "env": dict.fromkeys(names, "x" * 100_000)}}}
        plan = self.plan_of("long.plan.yaml", json.dumps(recipe), "built")
        document = self.server.call("GET", f"/api/plans/{plan['id']}/artifact").body
        self.assertGreater(len(document), 1 << 20)
        self.assertEqual(f"sha256:{hashlib.sha256(document).hexdigest()}", plan["plan_digest"])
        self.assertEqual(self.server.job_log(self.server.jobs(plan["id"])["long"]["id"]).strip(), "100000 100000")

    def test_a_broken_recipe_names_line_and_column(self):
        self.server.drop("broken.plan.yaml", "jobs:\n  one: {command: [x], need: [two]}\n")
        failed = eventually(lambda: self.server.inputs("failed"), "the input failed")[0]
        self.assertEqual(failed["reason"]["code"], "planner_rejected_input")
        self.assertRegex(failed["error"], r"(line 2.*column 2\d|:2:2\d)")
        self.assertIn("need", failed["error"])
        self.assertEqual(self.server.plans(), [])

    def test_a_rebuild_keeps_the_first_build(self):
        plan = self.plan_of("again.plan.yaml", DIAMOND, "built")
        refused = self.server.call("POST", f"/api/plans/{plan['id']}/enqueue-build", {})
        self.assertEqual(refused.status, 409)
        asked = self.server.call("POST", f"/api/plans/{plan['id']}/enqueue-build", {"force": True})
        self.assertEqual((asked.status, asked.json["queue"]), (202, "build_queue"))
        eventually(lambda: len(self.server.builds("built")) == 2, lambda: f"two builds: {self.server.builds()}")
        first, second = sorted(self.server.builds(), key=lambda build: build["id"])
        self.assertEqual(first["plan_id"], second["plan_id"])
        self.assertEqual(first["id"], plan["build_id"])
        self.assertEqual(
            self.server.manifest(first["id"]), self.server.manifest(second["id"]), "the same plan, the same outputs"
        )

    def test_a_failed_build_can_run_its_failed_jobs_again(self):
        # "bad" fails on its first run only: the marker outlives the job's folder.
        marker = self.folder / "marker"
        recipe = PARTLY.replace("exit 3", f"test -e {marker} || {{ touch {marker}; exit 3; }}")
        plan = self.plan_of("second.plan.yaml", recipe, "failed")
        self.server.cli("enqueue-build", plan["id"], "--failed-only")
        eventually(lambda: self.server.plans("built"), lambda: f"built: {self.server.plans()}")
        jobs = self.server.jobs(plan["id"])
        self.assertTrue(all(job["status"] in ("succeeded", "cached") for job in jobs.values()), jobs)
        names = [artifact["name"] for artifact in self.server.manifest(self.server.builds("built")[0]["id"])]
        self.assertEqual(names, ["good.txt"])

    def test_a_job_ends_at_its_time_limit_with_all_its_processes(self):
        recipe = 'jobs: {slow: {command: [sh, -c, "sleep 3600 & sleep 3601"], timeout: 1s}}'
        plan = self.plan_of("slow.plan.yaml", recipe, "failed")
        slow = self.server.jobs(plan["id"])["slow"]
        self.assertEqual((slow["status"], slow["reason"]["code"]), ("timed_out", "timeout"))
        self.assertIn("slow timed out", plan["reason"]["message"])
        self.assert_no_job_process()

    def test_a_cancelled_build_stops_its_jobs(self):
        self.server.drop("long.plan.yaml", 'jobs: {long: {command: [sh, -c, "sleep 3600 & sleep 3601"]}}')

        def running():
            builds = self.server.builds("building")
            return builds and self.server.jobs(builds[0]["plan_id"])["long"]["status"] == "running" and builds[0]

        build = eventually(running, "the job runs")
        self.assertEqual(self.server.call("POST", f"/api/builds/{build['id']}/cancel", {}).status, 202)
        eventually(lambda: self.server.builds("cancelled"), lambda: f"cancelled: {self.server.builds()}")
        self.assertEqual(self.server.get(f"/api/plans/{build['plan_id']}")["status"], "cancelled")
        self.assertEqual(self.server.jobs(build["plan_id"])["long"]["status"], "cancelled")
        self.assert_no_job_process()
        self.assertEqual(self.server.call("POST", f"/api/builds/{build['id']}/cancel", {}).status, 409)

    def assert_no_job_process(self):
        eventually(lambda: not processes_of(self.server.data / "work"), "no process of a job is left", 10)


if __name__ == "__main__":
    main()
