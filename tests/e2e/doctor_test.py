#!/usr/bin/env python3
"""`planwright doctor` beside a running host, after its end, and after a crash."""

import json
import shutil
import subprocess

from harness import BINARY, ROOT, HostCase, eventually, main, queue_config

RECIPE = """\
jobs:
  one: {command: ["sh", "-c", "echo 1 > out.txt"], outputs: [out.txt]}
  two:
    needs: [one]
    command: cat in.txt > out.txt
    inputs: {in.txt: one/out.txt}
    outputs: [out.txt]
"""


PLANNER = """\
#!/usr/bin/env python3
import planwright
def plan(input, call):
    return {"jobs": [{"id": "one", "spec": {"command": "true"}}]}
planwright.run(planner=plan)
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

    def processes(self, report):
        """How many the doctor looked at, and what is wrong with them."""
        check = next(check for check in report["checks"] if check["name"] == "processes")
        return check["examined"], check["violations"]

    def test_workers_of_an_idle_host_are_no_stray_processes(self):
        """`kill -9` was the advice, for the processes of plugins that wait for the next item."""
        for isolation in ("inproc", "process", "program"):
            with self.subTest(isolation):
                host = self.host(isolation, config=lambda folder, how=isolation: self.stages(folder, how))
                host.drop("a.plan.yaml", RECIPE)
                eventually(lambda: host.plans("built"), lambda: json.dumps(host.inputs() + host.plans()))
                examined, violations = self.processes(self.doctor(host))
                self.assertEqual(violations, [])
                self.assertEqual(examined > 0, isolation != "inproc", "the processes of stages are seen")
                backup = self.folder / f"backup-{isolation}"
                self.run_command("backup", backup, host)
                host.stop()
                self.assertEqual(self.processes(self.doctor(host)), (0, []))
                other = self.host(f"restored-{isolation}", start=False, fresh=True,
                                  config=lambda folder, how=isolation: self.stages(folder, how))
                self.run_command("restore", backup, other)
                other.start()
                other.drop("b.plan.yaml", RECIPE + "# b\n")
                eventually(lambda: len(other.plans("built")) == 2, lambda: json.dumps(other.inputs() + other.plans()))
                self.assertEqual(self.processes(self.doctor(other))[1], [])
                other.stop()

    def stages(self, folder, how):
        queue = queue_config(folder / "input")
        for stage in ("source", "planner", "builder"):
            queue[stage] = {**queue[stage], "isolation": "inproc" if how == "inproc" else "process"}
        if how == "program":
            shutil.copy(ROOT / "sdk" / "python" / "planwright.py", folder)
            program = folder / "plan.py"
            program.write_text(PLANNER)
            program.chmod(0o755)
            queue["planner"] = {"plugin": f"exec:{program}", "sandbox": "none"}
        return {"queues": {"default": queue}}

    def run_command(self, verb, folder, host):
        command = [BINARY, verb, folder, "--config", host.folder / "planwright.yaml", "--data", host.data]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_folder_without_a_database_is_refused(self):
        done = subprocess.run(
            [BINARY, "doctor", "--data", str(self.folder / "none")], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("--data", done.stderr)


if __name__ == "__main__":
    main()
