#!/usr/bin/python3
"""A hostile job, by real processes: what it tries, and what became of it. Prints a table."""

import json
import os
import pathlib
import re
import socket

from commands import has_own_memory
from harness import HostCase, eventually, main, queue_config

ENDED = ("succeeded", "failed", "timed_out", "cancelled")
LIMITS = {"memory": "256MiB", "processes": 64, "file_size": "64MiB", "disk": "96MiB", "output": "8MiB", "cpu": "10s"}

# name -> (command, status, class, what the error or the log must say). `{data}`, `{folder}`: the host's folders;
# `{port}`: a port on which this machine listens. A command that was kept from its aim prints KEPT. Whatever it reaches
# says ESCAPED: files of that name and content, readable by all, are in the data folder, beside the jobs' folders and
# beside the host's; `{folder}/open` is writable for all.
ATTACKS = {
    "reads /etc/shadow": ("cat /etc/shadow || echo KEPT", "succeeded", None, "KEPT"),
    "reads the data folder": ("ls {data} || true; cat {data}/ESC* || true; echo KEPT", "succeeded", None, "KEPT"),
    "reads other jobs' folders": (
        "for at in {data}/work {data}/work/neighbour .. ../neighbour; do ls $at || true; cat $at/ESC* || true; done; echo KEPT",
        "succeeded", None, "KEPT"),
    "reads a file of the host": ("ls {folder} || true; cat {folder}/ESC* || true; echo KEPT", "succeeded", None, "KEPT"),
    "writes outside": (
        "for at in / /usr /etc /opt {data} {folder} {folder}/input {folder}/open; do touch $at/escaped-{pid} || true; "
        "done; echo KEPT", "succeeded", None, "KEPT"),
    "reaches the network": (
        "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}), 5)' || echo KEPT",
        "succeeded", None, "KEPT"),
    "reaches the host's sockets": (
        "python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"{data}/run/redis/redis.sock\")' || echo KEPT",
        "succeeded", None, "KEPT"),
    "sees the host's processes": (
        "if tr '\\0' ' ' < /proc/{pid}/cmdline | grep 'planwright serve'; then echo ESCAPED; else echo KEPT; fi",
        "succeeded", None, "KEPT"),
    "signals the host": ("kill -9 {pid} || echo KEPT", "succeeded", None, "KEPT"),
    "becomes root": ("su root -c id || unshare --user --map-root-user id || echo KEPT", "succeeded", None, "KEPT"),
    "leaves processes": (
        "python3 -c 'import resource; resource.setrlimit(resource.RLIMIT_RTTIME, (9, 9))' || true\n"
        "(setsid sh -c 'setsid sleep 7411 & sleep 7411' &)\nsleep 0.2; echo KEPT", "succeeded", None, "KEPT"),
    "writes a huge file": ("head -c 200M /dev/zero > huge", "failed", "limit", "larger than its limit of 64 MiB"),
    "fills the disk": (
        "i=0; while :; do head -c 16M /dev/zero > part.$i; i=$((i+1)); done", "failed", "limit",
        "disk limit of 96 MiB"),
    "fills /tmp": (
        "i=0; while :; do head -c 16M /dev/zero > /tmp/part.$i; i=$((i+1)); done", "failed", "limit",
        "disk limit of 96 MiB"),
    "fills the disk below a deep path": (
        "python3 -c 'import os\nfor i in range(300): os.mkdir(\"d\" * 200); os.chdir(\"d\" * 200)\n"
        "for i in range(99): open(str(i), \"wb\").write(bytes(16 << 20))'; sleep 20", "failed", "limit",
        "disk limit of 96 MiB"),
    "fills the disk without a name": (
        "python3 -c 'import os, time\nkept = []\nfor i in range(10): kept.append(open(\"x\", \"wb\", buffering=0)); "
        "os.unlink(\"x\"); kept[-1].write(bytes(16 << 20))\ntime.sleep(20)'", "failed", "limit", "disk limit of 96 MiB"),
    "takes all inodes": (
        "python3 -c 'import time\nfor i in range(30000): open(str(i), \"x\").close()\ntime.sleep(20)'", "failed", "limit",
        "disk limit of 96 MiB"),
    "exhausts memory": (
        "python3 -c 'x = bytearray(1 << 30)'", "failed", "limit", "more memory than its limit of 256 MiB"),
    "exhausts processes": (
        "i=0; while [ $i -lt 200 ]; do sleep 20 & i=$((i+1)); done; wait", "failed", "limit",
        "more processes at once than its limit of 64"),
    "hides that it was refused processes": (
        "python3 -c 'import os, time\nfor i in range(200):\n  try:\n    if os.fork() == 0: time.sleep(20); os._exit(0)\n"
        "  except OSError: pass\n'; exit 0", "failed", "limit", "more processes at once than its limit of 64"),
    "burns the processor": ("while :; do :; done", "failed", "limit", "more processor time than its limit of 10 s"),
    "leaves a link as output": ("ln -s /etc/passwd out", "failed", "failed", "links and devices are refused"),
    "leaves a link to a folder": (
        "ln -s /etc out.d; ln -s ../../.. up; echo x > out; echo KEPT", "succeeded", None, "KEPT"),
    "leaves a device as output": ("mkfifo out", "failed", "failed", "links and devices are refused"),
    "leaves too much as output": (
        "head -c 5M /dev/zero > a; cp a b", "failed", "limit", "add up to more than their limit of 8 MiB"),
}
NEEDS_GROUPS = ("exhausts memory", "exhausts processes", "hides that it was refused processes")
NEEDS_NAMESPACES = ("sees the host's processes", "fills /tmp")
NEEDS_SANDBOX = (
    "reads /etc/shadow", "reads the data folder", "reads other jobs' folders", "reads a file of the host", "writes outside",
    "reaches the network", "reaches the host's sockets", "sees the host's processes", "signals the host", "becomes root",
    "fills /tmp")  # what is left at sandbox: none are limits, outputs and the end of all that was started
OUTPUTS = {"leaves a link as output": ["out"], "leaves a device as output": ["out"],
           "leaves a link to a folder": ["**"], "leaves too much as output": ["*"]}
LEFT = {"leaves a link to a folder": ["out"]}  # its files in the manifest


class SandboxTest(HostCase):
    def start(self, more=None, kind=None, name="host", **settings):
        limits = dict(LIMITS)
        if os.geteuid() != 0 or (kind and "user" in kind):
            limits["processes"] = 4096  # without control groups it counts all that this user runs
        builder = {"plugin": "planwright.command", "settings": settings, "limits": limits, "job_slots": 2, **(more or {})}
        config = lambda folder: {"queues": {"default": queue_config(folder / "input", builder=builder)}}  # noqa: E731
        return self.host(name, config=config, **(kind or {}))

    def finished(self, host, names):
        """The jobs of these names, when all have ended."""

        def ended():
            jobs = {job["name"]: job for job in host.items("/api/jobs") if job["status"] in ENDED}
            return jobs if set(names) <= set(jobs) else None

        return eventually(ended, f"{len(names)} jobs end", 120)

    def drop_job(self, host, name, command, outputs=()):
        job = {"command": command, "outputs": list(outputs)}
        host.drop(f"{name}.plan.yaml", json.dumps({"jobs": {name: job}}))

    def test_a_hostile_job_is_refused_or_contained(self):
        for name, kind in self.kinds_of_hosts():
            for sandbox in ("auto",) if "hide" in kind else ("auto", "require", "none"):
                with self.subTest(f"{name}, sandbox: {sandbox}"):
                    host = self.start(kind=kind, name=f"{name}-{sandbox}", sandbox=sandbox)
                    self.attack(host, sandbox)
                    host.stop()

    def test_a_sandbox_that_is_required_and_not_there_holds_planners_and_jobs(self):
        """What would have run unconfined writes into the open folder of the test, which a lesser level lets it see."""
        ran = self.folder / "ran"
        ran.mkdir()
        ran.chmod(0o777)
        for name, kind in self.kinds_of_hosts():
            if "hide" not in kind:
                continue
            with self.subTest(name):
                write = ["touch", str(ran / name)]
                program = f"import subprocess, sys; subprocess.run({write}); sys.exit(1)"
                config = lambda folder: {"queues": {  # noqa: E731
                    "plans": queue_config(
                        folder / "plans",
                        {"plugin": "planwright.wheels", "sandbox": "require", "settings": {
                            "python": str(folder / "python3"), "no_index": True, "find_links": [str(folder)]}}),
                    "default": queue_config(folder / "input", builder={
                        "plugin": "planwright.command", "settings": {"sandbox": "require"}})}}
                (self.folder / name).mkdir()
                python = self.folder / name / "python3"
                python.write_text(f"#!/usr/bin/python3\n{program}\n")
                python.chmod(0o755)
                host = self.host(name, config=config, **kind)
                self.drop_job(host, "job", write)
                host.drop("requirements.txt", "six\n", host.folder / "plans")
                for queue, stage in (("default", "build"), ("plans", "plan")):
                    held = lambda: host.get(f"/api/queues/{queue}")[stage]["reason"]  # noqa: E731, B023
                    self.assertIn("sandbox: require cannot be met", eventually(held, lambda: host.log_tail()))  # noqa: B023
                self.assertEqual(list(ran.iterdir()), [])
                host.stop()

    def attack(self, host, sandbox):
        report = host.get("/api/version")["sandbox"]
        print(f"sandbox level {report['level']}")
        for facility in report["facilities"]:
            print(f"  {facility['name']}: {'works' if facility['works'] else 'no'}, {facility['detail']}")
        works = {facility["name"]: facility["works"] for facility in report["facilities"]}
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        places = {
            "{data}": str(host.data),
            "{folder}": str(host.folder),
            "{port}": str(listener.getsockname()[1]),
            "{pid}": str(host.process.pid),
        }
        baits = [host.data, host.data / "work" / "neighbour", host.folder]
        for bait in baits:
            bait.mkdir(exist_ok=True)
            (bait / "ESCAPED").write_text("ESCAPED\n")
        (host.folder / "open").mkdir()
        (host.folder / "open").chmod(0o777)
        tried = {}
        for number, (what, (command, *expected)) in enumerate(ATTACKS.items()):
            if sandbox == "none" and what in NEEDS_SANDBOX:
                continue
            reason = self.why_not(what, sandbox, report["level"], works)
            if reason:
                with self.subTest(what):
                    self.skipTest(f"{host.folder.name}, level {report['level']}: {reason}")
                continue
            for mark, place in places.items():
                command = command.replace(mark, place)
            name = f"attack-{number}"
            tried[name] = (what, *expected)
            self.drop_job(host, name, command, OUTPUTS.get(what, ()))
        jobs = self.finished(host, tried)
        for name, (what, status, kind, text) in tried.items():
            job = jobs[name]
            said = job["error"] or host.job_log(job["id"])
            print(f"{what:28} {job['status']:10} {job['class'] or '':8} {said.strip().splitlines()[-1:]}")
            with self.subTest(what):
                self.assertEqual((job["status"], job["class"]), (status, kind), said)
                self.assertIn(text, said)
                self.assertNotIn("ESCAPED", said)
                if what in LEFT:
                    left = [artifact["name"] for artifact in host.manifest(job["build_id"])]
                    self.assertEqual(left, LEFT[what])
        for bait in baits:
            self.assertTrue((bait / "ESCAPED").exists(), "it was there to be read")
        outside = [pathlib.Path(at) / f"escaped-{host.process.pid}" for at in ("/", "/usr", "/etc", "/opt")]
        outside = [file for file in outside if file.exists()] + list(host.folder.rglob("escaped-*"))
        for file in outside:
            file.unlink()
        self.assertEqual(outside, [])
        eventually(lambda: not any("7411" in line for line in commands()), "no process is left")
        deep = lambda: [at for at, folders, _ in os.walk(host.data / "work") if "d" * 200 in folders]  # noqa: E731
        eventually(lambda: not deep(), lambda: f"left behind: {deep()[:1]}")
        self.assertTrue(host.is_running)
        self.drop_job(host, "after", "echo done")
        self.assertEqual(self.finished(host, ["after"])["after"]["status"], "succeeded", "it still builds")

    def why_not(self, what, sandbox, level, works):
        if sandbox == "require" and level != "namespaces":
            return "the level is not to be had here"
        if what in NEEDS_GROUPS and not works["control_groups"]:
            return "no control group can be made here"
        if level == "none" and what in NEEDS_SANDBOX:
            return "nothing here confines files"
        if level == "landlock" and what in NEEDS_NAMESPACES:
            return "needs namespaces"
        return None

    def test_a_job_that_prints_a_gigabyte_costs_neither_memory_nor_disk(self):
        host = self.start({"limits": {}, "log_bytes": "1MiB"}, sandbox="auto")
        self.drop_job(host, "quiet", "echo done")
        self.finished(host, ["quiet"])
        before = peak_memory(host)
        self.drop_job(host, "loud", "echo first; yes 'a line of this job' | head -c 1G; echo; echo last")
        job = self.finished(host, ["loud"])["loud"]
        self.assertEqual((job["status"], job["class"]), ("succeeded", None))
        grown = peak_memory(host) - before
        log = host.call("GET", f"/api/jobs/{job['id']}/log/raw").body.decode()
        stored = sum(file.stat().st_size for file in (host.data / "blobs" / "logs").rglob("*"))
        print(f"1 GB printed: {len(log)} bytes shown, {stored} stored, memory of the host +{grown >> 20} MiB")
        if has_own_memory():
            self.assertLess(grown, 32 << 20)
        self.assertLess(stored, 2 << 20)
        self.assertLess(len(log), 2 << 20)
        self.assertTrue(log.startswith("first\n") and log.endswith("\nlast\n"), (log[:100], log[-100:]))
        self.assertIn("the log is longer than its limit of 1048576 bytes", log)
        left_out = re.search(r"\[planwright: (\d+) bytes are left out here\]", log)
        self.assertGreater(int(left_out[1]), 1_000_000_000)

    def test_the_memory_of_a_job_is_its_own(self):
        host = self.start(sandbox="auto")
        works = {each["name"]: each["works"] for each in host.get("/api/version")["sandbox"]["facilities"]}
        if not works["control_groups"]:
            self.skipTest("no control group can be made here")
        self.drop_job(host, "small", "true")
        self.drop_job(host, "large", "python3 -c 'x = b\"x\" * (90 << 20)'")
        jobs = self.finished(host, ["small", "large"])
        used = {name: host.get(f"/api/jobs/{job['id']}")["attempts"][0]["peak_memory"] for name, job in jobs.items()}
        print({name: f"{size >> 10} KiB" for name, size in used.items()})
        self.assertLess(used["small"], 10 << 20)
        self.assertGreater(used["large"], 90 << 20)
        self.assertLess(used["large"], 130 << 20)

    def test_only_a_job_of_network_host_reaches_what_listens_on_this_machine(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        call = f"import socket; socket.create_connection((\"127.0.0.1\", {listener.getsockname()[1]}), 5)"
        ends = {}
        for network in ("host", True):
            host = self.host(f"of-{network}", config=lambda folder: {"queues": {"default": queue_config(
                folder / "input", builder={"plugin": "planwright.command", "settings": {"network": network}})}})
            self.drop_job(host, "call", f"/usr/bin/python3 -c '{call}'")
            job = self.finished(host, ["call"])["call"]
            ends[network] = job["status"]
            told = "the network was the machine's own" in host.job_log(job["id"])
            works = {facility["name"]: facility["works"] for facility in host.get("/api/version")["sandbox"]["facilities"]}
        self.assertEqual(ends["host"], "succeeded")
        self.assertEqual(ends[True], "failed" if works["network"] else "succeeded")
        self.assertEqual(told, not works["network"], "a job whose network is open says it")

    def test_a_cancelled_job_may_say_goodbye_and_nothing_of_it_lives(self):
        host = self.start(sandbox="auto")
        command = (
            "(setsid sh -c 'setsid sleep 7412 & sleep 7412' &)\n"
            "trap 'echo goodbye; exit 3' TERM\necho up\nwhile :; do sleep 0.1; done"
        )
        self.drop_job(host, "long", command)
        job = eventually(lambda: host.items("/api/jobs?status=running"), "it runs")[0]
        eventually(lambda: "up" in host.job_log(job["id"]), "it is up")
        host.call("POST", f"/api/jobs/{job['id']}/cancel", {})
        self.assertEqual(self.finished(host, ["long"])["long"]["status"], "cancelled")
        self.assertFalse([line for line in commands() if "7412" in line])
        self.assertIn("goodbye", host.job_log(job["id"]))

    def test_exit_codes_and_signals_are_as_without_a_sandbox(self):
        host = self.start(sandbox="auto")
        self.drop_job(host, "code", "exit 7")
        self.drop_job(host, "signal", "kill -SEGV $$")
        self.drop_job(host, "missing", ["no-such-program"])
        jobs = self.finished(host, ["code", "signal", "missing"])
        self.assertEqual(jobs["code"]["exit_code"], 7)
        self.assertIn("signal 11 (SIGSEGV)", jobs["signal"]["error"])
        self.assertIn("cannot run 'no-such-program': No such file or directory", jobs["missing"]["error"])

    def test_the_level_is_told(self):
        host = self.start(sandbox="auto")
        level = host.get("/api/version")["sandbox"]["level"]
        self.assertIn(f"sandbox {level}", host.cli("status"))
        self.assertIn("bubblewrap: ", host.cli("version"))
        metrics = host.call("GET", "/metrics").body.decode()
        number = {"none": 0, "landlock": 1, "namespaces": 2}[level]
        self.assertIn(f"planwright_sandbox_level {number}", metrics)


def peak_memory(host):
    status = pathlib.Path(f"/proc/{host.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) << 10


def commands():
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                pass  # ended


if __name__ == "__main__":
    main()
