#!/usr/bin/env python3
"""Plugins that did not come with planwright, below a host that is root: as whom they run, and what they get at.

What they do is asserted on files and processes: findings are files in `said`, which every user may write to.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import stat
import textwrap
import unittest

from harness import BARE, BINARY, BUBBLEWRAP, HostCase, eventually, main, queue_config
from program_test import write_program

STRANGER = pathlib.Path(BINARY).resolve().parent / "tests" / "plugins" / "stranger.so"
OWN_USERS = range(61184, 65520)  # what systemd keeps for such
SECRET = "only root may read this"

# Tries to read each path and to reach each socket; what works is a file in `said`.
LOOK = """\
import os, socket, sys
said, stage = sys.argv[1], sys.argv[2]
def say(name, text): open(os.path.join(said, f"{stage}.{name}"), "w").write(text)
for path in sys.argv[3:]:
    name = path.replace("/", "_")
    try:
        if os.path.isdir(path): say("listed" + name, repr(os.listdir(path)))
        else: say("read" + name, repr(open(path, "rb").read()))
    except OSError: pass
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        say("reached" + name, "")
    except OSError: pass
say("user", open(f"/proc/{os.getppid()}/status").read())
"""

# An exec: planner that asks the host for what the input says.
ASKS = """\
#!/usr/bin/env python3
import json
import planwright
def plan(input, call):
    spec = json.loads(input.text())
    try: call.log("ANSWER " + json.dumps(call.run(**spec)))
    except Exception as error: planwright.reject(f"ANSWER {error}")
    return {"jobs": [{"id": "one", "outputs": ["**"], "spec": spec}]}
def build(job, call): print("ANSWER", call.run(**job.spec))
planwright.run(planner=plan, builder=build)
"""


# An exec: source that leaves one file in its own folder in each of two polls. Its process is tired after the first, and
# dies after the second.
ENDS = """\
#!/usr/bin/env python3
import os, pathlib
import planwright
send = planwright._Host.send
def send_and_end(host, kind, number, meta, data=b"", fd=None):
    is_done = kind == planwright.DONE
    send(host, kind, number, {**meta, "tired": True} if is_done and data == b"1" else meta, data, fd)
    if is_done and data == b"2": os._exit(3)
planwright._Host.send = send_and_end
def poll(cursor, call):
    last = int(cursor or 0)
    if last == 2: return "3", 0.05
    if last == 3: return "3", 60.0
    os.umask(0o077)
    folder = pathlib.Path(call.folder(), "sub")
    folder.mkdir(exist_ok=True)
    file = folder / f"file{last}"
    file.write_text(f"by {last}")
    yield planwright.found(file.name, path=str(file))
    return str(last + 1), 0.05
planwright.run(source=poll)
"""


# A source whose process is tired after each poll, and whose polls come far more often than files become stable.
TIRED = """\
#!/usr/bin/env python3
import os, pathlib
import planwright
send = planwright._Host.send
def send_tired(host, kind, number, meta, data=b"", fd=None):
    send(host, kind, number, {**meta, "tired": True} if kind == planwright.DONE else meta, data, fd)
planwright._Host.send = send_tired
def poll(cursor, call):
    folder = pathlib.Path(call.folder())
    with (folder / "pids").open("a") as pids: print(os.getpid(), file=pids)
    if not (folder / "file").exists(): (folder / "file").write_text("content")
    yield planwright.found("file", path=str(folder / "file"))
    return "1", 0.05
planwright.run(source=poll)
"""

# Takes off the mark by which the keeper knows its own (a limit, which anybody may lower), and leaves its session.
DAEMON = """\
import os, resource, sys, time
resource.setrlimit(resource.RLIMIT_RTTIME, (1 << 40, 1 << 40))
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
for fd in range(3): os.close(fd)
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(600)
"""


def user_in(status):
    return {int(word) for line in status.splitlines() if line.startswith("Uid:") for word in line.split()[1:]}


@unittest.skipUnless(os.geteuid() == 0, "a host that is not root gives its own user to all")
class StrangersTest(HostCase):
    def setUp(self):
        super().setUp()
        self.said = self.folder / "said"
        self.roots = self.folder / "roots"  # of root alone
        for folder, mode in ((self.said, 0o777), (self.roots, 0o700)):
            folder.mkdir()
            folder.chmod(mode)
        (self.roots / "secret").write_text(SECRET)

    def script(self, text):
        file = self.said / "script.sh"
        file.write_text(text)
        return str(file)

    def stranger_host(self, planner=None, builder=None, source=None, start=True, name="host", **options):
        """Settings of the stages that are the stranger's, each a pair of its settings and its keys; `options` are Host's."""
        def config(folder):
            (folder / "plugins").mkdir(parents=True)
            shutil.copy(STRANGER, folder / "plugins")
            queue = queue_config(folder / "input", {"plugin": "planwright.noop-planner", "settings": {"jobs": 1}},
                                 {"plugin": "planwright.noop-builder"})
            for kind, given in (("planner", planner), ("builder", builder)):
                if given is not None:
                    queue[kind] = {"plugin": "test.stranger", "settings": given[0], **given[1]}
            queues = {"default": queue}
            if source is not None:
                other = queue_config(folder / "other", {"plugin": "planwright.noop-planner", "settings": {"jobs": 1}},
                                     {"plugin": "planwright.noop-builder"})
                other["source"] = {"plugin": "test.stranger", "settings": source[0], **source[1]}
                queues["watched"] = other
            return {"plugins": {"path": [str(folder / "plugins")]}, "queues": queues}

        return self.host(name, config=config, start=start, **options)

    def planned(self, host, text="hello", name="a"):
        host.drop(name, text)
        eventually(lambda: host.inputs("planned"), lambda: (host.inputs(), host.log_tail()))

    def look_script(self, data):
        (self.said / "look.py").write_text(LOOK)
        config = self.folder / "host" / "planwright.yaml"
        paths = [data, data / "blobs", data / "work", data / "sources", data / "blobs" / "signing.key", data / "signing.key",
                 data / "id", data / "planwright.url", data / "plugins" / "installed.json", data / "run" / "postgres",
                 data / "run" / "postgres" / ".s.PGSQL.5432", data / "run" / "redis" / "redis.sock", config,
                 self.roots / "secret", "/etc/shadow"]
        return self.script('if [ "$1" = build ]; then mkdir "$2/out" && touch "$2/out/made"; fi\n'
                           f"exec python3 {self.said}/look.py {self.said} $1 {' '.join(map(str, paths))}\n")

    def found(self, stage):
        return sorted(path.name for path in self.said.glob(f"{stage}.*") if not path.name.endswith(".user"))

    def users(self, stage):
        return user_in((self.said / f"{stage}.user").read_text())

    def test_the_process_of_each_stage_has_a_user_of_its_own_and_gets_at_nothing(self):
        script = {"script": self.look_script(self.folder / "host" / "data")}
        host = self.stranger_host(planner=(script, {}), builder=(script, {}), source=(script, {}), start=False)
        (host.folder / "planwright.yaml").chmod(0o600)
        host.start()
        host.drop("a", "hello")
        eventually(lambda: host.plans("built"), lambda: (host.inputs(), host.builds(), host.log_tail()))
        eventually(lambda: (self.said / "poll.user").exists(), lambda: host.log_tail())
        keys = [path for path in host.data.rglob("*.key")]
        self.assertTrue(keys, "the key is there, and the script looked for it")
        users = set()
        for stage in ("plan", "build", "poll"):
            self.assertEqual(self.found(stage), [], stage)
            [user] = self.users(stage)
            self.assertIn(user, OWN_USERS, stage)
            users.add(user)
        self.assertEqual(len(users), 3, "each process has its own")

    @unittest.skipUnless(BUBBLEWRAP, "no bubblewrap")
    def test_who_is_given_the_rights_of_the_host_has_them_and_strict_has_less(self):
        script = {"script": self.look_script(self.folder / "host" / "data")}
        open_to_all = {"worker_sandbox": {"profile": "none"}}
        strict = {"worker_sandbox": {"profile": "strict"}}
        host = self.stranger_host(planner=({}, strict), builder=(script, open_to_all), source=(script, open_to_all))
        host.drop("a", "hello")
        eventually(lambda: host.plans("built"), lambda: (host.inputs(), host.builds(), host.log_tail()))
        eventually(lambda: (self.said / "poll.user").exists(), lambda: host.log_tail())
        self.assertEqual((self.users("build"), self.users("poll")), ({0}, {0}))
        self.assertTrue([name for name in self.found("build") if name.endswith("_secret")], self.found("build"))
        self.assertTrue([found for found in map(user_in, self.workers_of(host)) if found <= set(OWN_USERS)])

    def test_bundled_plugins_in_a_process_of_their_own_are_the_hosts(self):
        host = self.host(config=lambda folder: {"queues": {"default": queue_config(
            folder / "input", {"plugin": "planwright.recipe", "isolation": "process"}), "strict": queue_config(
            folder / "strict", {"plugin": "planwright.recipe", "isolation": "process", "worker_sandbox": {"profile": "strict"}})}})
        recipe = "jobs: {one: {command: 'true'}}\n"
        for folder in ("input", "strict"):
            host.drop(f"{folder}.plan.yaml", recipe, folder=host.folder / folder)
        eventually(lambda: len(host.plans("built")) == 2, lambda: (host.inputs(), host.log_tail()))
        users = [user_in(status) for status in self.workers_of(host)]
        self.assertIn({0}, users)
        if host.get("/api/version")["sandbox"]["level"] == "namespaces":
            self.assertTrue([found for found in users if found < set(OWN_USERS)], users)

    def workers_of(self, host):
        """/proc/PID/status of the workers below the host."""
        parents, workers = {}, {}
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                status = (entry / "status").read_text()
            except OSError:
                continue
            fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            parents[int(fields["Pid"])] = int(fields["PPid"])
            if fields["Name"] == "pw-worker":
                workers[int(fields["Pid"])] = status
        def is_below(pid):
            while pid in parents and pid != host.process.pid:
                pid = parents[pid]
            return pid == host.process.pid
        return [status for pid, status in workers.items() if is_below(pid)]

    def test_a_builder_works_in_the_folder_of_its_job_and_cannot_leave_a_way_out_of_it(self):
        """A process that it leaves behind swaps a folder of outputs for a link, and back, while the host takes them."""
        script = self.script(textwrap.dedent(f"""\
            [ "$1" = build ] && cd "$2" || exit 0
            mkdir out && echo mine > out/secret && cp in.txt out/copy 2>/dev/null
            id -u > {self.said}/builder
            (while [ -e out -o -L out ]; do mv out kept; ln -s {self.roots} out; rm out; mv kept out; done) >/dev/null 2>&1 &
            exit 0
            """))
        host = self.stranger_host(planner=({}, {}), builder=({"script": script}, {}))
        for n in range(20):
            host.drop(f"a{n}", f"hello {n}")
        eventually(lambda: len(host.plans("built")) + len(host.plans("failed")) == 20, lambda: (host.builds(), host.log_tail()), 60)
        self.assertIn(int((self.said / "builder").read_text()), OWN_USERS)
        contents = {host.blob(found["digest"]) for build in host.builds("built") for found in host.manifest(build["id"])}
        self.assertLessEqual(contents, {b"mine\n"})
        self.assertTrue(all(path.lstat().st_uid == 0 for path in self.roots.rglob("*")))
        self.assertEqual(self.roots.stat().st_uid, 0)

    def test_what_its_source_names_is_read_with_its_rights(self):
        """Also by a link that leads elsewhere later; a file that everybody may read becomes an input."""
        (self.said / "open").write_text("for all")
        (self.said / "closed").write_text(SECRET)
        (self.said / "closed").chmod(0o600)
        (self.said / "way").symlink_to(self.roots)
        for name, is_taken in (("open", True), ("closed", False), ("way/secret", False)):
            with self.subTest(name):
                host = self.stranger_host(source=({"file": str(self.said / name)}, {}))
                if is_taken:
                    taken = eventually(host.inputs, lambda: host.log_tail())
                    self.assertEqual(taken[0]["filename"], name)
                else:
                    eventually(lambda: host.get("/api/queues/watched"), "it is there")
                    polls = lambda: host.sql("select count(*) from events where queue = 'watched'")[0][0]  # noqa: E731
                    eventually(lambda: int(polls()) > 0 or self.polled(host) > 3, lambda: host.log_tail())
                    self.assertEqual(host.inputs(), [])
                if name == "closed":
                    eventually(lambda: "closed to the user that its source runs as" in json.dumps(host.get("/api/events")),
                               lambda: host.get("/api/events"))
                host.stop()
                shutil.rmtree(host.folder)

    def test_what_it_left_in_its_folder_outlives_its_process(self):
        def config(folder):
            program = write_program(folder / "ends.py", ENDS)
            queue = queue_config(folder / "input", {"plugin": "planwright.noop-planner", "settings": {"jobs": 1}},
                                 {"plugin": "planwright.noop-builder"})
            queue["source"] = {"plugin": f"exec:{program}", "stable_for": "300ms"}
            return {"queues": {"default": queue}}

        host = self.host(config=config)
        found = lambda: (host.inputs(), host.get("/api/arriving"), host.get("/api/events"), host.log_tail())  # noqa: E731
        eventually(lambda: {each["filename"] for each in host.inputs()} == {"file0", "file1"}, found)
        self.assertNotIn("cannot be read", json.dumps(host.get("/api/events")))
        self.assertNotIn("is closed to", json.dumps(host.get("/api/events")))
        self.assertIn("exit code 3", host.log_tail())

    def test_a_file_becomes_stable_however_short_the_processes_of_its_source_live(self):
        def config(folder):
            program = write_program(folder / "tired.py", TIRED)
            queue = queue_config(folder / "input", {"plugin": "planwright.noop-planner", "settings": {"jobs": 1}},
                                 {"plugin": "planwright.noop-builder"})
            queue["source"] = {"plugin": f"exec:{program}", "stable_for": "2s"}
            return {"queues": {"default": queue}}

        host = self.host(config=config)
        taken = eventually(host.inputs, lambda: (host.get("/api/arriving"), host.log_tail()))
        self.assertEqual([each["filename"] for each in taken], ["file"])
        pids = next((host.data / "sources").rglob("pids")).read_text().split()
        self.assertGreater(len(pids), 1, "each process writes one; in a namespace of its own they are alike")

    def test_what_its_process_and_its_programs_may_use_of_the_machine_has_a_default(self):
        """2 GiB of memory, 4096 files, whoever it is and without a word in the configuration."""
        for name, kind in {"host": {}, "bare": BARE}.items():
            with self.subTest(name):
                tried = self.said / f"tried-{name}"
                script = self.script(textwrap.dedent(f"""\
                    [ "$1" = poll ] || exit 0
                    [ ! -e {tried} ] || exit 0
                    ulimit -n > {tried}.files
                    python3 -c 'x = b"x" * (2300 << 20); open("{tried}.much", "w")' 2> /dev/null
                    python3 -c 'x = b"x" * (500 << 20); open("{tried}.enough", "w")'
                    touch {tried}
                    """))
                host = self.stranger_host(source=({"script": script}, {}), name=name, **kind)
                eventually(tried.exists, lambda: host.log_tail(), 60)  # noqa: B023
                self.assertEqual(pathlib.Path(f"{tried}.files").read_text().strip(), "4096")
                self.assertFalse(pathlib.Path(f"{tried}.much").exists())
                self.assertTrue(pathlib.Path(f"{tried}.enough").exists())
                host.stop()

    def polled(self, host):
        for line in host.call("GET", "/metrics").body.decode().splitlines():
            if line.startswith("planwright_watcher_last_scan_timestamp_seconds") and 'queue="watched"' in line:
                self._scans = getattr(self, "_scans", set()) | {line.split()[-1]}
        return len(getattr(self, "_scans", ()))

    def test_a_source_has_its_folder_again_after_a_restart(self):
        """With its user, so that nothing in it changes."""
        script = self.script(f'[ "$1" != poll ] || {{ id -u >> "$2/users" && cp "$2/users" {self.said}/users.$$; chmod 777 "$2"; }}\n')
        host = self.stranger_host(source=({"script": script}, {}))

        def users():
            files = sorted(self.said.glob("users.*"), key=lambda path: path.stat().st_size)
            return set(map(int, files[-1].read_text().split())) if files else set()

        eventually(lambda: len(users()) == 1, lambda: host.log_tail())
        folder = next((host.data / "sources").glob("watched/*/users")).parent
        host.stop()
        kept = folder / "kept"
        kept.write_text("x")
        os.chown(kept, *(folder / "users").stat()[4:6])
        before = kept.stat()
        self.assertEqual(folder.stat().st_uid, 0, "nobody else who gets the number gets in")
        self.assertEqual(stat.S_IMODE(folder.stat().st_mode), 0o700)
        for file in self.said.glob("users.*"):
            file.unlink()
        host.start()
        eventually(lambda: len(users()) == 1, lambda: (users(), host.log_tail()))
        self.assertTrue(users() <= set(OWN_USERS))
        self.assertEqual(kept.stat(), before)

    def test_what_it_leaves_behind_ends_with_its_process(self):
        """Also where nothing but its user, or its parent, tells whose it is."""
        (self.said / "daemon.py").write_text(DAEMON)
        for name, kind in self.kinds_of_hosts():
            if "landlock" in name:
                continue  # a plugin has no sandbox by default
            with self.subTest(name):
                told = self.said / f"daemon-{name}"
                script = self.script(f'[ "$1" != plan ] || python3 {self.said}/daemon.py {told}\n')
                host = self.stranger_host(planner=({"script": script}, {}), name=name, **kind)
                self.planned(host)
                pid = int(eventually(lambda: told.exists() and told.read_text(), "it runs"))  # noqa: B023
                self.assertTrue(pathlib.Path(f"/proc/{pid}").exists())
                user = user_in(pathlib.Path(f"/proc/{pid}/status").read_text())
                workers = [re.search(r"^Pid:\t(\d+)", status, re.M)[1] for status in self.workers_of(host) if user_in(status) == user]
                self.assertTrue(workers)
                for worker in workers:
                    os.kill(int(worker), signal.SIGKILL)
                eventually(lambda: not pathlib.Path(f"/proc/{pid}").exists(), f"{pid} still runs")  # noqa: B023
                self.assertTrue(host.is_running)
                host.stop()

    def test_a_text_that_is_only_compared_gives_it_no_more_rights(self):
        """To try a stage runs its code, and anybody may ask for a comparison."""
        script = {"script": self.script(f"id -u >> {self.said}/created\n")}
        host = self.stranger_host(planner=(script, {}))
        self.planned(host)
        written = json.loads((host.folder / "planwright.yaml").read_text())
        for keys in (
            {"isolation": "inproc"}, {"worker_sandbox": {"profile": "none"}}, {"sandbox": "none"}, {"network": True},
            {"readable": ["/root"]},
        ):
            planner = {**written["queues"]["default"]["planner"], **keys}
            text = {**written, "queues": {"default": {**written["queues"]["default"], "planner": planner}}}
            answer = host.call("POST", "/api/reload", {"dry_run": True, "text": json.dumps(text)})
            self.assertIn("has more rights", json.dumps(answer.json), keys)
        self.assertNotIn("0", (self.said / "created").read_text().split())
        self.assertNotIn("test.stranger", pathlib.Path(f"/proc/{host.process.pid}/maps").read_text())

    # -- what it asks of the host

    def asking_host(self, **keys):
        def config(folder):
            program = write_program(folder / "asks.py", ASKS)
            return {"queues": {"default": queue_config(
                folder / "input", {"plugin": f"exec:{program}", **keys}, {"plugin": f"exec:{program}"})}}

        return self.host(config=config)

    def asked(self, host, name, spec):
        """What became of the input, and of its job."""
        host.drop(name, json.dumps(spec))

        def ended():
            found = next((i for i in host.inputs() if i["filename"] == name), {})
            if found.get("status") == "failed":
                return found["error"]
            plan = next((p for p in host.plans() if p["filename"] == name), {})
            return plan.get("status") in ("built", "failed") and host.job_log(host.jobs(plan["id"])["one"]["id"])

        return eventually(ended, lambda: (host.inputs(), host.plans(), host.log_tail()))

    def test_the_host_does_nothing_for_it_that_it_may_not_do(self):
        host = self.asking_host()
        sh = lambda script: ["sh", "-c", script]  # noqa: E731
        cases = {
            "files elsewhere": {"argv": ["true"], "cwd": str(self.folder), "files": {"written": {"text": "x"}}},
            "another user": {"argv": sh(f"id -u > {self.said}/chosen"), "user": "root", "sandbox": "none"},
            "root's folder": {"argv": sh(f"echo x > {self.folder}/written; cp {self.roots}/secret {self.said}/copied"),
                              "cwd": str(self.folder), "sandbox": "none"},
            "readable": {"argv": sh(f"cat {self.roots}/secret > {self.said}/copied; true"), "readable": [str(self.roots)],
                         "sandbox": "auto"},
        }
        for name, spec in cases.items():
            with self.subTest(name):
                self.asked(host, name, spec)
        for name in ("written", "said/chosen"):
            self.assertFalse((self.folder / name).exists(), name)
        self.assertEqual((self.said / "copied").read_text() if (self.said / "copied").exists() else "", "")
        for path in (self.folder, self.roots, self.roots / "secret", host.folder):
            self.assertEqual(path.stat().st_uid, 0, path)

    def test_a_program_of_a_builder_shares_its_user_and_its_folder(self):
        def config(folder):
            build = write_program(folder / "build.py", textwrap.dedent(f"""\
                #!/usr/bin/env python3
                import os, pathlib
                import planwright
                def build(job, call):
                    os.symlink("{self.roots}", job.workdir + "/way")
                    for n, sandbox in enumerate(("none", "auto")):
                        call.run(["sh", "-c", f"id -u > by{{n}}; echo x > way/written{{n}}"], cwd=job.workdir, sandbox=sandbox)
                        call.run(["sh", "-c", "echo x > there"], cwd=job.workdir + "/way", sandbox=sandbox)
                    pathlib.Path(job.workdir, "me").write_text(str(os.geteuid()))
                    pathlib.Path(job.workdir, "by0").open("a").write("and mine")
                planwright.run(builder=build)
                """))
            return {"queues": {"default": queue_config(folder / "input", builder={"plugin": f"exec:{build}"})}}

        host = self.host(config=config)
        host.drop("a.plan.yaml", "jobs: {one: {command: 'true', outputs: ['by*', me]}}")
        eventually(lambda: host.plans("built"), lambda: (host.builds(), host.log_tail(), host.items("/api/dead-letters")))
        made = {each["name"]: host.blob(each["digest"]).decode() for each in host.manifest(host.builds()[0]["id"])}
        self.assertIn(int(made["me"]), OWN_USERS)
        self.assertEqual(made["by0"], made["me"] + "\nand mine")
        self.assertEqual(sorted(path.name for path in self.roots.iterdir()), ["secret"])
        self.assertEqual(self.roots.stat().st_uid, 0)


if __name__ == "__main__":
    main()
