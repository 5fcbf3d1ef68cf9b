#!/usr/bin/env python3
"""Stages that are programs (`plugin: exec:./plan.py`): the helper for Python, and a host that runs them."""

import json
import shutil
import socket
import struct
import subprocess
import unittest

from commands import Done
from harness import BINARY, ROOT, HostCase, eventually, main, queue_config

HELPER = ROOT / "sdk" / "python" / "planwright.py"
HEADER = struct.Struct("<IIHHI")
HELLO, PLAN, CANCEL, READY, DONE, LOG, PROGRESS = 1, 2, 4, 16, 18, 19, 22

PLANNER = """\
#!/usr/bin/env python3
import os, subprocess, sys
import planwright
def plan(input, call):
    print("printed by user code")
    subprocess.run(["echo", "printed by a child"])
    text = input.text().strip()
    if text == "bad": planwright.reject("this is bad")
    if text == "raise": raise KeyError("nothing here")
    if text == "exit": sys.exit("enough")
    if text == "die": os._exit(3)
    if text == "wait":
        while True: call.progress(1)
    return {"jobs": [{"id": "one", "outputs": ["out.txt"], "spec": {"text": text}}]}
planwright.run(planner=plan)
"""
BUILDER = """\
#!/usr/bin/env python3
import pathlib
import planwright
def build(job, call):
    print("builds", job.spec["text"])
    ran = call.run(["sh", "-c", "echo from sh > sh.txt"], cwd=job.workdir)
    assert ran["exit"] == 0, ran
    said = pathlib.Path(job.workdir, "sh.txt").read_text()
    pathlib.Path(job.workdir, "out.txt").write_text(job.spec["text"] + ", " + said)
planwright.run(builder=build)
"""


def write_program(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    shutil.copy(HELPER, file.parent)
    return file


class Peer:
    """A host of one program, as small as one can be."""

    def __init__(self, program, stage="planwright.planner/1"):
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(20)
        self.process = subprocess.Popen([program], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        theirs.close()
        self.send(HELLO, 0, {"stage": stage, "queue": "q", "settings": "{}"})

    def send(self, kind, number, meta, data=b""):
        text = json.dumps(meta).encode()
        self.socket.sendall(HEADER.pack(len(text), len(data), kind, 0, number) + text + data)

    def read(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            assert part, "the program is gone"
            data += part
        return data

    def receive(self):
        meta, data, kind, _, number = HEADER.unpack(self.read(HEADER.size))
        return kind, number, json.loads(self.read(meta) or b"{}"), self.read(data).decode()

    def plan(self, number, text):
        """The Done of a call, and what was logged."""
        self.send(PLAN, number, {"name": "a", "inline": True, "attributes": "{}"}, text.encode())
        logged = []
        while True:
            kind, answered, meta, data = self.receive()
            if kind == LOG:
                logged.append(data)
            elif kind == PROGRESS:
                self.send(CANCEL, number, {"reason": 2})
            else:
                assert (kind, answered) == (DONE, number), (kind, answered)
                return meta, data, logged

    def end(self):
        self.socket.close()
        self.process.wait(20)
        self.process.stdout.close()


class HelperTest(HostCase):
    def setUp(self):
        super().setUp()
        self.peer = Peer(write_program(self.folder / "plan.py", PLANNER))
        self.addCleanup(self.peer.end)

    def test_serves_calls_and_tells_failures_apart(self):
        self.assertEqual(self.peer.receive()[0], READY)
        meta, plan, logged = self.peer.plan(1, "fine")
        self.assertEqual((json.loads(plan)["jobs"][0]["id"], logged), ("one", ["printed by user code"]))
        self.assertNotIn("failure", meta)
        failure = self.peer.plan(2, "bad")[0]["failure"]
        self.assertEqual((failure["class"], failure["message"]), ("rejected", "this is bad"))
        failure = self.peer.plan(3, "raise")[0]["failure"]
        self.assertEqual((failure["class"], failure["message"]), ("bug", "unexpected KeyError: 'nothing here'"))
        self.assertIn("in plan\n", failure["details"])
        self.assertEqual(self.peer.plan(4, "exit")[0]["failure"]["class"], "bug")
        self.assertEqual(self.peer.plan(5, "wait")[0]["failure"]["class"], "timeout")
        self.assertNotIn("failure", self.peer.plan(6, "fine")[0])

    def test_ends_with_its_host(self):
        self.assertEqual(self.peer.receive()[0], READY)
        self.peer.socket.close()
        self.assertEqual(self.peer.process.wait(20), 0)


class ProgramTest(HostCase):
    def start(self):
        def config(folder):
            write_program(folder / "plan.py", PLANNER)
            write_program(folder / "build.py", BUILDER)
            queue = queue_config(folder / "input", {"plugin": "exec:./plan.py"}, {"plugin": "exec:./build.py"})
            return {"queues": {"default": queue}}

        return self.host(config=config)

    def test_a_host_plans_and_builds_with_programs(self):
        host = self.start()
        host.drop("a", "hello")
        eventually(lambda: host.builds("built"), lambda: (host.inputs(), host.builds(), host.log_tail()))
        plan = host.plans()[0]
        self.assertEqual(plan["summary"]["planner"], f"exec:{host.folder}/plan.py 0.0.0")
        host.drop("b", "raise")
        eventually(lambda: "KeyError" in json.dumps(host.inputs()), lambda: (host.inputs(), host.log_tail()))

    def planned(self, host, name):
        """The names of the jobs and the digest of the program that planned them."""
        host.drop(name, name)

        def found():
            return next((p for p in host.plans() if p["filename"] == name), None)

        plan = eventually(found, lambda: (host.inputs(), host.get("/api/queues/default"), host.log_tail()))
        plugins = [p for p in host.get("/api/plugins")["items"] if p["id"].endswith("/plan.py")]
        return sorted(host.jobs(plan["id"])), {p["digest"] for p in plugins}

    def test_a_changed_program_is_taken_by_a_reload_or_refused_with_its_reason(self):
        host = self.start()
        jobs, first = self.planned(host, "a")
        self.assertEqual(jobs, ["one"])
        self.assertIn("it runs what was installed last", host.cli("plugin", "reload", "default"))
        write_program(host.folder / "plan.py", PLANNER.replace('"one"', '"two"'))
        host.cli("plugin", "reload", "default")
        jobs, second = self.planned(host, "b")
        self.assertEqual(jobs, ["two"])
        self.assertNotEqual(first, second)
        write_program(host.folder / "plan.py", "#!/usr/bin/env python3\nthis is wrong\n")
        refused = host.cli_errors("plugin", "reload", "default")
        for word in ("Nothing was changed", "plan.py", "NameError"):
            self.assertIn(word, refused)
        write_program(host.folder / "plan.py", PLANNER.replace('"one"', '"three"'))
        host.cli("plugin", "reload", "default")
        self.assertEqual(self.planned(host, "c")[0], ["three"])
        self.assertIn("ran no other version", host.cli_errors("plugin", "rollback", "default"))

    def test_a_changed_program_that_was_not_reloaded_holds_its_queue_until_it_is(self):
        host = self.start()
        self.assertEqual(self.planned(host, "a")[0], ["one"])
        write_program(host.folder / "plan.py", PLANNER.replace('"one"', '"two"'))
        host.drop("dies", "die")  # and with it the process that still runs the old program

        def reason():
            return json.dumps(host.get("/api/queues/default"))

        eventually(lambda: "planwright plugin reload QUEUE takes what is there now" in reason(), reason)
        host.cli("plugin", "reload", "default")
        self.assertEqual(self.planned(host, "b")[0], ["two"])

    def test_with_a_lock_a_changed_program_is_refused(self):
        host = self.start()
        file = host.folder / "planwright.yaml"
        host.cli("plugin", "lock", "--config", file, "--data", host.data)
        host.stop()
        file.write_text(file.read_text().replace('"queues"', '"plugins": {"require_lock": true}, "queues"', 1))
        host.start()
        self.assertEqual(self.planned(host, "a")[0], ["one"])
        write_program(host.folder / "plan.py", PLANNER.replace('"one"', '"two"'))
        self.assertIn("plugins.lock has another digest", host.cli_errors("plugin", "reload", "default"))

    def test_a_program_gets_its_secret_and_blobs_of_any_size(self):
        """What it logs of the secret is masked; its builder stores a large output itself."""
        def config(folder):
            write_program(folder / "plan.py", """\
#!/usr/bin/env python3
import planwright
def plan(input, call):
    token = call.secret("TOKEN")
    call.log(f"the token is {token}")
    if len(input.text()) != 3 << 20: planwright.reject(f"too short for {token}")
    return {"jobs": [{"id": "one", "spec": {"length": len(token)}}]}
planwright.run(planner=plan)
""")
            (folder / "plan.py.json").write_text(json.dumps({
                "manifest": 1, "id": "org.acme.plan", "version": "1.2.3", "abi": "1.0",
                "stages": ["planwright.planner/1"], "secrets": ["TOKEN"]}))
            write_program(folder / "build.py", """\
#!/usr/bin/env python3
import pathlib
import planwright
def build(job, call):
    file = pathlib.Path(job.workdir, "large")
    file.write_bytes(b"x" * (3 << 20))
    with file.open("rb") as opened: call.store(opened, "large")
    print("the planner's token has", job.spec["length"])
planwright.run(builder=build)
""")
            (folder / "token").write_text("correct horse battery")
            (folder / "token").chmod(0o600)
            queue = queue_config(folder / "input", {"plugin": "exec:./plan.py", "secrets": ["TOKEN"]}, {"plugin": "exec:./build.py"})
            return {"secrets": {"TOKEN": {"file": str(folder / "token")}}, "queues": {"default": queue}}

        host = self.host(config=config)
        host.drop("a", "y" * (3 << 20))
        eventually(lambda: host.builds("built"), lambda: (host.inputs(), host.builds(), host.log_tail()))
        [artifact] = host.manifest(host.builds()[0]["id"])
        self.assertEqual((artifact["name"], artifact["size"]), ("large", 3 << 20))
        self.assertTrue(host.plans()[0]["summary"]["planner"].endswith("plan.py 1.2.3"))
        self.assertIn("the planner's token has 21", host.job_log(host.jobs(1)["one"]["id"]))
        host.drop("b", "y")
        failed = eventually(lambda: host.inputs("failed"), host.inputs)[0]
        self.assertEqual(failed["error"], "too short for ***")
        self.assertNotIn("battery", json.dumps(host.get("/api/events")) + host.log.read_text() + json.dumps(failed))

    def test_a_program_that_never_answers_is_given_up_with_its_reason(self):
        done = self.run_program("#!/bin/sh\nexec sleep 60\n")
        self.assertIn("did not get ready within 10 s", done.err, done)

    def check(self, program, text):
        config = self.folder / "planwright.yaml"
        planner = {"plugin": f"exec:{program}"}
        config.write_text(json.dumps({"queues": {"default": queue_config(self.folder / "input", planner, None)}}))
        done = Done(BINARY, "check-config", config)
        self.assertIn(text, done.out + done.err)

    def test_check_config_says_why_a_program_cannot_be_started(self):
        program = write_program(self.folder / "plan.py", PLANNER)
        self.check("./plan.py", "ok, 1 queue")
        self.check("./none.py", "There is no program")
        write_program(program, PLANNER.replace("env python3", "env python99"))
        self.check("./plan.py", "The interpreter python99 of")
        write_program(program, "import planwright\n")
        self.check("./plan.py", "has no #! line")
        program.chmod(0o644)
        self.check("./plan.py", "run chmod +x on it")
        write_program(program, PLANNER)
        (self.folder / "plan.py.json").write_text("{}")
        self.check("./plan.py", "plan.py.json: its manifest is wrong")

    def failed_checks(self, text):
        program = write_program(self.folder / "checked.py", text)
        report = json.loads(Done(BINARY, "plugin", "check", program, "--json").out)
        return [each["name"] for each in report["checks"] if each["verdict"] == "failed"]

    def test_plugin_check_finds_what_a_program_does_wrong(self):
        def planner(body):
            return f"#!/usr/bin/env python3\nimport planwright, time\ndef plan(input, call):\n    {body}\nplanwright.run(planner=plan)\n"

        good = 'return {"jobs": [{"id": "one", "spec": {}}]}'
        for body, failed in (
            (good, []),
            ('return {"jobs": [{"id": 7}]}', ["plan-schema-valid"]),
            (f"time.sleep(1.5); {good}", ["cancel-within-1-s"]),
            (f"input.content()[0]; {good}", ["empty-input"]),
            (f"input.content().decode(); {good}", ["strange-bytes"]),
            (f"import os; os._exit(3) if input.content() else 0; {good}", ["works-again", "4-MiB-line", "strange-bytes"]),
        ):
            with self.subTest(body):
                self.assertEqual(self.failed_checks(planner(body)), failed)
        self.assertEqual(self.failed_checks("#!/bin/sh\nexit 3\n"), ["answers-hello"])
        self.assertEqual(self.failed_checks("#!/usr/bin/env python99\n"), ["can-be-started"])

    def test_inspect_reads_a_program_and_install_says_that_it_needs_none(self):
        program = write_program(self.folder / "plan.py", PLANNER)
        self.assertIn(f"exec:{program} 0.0.0", Done(BINARY, "plugin", "inspect", program).out)
        done = Done(BINARY, "plugin", "install", program, "--data", self.folder / "data")
        self.assertEqual(done.code, 2, done)
        self.assertIn("there is nothing to install. Write plugin: exec:PATH", done.err)

    def run_program(self, text, content="fine"):
        program = write_program(self.folder / "plan.py", text)
        (self.folder / "input.txt").write_text(content)
        return Done(BINARY, "plugin", "run", program, self.folder / "input.txt")

    def test_what_does_not_speak_frames_is_named_with_the_remedy(self):
        for text, told in (
            ("#!/bin/sh\necho oops; exit 7\n", ("exit code 7", "oops", "answers Hello with Ready")),
            ("#!/bin/sh\necho 'this is garbage, and no frame' >&0\n", ("answered Hello with something else",)),
            ("#!/bin/cat\n", ("plan.py", "answers Hello with Ready")),
        ):
            done = self.run_program(text)
            self.assertNotEqual(done.code, 0)
            for each in told:
                self.assertIn(each, done.err)

    def test_plugin_run_tells_how_a_program_died(self):
        self.assertEqual(self.run_program(PLANNER).code, 0)
        self.assertIn("died with exit code 3", self.run_program(PLANNER, "die").err)


if __name__ == "__main__":
    main()
