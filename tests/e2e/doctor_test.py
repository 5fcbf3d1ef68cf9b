#!/usr/bin/env python3
"""`planwright doctor` beside a running host, after its end, and after a crash."""

import json
import subprocess

from harness import BINARY, HostCase, eventually, main

RECIPE = """\
jobs:
  one: {command: ["sh", "-c", "echo 1 > out.txt"], outputs: [out.txt]}
  two:
    needs: [one]
    command: cat in.txt > out.txt
    inputs: {in.txt: one/out.txt}
    outputs: [out.txt]
"""


class Doctor(HostCase):
    def doctor(self, host, *words, expect=0):
        command = [BINARY, "doctor", "--json", "--config", host.folder / "planwright.yaml", "--data", host.data, *words]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, expect, f"{done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout else done.stderr

    def violations(self, report):
        return [f"{check['name']} {found['item']}" for check in report["checks"] for found in check["violations"]]

    def built_host(self):
        host = self.recipe_host()
        host.drop("a.plan.yaml", RECIPE)
        eventually(lambda: host.plans("built"), "the plan is not built")
        return host

    def test_a_healthy_host_is_healthy_while_it_runs_and_after(self):
        host = self.built_host()
        report = self.doctor(host)
        self.assertTrue(report["healthy"] and report["host_running"])
        self.assertTrue(all(not check["skipped"] for check in report["checks"]), report)
        host.stop()
        report = self.doctor(host)
        self.assertTrue(report["healthy"] and not report["host_running"])

    def test_a_broken_promise_has_an_exit_code_and_names_the_item(self):
        host = self.built_host()
        host.sql("update jobs set status = 'failed' where name = 'two'")
        report = self.doctor(host, expect=9)
        self.assertEqual(self.violations(report), ["built build/1", "events job/2"])
        command = [BINARY, "doctor", "--data", str(host.data)]
        done = subprocess.run(command, cwd=host.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 9, done.stderr)
        self.assertIn("build/1 is built, but 1 of its jobs are not", done.stdout)

    def test_repair_gives_back_what_a_killed_host_held(self):
        host = self.built_host()
        host.call("PATCH", "/api/settings", {"auto_build": False})
        host.call("POST", "/api/queues/default/plan/pause")
        host.drop("b.plan.yaml", RECIPE + "# b\n")
        eventually(lambda: host.inputs("pending"), "not recorded")
        claim = "status = 'planning', queued_at = null, fence = 1, attempt = 1, instance = (select max(id) from instances)"
        host.sql(
            f"with u as (update pending_inputs set {claim} where status = 'pending' returning id) "
            "insert into events (queue, subject, type) select 'default', 'input/' || id, 'input.planning' from u"
        )
        host.kill()
        report = self.doctor(host)
        self.assertTrue(report["healthy"], "what the next start does is no violation")
        report = self.doctor(host, "--repair")
        self.assertEqual(report["repairs"], {"orphaned_input": 1}, "it runs alone next, without a ticket")
        self.assertTrue(report["healthy"])
        host.start()
        host.call("POST", "/api/queues/default/plan/resume")
        eventually(lambda: len(host.inputs("planned")) == 2, "b is not planned")

    def test_a_folder_without_a_database_is_refused(self):
        done = subprocess.run(
            [BINARY, "doctor", "--data", str(self.folder / "none")], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("--data", done.stderr)


if __name__ == "__main__":
    main()
