#!/usr/bin/env python3
"""The whole of `serve` as a normal user, also where the tests run as root: services, queues, sandbox, a crash, doctor."""

import json
import os
import pathlib
import pwd
import shutil
import subprocess

from harness import BINARY, Host, HostCase, eventually, main, queue_config

RECIPE = """\
jobs:
  one: {command: "id -u > user.txt; echo said", outputs: [user.txt]}
  two: {command: "cat in.txt > out.txt", inputs: {in.txt: one/user.txt}, outputs: ["**"]}
"""
USER = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.getuid())
AS_USER = {"user": USER.pw_uid, "group": USER.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}


class UserHost(Host):
    """A host that another user runs, with programs of its own: the build may lie where nobody else gets in."""

    def __init__(self, folder, config, binary):
        super().__init__(folder, config, fresh=True)
        self._command[0] = str(binary)

    def spawn(self, env=None):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=self.folder, env={**os.environ, "HOME": str(self.folder), **(env or {})},
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, **AS_USER)


class NormalUser(HostCase):
    def setUp(self):
        super().setUp()
        build = pathlib.Path(BINARY).resolve().parent
        self.bin = self.folder / "bin"
        (self.bin / "plugins").mkdir(parents=True)
        for name in ("planwright", "planwright-worker", "planwright-init"):
            shutil.copy(build / name, self.bin)
        for plugin in (build / "plugins").glob("*.so"):
            shutil.copy(plugin, self.bin / "plugins")

    def user_host(self):
        folder = self.folder / "host"
        queue = queue_config(folder / "input", builder={"plugin": "planwright.command"})
        queue["planner"]["isolation"] = "process"
        host = UserHost(folder, {"queues": {"default": queue}, "lease": "4s"}, self.bin / "planwright")
        subprocess.run(["chown", "-R", f"{USER.pw_uid}:{USER.pw_gid}", folder], check=True)
        self._hosts.append(host)
        return host.start()

    def doctor(self, host):
        done = subprocess.run(
            [self.bin / "planwright", "doctor", "--json", "--config", host.folder / "planwright.yaml", "--data", host.data],
            capture_output=True, text=True, timeout=120, **AS_USER)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def test_it_serves_builds_stops_and_recovers(self):
        host = self.user_host()
        self.assertEqual(os.stat(f"/proc/{host.process.pid}").st_uid, USER.pw_uid)
        host.drop("a.plan.yaml", RECIPE)
        eventually(lambda: host.plans("built"), lambda: (host.inputs(), host.plans(), host.log_tail()), 60)
        plan = host.plans()[0]
        jobs = host.jobs(plan["id"])
        self.assertEqual(host.job_log(jobs["one"]["id"]).strip(), "said")
        names = {artifact["name"]: artifact["digest"] for artifact in host.manifest(plan["build_id"])}
        self.assertEqual(set(names), {"user.txt", "in.txt", "out.txt"})
        self.assertNotEqual(host.blob(names["out.txt"]).strip(), b"0", "no job is root")
        self.assertTrue(self.doctor(host)["healthy"])
        owners = {path.lstat().st_uid for path in host.data.rglob("*")}
        self.assertEqual(owners, {USER.pw_uid})

        self.assertEqual(host.stop(), 0)
        host.start()
        host.drop("b.plan.yaml", "jobs: {wait: {command: 'sleep 600'}}")
        eventually(lambda: host.builds("building"), "the second is built")
        host.kill()
        host.start()
        waiting = eventually(lambda: host.builds("building"), "its build goes on", 60)
        cancelled = host.call("POST", f"/api/builds/{waiting[0]['id']}/cancel")
        self.assertIn(cancelled.status, (200, 202), "done at once if it still waits for its turn, else asked for")
        eventually(lambda: host.builds("cancelled"), lambda: host.builds(), 60)
        self.assertEqual(host.stop(), 0)
        self.assertTrue(self.doctor(host)["healthy"])


if __name__ == "__main__":
    main()
