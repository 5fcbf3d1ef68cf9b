#!/usr/bin/env python3
"""A disk that has no room left, for all that a host keeps: it says so, lives on, and goes on when there is room again."""

import os
import re
import subprocess

from harness import HostCase, eventually, main, queue_config

NO_ROOM = re.compile("is full|No space left")
RECIPE = 'jobs: {a: {command: "echo said; echo left > out", outputs: [out]}}'


class FullDisk(HostCase):
    def host_on_a_small_disk(self):
        host = self.host(config=lambda folder: {"queues": {"default": queue_config(folder / "input")}}, start=False, fresh=True)
        host.data.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=400m,mode=755", "tmpfs", str(host.data)]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
            self.skipTest("a small tmpfs cannot be mounted here (needs root)")
        self.addCleanup(subprocess.run, ["umount", "-l", str(host.data)], check=True)
        self.addCleanup(lambda: host.is_running and host.stop())
        return host.start()

    def fill(self, disk):
        """Gives the file that takes all the room."""
        ballast = disk / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                return ballast

    def build(self, host, name):
        host.drop(f"{name}.plan.yaml", RECIPE.replace("said", name))
        eventually(lambda: name in self.built(host), lambda: (host.inputs(), host.plans(), host.log_tail()), 60)

    def built(self, host):
        return {plan["filename"].split(".")[0] for plan in host.plans("built")}

    def test_it_is_said_and_work_goes_on_when_there_is_room(self):
        host = self.host_on_a_small_disk()
        self.build(host, "before")
        ballast = self.fill(host.data)
        state = lambda: host.call("GET", "/readyz").json["dependencies"]["store"]  # noqa: E731
        eventually(lambda: NO_ROOM.search(str(state()["detail"])), state)
        self.assertEqual(host.call("GET", "/readyz").status, 503)
        for number in range(3):
            host.drop(f"during-{number}.plan.yaml", RECIPE.replace("said", f"during {number}"))
        eventually(lambda: self.tried(host), host.log_tail, 60)
        self.assertEqual(host.call("GET", "/healthz").status, 200)
        self.assertTrue(host.is_running)
        ballast.unlink()
        eventually(lambda: host.call("GET", "/readyz").status == 200, lambda: host.call("GET", "/readyz").json, 60)
        eventually(lambda: len(self.built(host)) == 4, lambda: (host.inputs(), host.plans(), host.log_tail()), 120)
        self.build(host, "after")
        self.assertEqual(host.sql("select count(*) from dead_letters"), [["0"]], "nobody has to do anything")
        host.cli("doctor", "--config", host.folder / "planwright.yaml", "--data", host.data)
        host.stop()

    def tried(self, host):
        """Something found no room."""
        return NO_ROOM.search(host.log.read_text(errors="replace"))


if __name__ == "__main__":
    main()
