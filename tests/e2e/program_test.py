#!/usr/bin/env python3
"""Stages that are programs (`plugin: exec:./plan.py`): the helper for Python, and a host that runs them."""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess

from commands import Done
from harness import BINARY, ROOT, HostCase, eventually, main, queue_config

HELPER = ROOT / "sdk" / "python" / "planwright.py"
HEADER = struct.Struct("<IIHHI")
HELLO, PLAN, CANCEL, POLL, READY, DONE, LOG, EVENT, PROGRESS = 1, 2, 4, 6, 16, 18, 19, 20, 22

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

# Finds the files of a folder in the order of their names, one in a poll; the cursor is the last. What it is to do is in
# files of that folder, too: hidden ones, which are no inputs.
SOURCE = """\
#!/usr/bin/env python3
import os, pathlib
import planwright
def poll(cursor, call):
    drop = pathlib.Path(call.settings["drop"])
    pathlib.Path(call.folder(), "kept").touch()
    for file in sorted(drop.glob("[!.]*")):
        if file.name <= cursor: continue
        cursor = file.name
        yield planwright.found(file.name, digest=call.store(file.read_bytes()), attributes={"by": len(call.secret("WHO"))})
        if (drop / ".die-in-poll").exists(): os._exit(4)
        if (drop / ".hang").exists():
            while True: call.check()
        break
    (drop / ".pid").write_text(str(os.getpid()))
    return cursor, 0.05
planwright.run(source=poll)
"""
SOURCE_MANIFEST = {
    "manifest": 1, "id": "org.acme.watch", "version": "1.0.0", "abi": "1.0", "stages": ["planwright.source/1"],
    "secrets": ["WHO"]}


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

    def test_a_source_yields_and_returns(self):
        """Names that are no text are refused; a cursor stays when none is returned."""
        peer = Peer(write_program(self.folder / "watch.py", """\
#!/usr/bin/env python3
import planwright
def poll(cursor, call):
    yield planwright.found("a/b", path="/x/a/b", attributes={"n": 1})
    yield planwright.found("bad" + chr(0xdc80), path="/x/bad")
    if cursor == "wrong": yield "c"
    if cursor == "first": return "second", 2.5
planwright.run(source=poll)
"""), "planwright.source/1")
        self.addCleanup(peer.end)
        self.assertEqual(peer.receive()[0], READY)

        def poll(number, cursor):
            peer.send(POLL, number, {}, cursor.encode())
            event, done = peer.receive(), peer.receive()
            self.assertEqual((event[0], json.loads(event[3])["reason"]), (EVENT, "its name is not UTF-8"))
            self.assertEqual(done[:2], (DONE, number))
            return done[2:]

        meta, cursor = poll(1, "first")
        item = {"name": "a/b", "path": "/x/a/b", "digest": "", "attributes": '{"n": 1}'}
        self.assertEqual((meta["items"], meta["next_ms"], cursor), ([item], 2500, "second"))
        self.assertEqual(poll(2, "last")[1], "last")
        meta, cursor = poll(3, "wrong")
        self.assertEqual((meta["failure"]["class"], meta.get("items"), cursor), ("bug", None, ""))

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

    def test_a_changed_manifest_beside_the_same_program_is_taken_by_a_reload_or_refused(self):
        host = self.start()
        self.assertEqual(self.planned(host, "a")[0], ["one"])
        manifest = {
            "manifest": 1, "id": "org.acme.plan", "version": "1.0.0", "abi": "1.0", "stages": ["planwright.planner/1"],
            "settings": {"type": "object", "required": ["who"], "properties": {"who": {"type": "string"}}}}
        beside = host.folder / "plan.py.json"
        beside.write_text(json.dumps(manifest))
        refused = host.cli_errors("plugin", "reload", "default")
        self.assertIn("Nothing was changed", refused)
        self.assertIn("who", refused)
        del manifest["settings"]
        beside.write_text(json.dumps(manifest))
        host.cli("plugin", "reload", "default")
        self.planned(host, "b")
        self.assertEqual([p["summary"]["planner"].split()[1] for p in sorted(host.plans(), key=lambda p: p["filename"])],
                         ["0.0.0", "1.0.0"])
        self.assertIn("it runs what was installed last", host.cli("plugin", "reload", "default"))

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

    def start_source(self, **keys):
        self.drops = self.folder / "drops"
        self.drops.mkdir()

        def config(folder):
            write_program(folder / "watch.py", SOURCE)
            (folder / "watch.py.json").write_text(json.dumps(SOURCE_MANIFEST))
            (folder / "who").write_text("the watcher")
            (folder / "who").chmod(0o600)
            queue = queue_config(folder / "input", {"plugin": "planwright.noop-planner"}, {"plugin": "planwright.noop-builder"})
            queue["source"] = {
                "plugin": "exec:./watch.py", "secrets": ["WHO"], "settings": {"drop": str(self.drops)}, **keys}
            queue["source"].setdefault("sandbox", "none")  # it writes its pid where the test looks
            queue["source"].setdefault("worker_sandbox", {"profile": "none"})
            return {"secrets": {"WHO": {"file": str(folder / "who")}}, "queues": {"default": queue}}

        return self.host(config=config)

    def put(self, *names):
        for name in names:
            part = self.drops / ("." + name)
            part.write_text(name)
            part.rename(self.drops / name)

    def assert_planned(self, host, *names):
        """These and no others, each once."""
        eventually(lambda: len(host.inputs("planned")) >= len(names), lambda: (host.inputs(), host.log_tail()))
        self.assertEqual(sorted(i["filename"] for i in host.inputs()), sorted(names))

    def test_a_source_that_is_killed_between_polls_loses_and_doubles_nothing(self):
        host = self.start_source()
        self.put("a", "b")
        self.assert_planned(host, "a", "b")
        first = (self.drops / ".pid").read_text()
        os.kill(int(first), signal.SIGKILL)
        self.put("c", "d")
        self.assert_planned(host, "a", "b", "c", "d")
        self.assertNotEqual((self.drops / ".pid").read_text(), first)

    def test_a_source_sees_what_is_readable_and_no_more(self):
        host = self.start_source(sandbox="auto", readable=[str(self.folder / "drops")])
        level = host.get("/api/version")["sandbox"]["level"]
        self.put("a")
        told = eventually(lambda: host.items("/api/events?type=source.failed"), lambda: host.log_tail())
        self.assertRegex(told[0]["event"]["data"]["message"], "Read-only|Permission denied", level)
        self.assertFalse((self.drops / ".pid").exists())

    def test_a_source_that_dies_in_a_poll_says_so_and_nothing_of_the_poll_is_taken(self):
        host = self.start_source()
        (self.drops / ".die-in-poll").touch()
        self.put("a")
        told = eventually(lambda: host.items("/api/events?type=source.failed"), lambda: host.log_tail())
        self.assertIn("died with exit code 4", told[0]["event"]["data"]["message"])
        self.assertEqual(host.inputs(), [])
        (self.drops / ".die-in-poll").unlink()
        self.assert_planned(host, "a")

    def test_a_poll_of_a_program_has_a_deadline(self):
        host = self.start_source(deadline="300ms")
        (self.drops / ".hang").touch()
        self.put("a")
        eventually(lambda: host.items("/api/events?type=source.failed"), lambda: host.log_tail())
        (self.drops / ".hang").unlink()
        self.assert_planned(host, "a")

    def test_a_changed_source_is_taken_by_a_reload_or_refused_and_goes_on_at_its_cursor(self):
        host = self.start_source()
        self.put("a")
        self.assert_planned(host, "a")
        for text, told in (("#!/usr/bin/env python3\nthis is wrong\n", "NameError"),
                           (PLANNER, "the program has no stage planwright.source/1")):
            write_program(host.folder / "watch.py", text)
            refused = host.cli_errors("plugin", "reload", "default")
            self.assertIn("Nothing was changed", refused)
            self.assertIn(told, refused)
        write_program(host.folder / "watch.py", SOURCE.replace("found(", "found('new-' + "))
        first = (self.drops / ".pid").read_text()
        host.cli("plugin", "reload", "default")
        eventually(lambda: (self.drops / ".pid").read_text() not in ("", first), lambda: host.log_tail())
        self.put("b")
        self.assert_planned(host, "a", "new-b")

    def test_plugin_run_and_check_take_a_source(self):
        program = write_program(self.folder / "watch.py", """\
#!/usr/bin/env python3
import planwright
def poll(cursor, call):
    yield planwright.found("a.txt", path="/drop/a.txt", attributes={"size": 7})
    return cursor + "+", 30
planwright.run(source=poll)
""")
        done = Done(BINARY, "plugin", "run", program, "--stage", "source", "--cursor", "7")
        self.assertEqual((done.code, done.out), (0, 'a.txt  /drop/a.txt  {"size": 7}\n'), done)
        self.assertIn("cursor: 7+\nnext poll in 30000 ms", done.err)
        self.assertEqual(Done(BINARY, "plugin", "check", program).code, 0)

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
