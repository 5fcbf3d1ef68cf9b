#!/usr/bin/env python3
"""Recipes that would take hundreds of megabytes: refused before they do, and what large ones take is given back."""

import json
import pathlib

from commands import has_own_memory
from harness import HostCase, eventually, main

MIB = 1 << 20
MANY = 1_400_000
HOSTILE = {
    "flow": "jobs: [" + "x," * MANY + "x]\n",
    "root": "[" + "x," * MANY + "x]\n",
    "block": "jobs:\n" + "- x\n" * 700_000,
    "maps": "jobs: {" + ",".join(f"a{i}: 1" for i in range(250_000)) + "}\n",
    "json": json.dumps({"jobs": {f"job-{i}": {"command": ["x"] * 300} for i in range(1500)}}),
    "deep": "jobs: " + "[" * 1_000_000,
}


def memory(pid, name):
    """VmRSS (now) or VmHWM (peak) in bytes."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024


class LargeRecipesTest(HostCase):
    def worker_of(self, host):
        """The pid of the process of the host's one planner."""

        def parent(pid):
            return int(pathlib.Path(f"/proc/{pid}/status").read_text().split("PPid:")[1].split()[0])

        def is_below(pid):
            while pid > 1 and pid != host.process.pid:
                pid = parent(pid)
            return pid == host.process.pid

        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and b"planwright-worker" in (entry / "exe").readlink().name.encode():
                    if is_below(int(entry.name)):
                        return int(entry.name)
            except OSError:
                continue
        raise AssertionError("no process of a planner")

    def check(self, isolation):
        planner = {"plugin": "planwright.recipe", "isolation": isolation, "workers": 1}
        host = self.recipe_host(planner=planner, auto_build=False)
        host.drop("first.plan.yaml", "jobs: {a: {command: 'true'}}")
        eventually(lambda: host.inputs("planned"), host.log_tail)
        pid = host.process.pid if isolation == "inproc" else self.worker_of(host)
        before = memory(pid, "VmRSS")
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
        for name, text in HOSTILE.items():
            host.drop(f"{name}.plan.yaml", text)
        eventually(lambda: len(host.inputs("failed")) == len(HOSTILE), lambda: (host.inputs(), host.log_tail()), 60)
        for failed in host.inputs("failed"):
            self.assertRegex(failed["error"], "more than 200000 values|deeper than 64|not valid YAML", failed)
        peak = memory(pid, "VmHWM") - before
        print(f"{isolation}: {len(HOSTILE)} hostile recipes cost {peak >> 20} MiB at most")
        if has_own_memory():
            self.assertLess(peak, 100 * MIB)
        host.drop("large.plan.yaml", json.dumps({"jobs": {f"job-{i}": {"command": ["x"] * 20} for i in range(8000)}}))
        eventually(lambda: len(host.inputs("planned")) == 2, lambda: (host.inputs(), host.log_tail()), 60)
        print(f"{isolation}: a large one {memory(pid, 'VmHWM') - before >> 20} MiB")
        if has_own_memory():
            grown = lambda: memory(pid, "VmRSS") - before  # noqa: E731
            eventually(lambda: grown() < 60 * MIB, lambda: f"{grown() >> 20} MiB are kept")
            print(f"{isolation}: kept {grown() >> 20} MiB")

    def test_planners_in_the_host(self):
        self.check("inproc")

    def test_planners_in_a_process(self):
        self.check("process")


if __name__ == "__main__":
    main()
