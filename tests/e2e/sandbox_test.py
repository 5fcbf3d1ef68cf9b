#!/usr/bin/python3
"""Hostile code, by real processes: what it tries, and what became of it. Prints a table."""

import json
import os
import pathlib
import re
import socket

import hostile
from commands import has_own_memory
from harness import HostCase, eventually, main, queue_config
from hostile import ENDED, GLUTTONS, LIMITS, PROBES, is_kept

# Of jobs alone: command, outputs, class of the failure, what the error must say.
OUTPUTS = {
    "leaves a link as output": ("ln -s /etc/passwd out", ["out"], "failed", "links and devices are refused"),
    "leaves a link to a folder": ("ln -s /etc out.d; ln -s ../../.. up; echo x > out", ["**"], None, ""),
    "leaves a device as output": ("mkfifo out", ["out"], "failed", "links and devices are refused"),
    "leaves too much as output": ("head -c 5M /dev/zero > a; cp a b", ["*"], "limit", "add up to more than their limit of 8 MiB"),
}
LEFT = {"leaves a link to a folder": ["out"]}  # its files in the manifest


def limits_of(kind):
    """Without control groups a limit of processes counts all that this user runs."""
    return {**LIMITS, "processes": 4096} if os.geteuid() != 0 or "user" in kind else LIMITS


class HostileCode(HostCase):
    """The same code as a job, as a planner's own program, and as the build script of an archive: by every kind of host."""

    def setUp(self):
        super().setUp()
        os.environ["HOSTILE_TEST_SECRET"] = hostile.SECRET
        self.addCleanup(os.environ.pop, "HOSTILE_TEST_SECRET")

    def start(self, name, kind, sandbox, ways):
        config = lambda folder: {"queues": {way.name: way.queue(folder, sandbox, limits_of(kind)) for way in ways}}  # noqa: E731
        host = self.host(name, config=config, start=False, **kind)
        (host.folder / "planwright.yaml").chmod(0o600)
        return host.start()

    def test_it_is_refused_or_contained(self):
        for name, kind in self.kinds_of_hosts():
            # What is to be had of a sandbox is the same with `require`, if that is met.
            for sandbox in {"default": ("auto", "require", "none"), "bare": ("auto", "none")}.get(name, ("auto",)):
                with self.subTest(f"{name}, sandbox: {sandbox}"):
                    ways = hostile.ways_in()
                    if name == "default" and sandbox == "auto":
                        ways.append(hostile.Archive("process", "process"))
                    host = self.start(f"{name}-{sandbox}", kind, sandbox, ways)
                    self.attack(host, ways, sandbox, "user" not in kind and os.geteuid() == 0)
                    host.stop()

    def attack(self, host, ways, sandbox, is_root):
        report = host.get("/api/version")["sandbox"]
        level, has_groups = report["level"], hostile.has_groups(host)
        print(f"{host.folder.name}: level {level}, control groups: {has_groups}")
        if sandbox == "require" and level != "namespaces":
            self.skipTest("the level is not to be had here")
        ground = hostile.Ground(host, self.addCleanup)
        config = (host.folder / "planwright.yaml").read_bytes()
        expected = {way.name: self.start_all(ground, way, sandbox, level, is_root, has_groups) for way in ways}
        for way in ways:
            ended = self.all_ended(host, way, set(expected[way.name]))
            for name, check in expected[way.name].items():
                print(f"{way.name:8} {name:10} {ended[name].kind or '':9} {ended[name].said.split()[:12]}")
                check(ended[name])

        self.assertEqual(ground.calls, [], "somebody was reached")
        self.assertEqual(ground.escaped_files(), [])
        for bait in ground.baits:
            self.assertTrue((bait / "ESCAPED").exists(), "it was there to be read")
        self.assertEqual((host.folder / "planwright.yaml").read_bytes(), config)
        self.assertEqual(os.getpriority(os.PRIO_PROCESS, host.process.pid), 0)
        self.assertTrue(host.is_running)
        self.assert_nothing_is_left(host)
        names = {item["filename"] for item in host.inputs()}
        dropped = {file.name for way in ways for file in (host.folder / way.name).iterdir()}
        self.assertEqual(names, dropped, "only what was dropped became an input")
        hostile.Build().start(host, "after", "echo done")
        eventually(lambda: hostile.Build().ended(host).get("after", ("",))[0] == "succeeded", "it still builds")

    def all_ended(self, host, way, names):
        def found():
            ended = way.ended(host)
            return ended if names <= set(ended) else None

        return eventually(found, lambda: (names - set(way.ended(host)), host.log_tail()), 240, pause=0.5)

    def start_all(self, ground, way, sandbox, level, is_root, has_groups):
        """By the name of what was started, what must have become of it."""
        host, expected = ground.host, {}
        kept = [what for what, probe in PROBES.items() if is_kept(probe.needs, way, sandbox, level, is_root)]
        if way.name == "program":  # what it leaves ends with its process, which serves more than one call
            kept = [what for what in kept if not what.startswith("leaves")]
        way.start(host, "probes", ground.aimed(hostile.all_probes(kept)))
        expected["probes"] = lambda ended: self.check_probes(way, kept, ended)
        # Limits are the same with all of these.
        gluttons = GLUTTONS if sandbox == "auto" and way.name != "process" else {}
        for number, (what, glutton) in enumerate(gluttons.items()):
            if not is_kept(glutton.needs, way, sandbox, level, is_root):
                continue
            if glutton.of_all and not has_groups and "processes" in what:
                continue  # it would be counted for each process, and with all that its user runs
            way.start(host, f"glutton{number}", glutton.command)
            is_told = way.name == "build" and (has_groups or not glutton.of_all)
            expected[f"glutton{number}"] = lambda ended, told=(what, glutton, is_told): self.check_glutton(*told, ended)
        for number, (what, (command, outputs, kind, text)) in enumerate(OUTPUTS.items() if way.name == "build" else ()):
            way.start(host, f"output{number}", command, outputs)
            expected[f"output{number}"] = lambda ended, told=(host, f"output{number}", what, kind, text): self.check_output(*told, ended)
        return expected

    def check_probes(self, way, kept, ended):
        found = hostile.findings(ended.said)
        self.assertIn("end", found, f"{way.name}: {ended}")
        for what in kept:
            with self.subTest(f"{way.name} {what}"):
                self.assertIn(what, found)
                self.assertNotRegex(found[what], "ESCAPED|SURVIVED")

    def check_glutton(self, what, glutton, is_told, ended):
        with self.subTest(what):
            self.assertNotIn("SURVIVED", ended.said)
            self.assertNotEqual(ended.status, "succeeded", ended.said)
            if is_told:
                self.assertEqual(ended.kind, "limit", ended.said)
                self.assertIn(glutton.text, ended.said)

    def check_output(self, host, name, what, kind, text, ended):
        with self.subTest(what):
            self.assertEqual(ended.kind, kind, ended.said)
            self.assertIn(text, ended.said)
            if what in LEFT:
                [job] = [job for job in host.items("/api/jobs") if job["name"] == name]
                self.assertEqual([artifact["name"] for artifact in host.manifest(job["build_id"])], LEFT[what])

    def assert_nothing_is_left(self, host):
        """Also of what is another process each moment, so that one look does not find it; nor of folders."""
        left = lambda: [line for _ in range(30) for line in commands() if "7411" in line]  # noqa: E731
        eventually(lambda: not left(), lambda: f"processes left: {left()[:3]}")
        kept = lambda: [at for at, folders, files in os.walk(host.data / "work")  # noqa: E731
                        if "d" * 200 in folders or len(files) > 9999 or "part.0" in files]
        eventually(lambda: not kept(), lambda: f"folders left: {kept()[:1]}")

    def test_it_would_get_through_without_a_sandbox(self):
        """So that the test above can fail."""
        ways = [hostile.Build(), hostile.Archive()]
        host = self.start("open", {}, "none", ways)
        ground = hostile.Ground(host, self.addCleanup)
        tried = [what for what in PROBES if what.split()[0] in ("reads", "reaches", "sees")]
        if os.geteuid() != 0:
            tried.remove("reads /etc/shadow")
        for way in ways:
            way.start(host, "probes", ground.aimed(hostile.all_probes(tried)))
            found = hostile.findings(eventually(lambda: way.ended(host).get("probes"), lambda: host.log_tail(), 60).said)  # noqa: B023
            self.assertEqual([what for what in tried if "ESCAPED" not in found[what]], [], way.name)
        self.assertTrue(ground.calls)


class SandboxTest(HostCase):
    def start(self, more=None, kind=None, name="host", **settings):
        builder = {"plugin": "planwright.command", "settings": settings, "limits": limits_of(kind or {}), "job_slots": 2,
                   **(more or {})}
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
