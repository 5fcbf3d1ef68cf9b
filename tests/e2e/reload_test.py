#!/usr/bin/python3
"""Another configuration while the host runs: all of it or nothing, and nothing of what runs is lost.

RELOADS=500 tests/e2e/reload_test.py is the long storm.
"""

import json
import os
import pathlib
import signal

from harness import HostCase, eventually, main, queue_config
from load import under_load

RELOADS = int(os.environ.get("RELOADS", 40))
# Two jobs, one after the other; the first waits for a file that the test makes.
CHAIN = """jobs:
  first: {{command: "echo first $WHICH; while [ ! -e {0} ]; do sleep 0.05; done"}}
  second: {{needs: [first], command: "echo second $WHICH"}}
"""


class ReloadTest(HostCase):
    def planned_by(self, jobs=1, sleep=0, workers=2, **keys):
        """A queue whose plans have so many jobs, which do nothing."""
        settings = {"jobs": jobs, "sleep": sleep}
        return lambda folder: queue_config(
            folder / "input",
            planner={"plugin": "planwright.noop-planner", "workers": workers, "settings": settings},
            builder={"plugin": "planwright.noop-builder"},
            **keys,
        )

    def one_queue(self, **keys):
        make = self.planned_by(**keys)
        return self.host(config=lambda folder: {"queues": {"default": make(folder)}})

    def write(self, host, queues, **keys):
        """The file of a running host, as somebody edits it."""
        config = {"queues": {name: make(host.folder) for name, make in queues.items()}, **keys}
        (host.folder / "planwright.yaml").write_text(json.dumps(config, indent=1))

    def generation(self, host):
        return host.get("/api/version")["config"]["generation"]

    def test_what_runs_keeps_its_settings_and_what_comes_has_the_new_ones(self):
        host = self.one_queue(jobs=1, sleep=1500)
        host.drop("slow", "1")
        eventually(lambda: host.inputs("planning"), "it is being planned")
        self.write(host, {"default": self.planned_by(jobs=3)})
        self.assertIn("queue default: changed planner.settings.jobs, planner.settings.sleep", host.cli("reload"))
        self.assertEqual(self.generation(host), 2)
        host.drop("quick", "2")
        eventually(lambda: len(host.plans("built")) == 2, lambda: host.plans())
        jobs = {plan["filename"]: plan["summary"]["jobs"] for plan in host.plans()}
        self.assertEqual(jobs, {"slow": 1, "quick": 3})
        self.assertEqual([i["attempt"] for i in host.inputs()], [1, 1], "nothing was planned twice")
        self.assertIn("no changes", host.cli("reload"))
        self.assertEqual(self.generation(host), 2)

    def test_all_jobs_of_a_build_run_with_the_settings_it_began_with(self):
        def builds_with(which):
            builder = {"plugin": "planwright.command", "settings": {"sandbox": "none", "env": {"WHICH": which}}}
            return lambda folder: queue_config(folder / "input", builder=builder)

        host = self.host(config=lambda folder: {"queues": {"default": builds_with("old")(folder)}})
        go = pathlib.Path(host.folder) / "go"
        host.drop("one.plan.yaml", CHAIN.format(go))
        plan = eventually(lambda: host.plans("building"), "it builds")[0]["id"]
        eventually(lambda: host.jobs(plan)["first"]["status"] == "running", lambda: host.jobs(plan))
        self.write(host, {"default": builds_with("new")})
        host.process.send_signal(signal.SIGHUP)
        eventually(lambda: self.generation(host) == 2, "the signal is obeyed")
        go.touch()
        host.drop("two.plan.yaml", CHAIN.format(go))
        eventually(lambda: len(host.plans("built")) == 2, lambda: host.plans())
        logs = {
            p["filename"]: [host.job_log(job["id"]).strip() for job in host.jobs(p["id"]).values()] for p in host.plans()
        }
        self.assertEqual(sorted(logs["one.plan.yaml"]), ["first old", "second old"])
        self.assertEqual(sorted(logs["two.plan.yaml"]), ["first new", "second new"])

    def test_a_bad_file_changes_nothing_and_says_where(self):
        host = self.one_queue(jobs=1)
        file = host.folder / "planwright.yaml"
        good = file.read_text()
        file.write_text(good.replace('"jobs": 1', '"jobs": "many"'))
        answer = host.call("POST", "/api/reload")
        self.assertEqual((answer.status, answer.json["type"]), (422, "/problems/config-refused"))
        place = answer.json["errors"][0]["pointer"]
        line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "many" in text)
        self.assertIn(f"planwright.yaml:{line}:", place)
        host.cli("reload", expect=2)
        file.write_text("queues: {default: {planer: [")
        self.assertIn("planwright.yaml:1:", host.cli_errors("reload"))
        host.process.send_signal(signal.SIGHUP)
        refused = "/api/events?type=config.refused"
        eventually(lambda: len(host.get(refused)["items"]) == 4, lambda: host.get(refused))
        self.assertEqual(self.generation(host), 1)
        host.drop("after", "1")
        eventually(lambda: host.plans("built"), "the old settings are in force")

    def test_what_needs_a_restart_is_refused_and_named(self):
        host = self.one_queue(jobs=1)
        self.write(host, {"default": self.planned_by(jobs=2)}, lease="20s")
        self.assertIn("lease: needs a restart", host.cli("reload", "--dry-run"))
        answer = host.call("POST", "/api/reload")
        self.assertEqual((answer.status, answer.json["type"]), (409, "/problems/needs-restart"))
        self.assertEqual(self.generation(host), 1)
        host.cli("reload", expect=5)
        other = host.folder / "other.yaml"
        other.write_text((host.folder / "planwright.yaml").read_text().replace("20s", "15s"))
        compared = host.cli("check-config", other, "--diff")
        self.assertIn("queue default: changed planner.settings.jobs", compared)
        self.assertEqual(self.generation(host), 1)

    def test_a_text_that_is_compared_starts_no_program_of_its_own(self):
        host = self.one_queue(jobs=1)
        marker = self.folder / "started"
        program = self.folder / "planner"
        program.write_text(f"#!/bin/sh\ntouch {marker}\nsleep 1\n")
        program.chmod(0o755)
        for plugin in (f"exec:{program}", "planwright.git", "exec:/bin/true"):
            queue = self.planned_by(jobs=2)(host.folder)
            queue["planner"] = {"plugin": plugin, "settings": {}}
            answer = host.call("POST", "/api/reload", {"dry_run": True, "text": json.dumps({"queues": {"default": queue}})})
            self.assertEqual((answer.status, answer.json["type"]), (422, "/problems/config-refused"), answer.body)
            self.assertIn("is not named by the configuration file of this host", str(answer.body))
        own = json.dumps({"queues": {"default": self.planned_by(jobs=2)(host.folder)}})
        answer = host.call("POST", "/api/reload", {"dry_run": True, "text": own})
        self.assertEqual(answer.status, 200, answer.body)
        self.assertFalse(marker.exists(), "the program was started")

    def test_queues_come_and_go(self):
        host = self.one_queue(sleep=4000, auto_build=False, workers=1)
        default, other = self.planned_by(), self.planned_by(jobs=2)
        slow = self.planned_by(sleep=4000, auto_build=False, workers=1)
        elsewhere = host.folder / "elsewhere"
        elsewhere.mkdir()

        def second(folder):
            queue = other(folder)
            queue["source"]["settings"]["path"] = str(elsewhere)
            return queue

        self.write(host, {"default": slow, "second": second})
        self.assertIn("queue second: added", host.cli("reload"))
        host.drop("b", "1", elsewhere)
        eventually(lambda: [p["queue"] for p in host.plans("built")] == ["second"], lambda: host.plans())
        self.write(host, {"second": second})
        host.drop("a1", "1")
        host.drop("a2", "1")
        eventually(lambda: host.inputs("planning"), "one is being planned, the other waits")
        answer = host.call("POST", "/api/reload")
        self.assertEqual(answer.json["changes"]["queues"], [{"queue": "default", "change": "removed", "keys": []}])
        ours = lambda status: [i for i in host.inputs(status) if i["queue"] == "default"]
        eventually(lambda: len(ours("planned")) == 1, "what ran has ended well")
        left = eventually(lambda: ours("pending"), "the other one waits")[0]
        self.assertEqual(left["reason"]["code"], "queue_held")
        self.assertIn("No host is configured", left["reason"]["message"])
        host.drop("d", "1", elsewhere)
        eventually(lambda: len(host.plans("built")) == 2, lambda: host.plans())
        self.write(host, {"default": default, "second": second})
        host.cli("reload")
        eventually(lambda: len(ours("planned")) == 2, lambda: host.inputs())

    def test_a_storm_of_reloads_loses_and_doubles_nothing(self):
        host = self.one_queue(jobs=2, sleep=5)
        good = (host.folder / "planwright.yaml").read_text()
        with under_load(self, host, patience=60 + RELOADS) as dropped:
            for round in range(RELOADS):
                if round % 5 == 4:
                    (host.folder / "planwright.yaml").write_text(good.replace('"sleep"', '"slep"'))
                    self.assertEqual(host.call("POST", "/api/reload").status, 422)
                    continue
                queues = {"default": self.planned_by(jobs=round % 3, sleep=round % 7)}
                if round % 2:
                    queues["now-and-then"] = lambda folder: {"source": {"plugin": "planwright.manual"}}
                self.write(host, queues)
                answer = host.call("POST", "/api/reload")
                self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(host.sql("select count(*), count(distinct plan_id) from builds"), [[str(len(dropped))] * 2])
        self.assertGreater(self.generation(host), RELOADS // 2)


if __name__ == "__main__":
    main()
