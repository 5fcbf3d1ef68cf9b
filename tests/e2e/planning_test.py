#!/usr/bin/python3
"""What a dropped file can make a planner's programs do: pip runs the build scripts of strangers' archives to learn what
they need. What such a script finds stands in the error with which it ends."""

import hashlib
import json
import os
import pathlib
import re
import socket
import threading
import unittest

from harness import COMMAND, HostCase, eventually, main, queue_config
from hostile import write_archive

# A build back end that looks around.
SPY = r'''
import os, pathlib, socket, sys
PLACES = {places!r}
PORT, SOCKET, MARKER, SECRET, KEPT = {port!r}, {socket!r}, {marker!r}, {secret!r}, {kept!r}
def tries(act):
    try:
        return bool(act())
    except BaseException:
        return False
def connects(family, address):
    with socket.socket(family) as one:
        one.settimeout(5)
        one.connect(address)
        one.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return True
def findings():
    found = [name for name, path in PLACES.items() if tries(lambda: open(path, "rb").read(1) or True)]
    # What the planner remembers: whoever writes there says what other archives are.
    found += ["kept"] if tries(lambda: open(KEPT + "/metadata-x", "w").write("x")) else []
    tries(lambda: open(MARKER, "w").write("x"))  # perhaps in a /tmp of its own
    found += ["tcp"] if tries(lambda: connects(socket.AF_INET, ("127.0.0.1", PORT))) else []
    found += ["unix"] if tries(lambda: connects(socket.AF_UNIX, SOCKET)) else []
    found += ["root"] if os.getuid() == 0 else []
    found += ["environment"] if SECRET in "".join(os.environ.values()) else []
    seen = [p for p in os.listdir("/proc") if p.isdigit() and tries(lambda: SECRET in open("/proc/" + p + "/environ").read())]
    found += ["processes"] if seen else []
    return found
def get_requires_for_build_wheel(config_settings=None):
    return []
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    raise SystemExit("error: SPY " + ",".join(findings()) + ".")
'''
SECRET = "only-the-host-knows-this"


# A build back end that waits beside pip until pip has written its report, and writes another in its place.
FORGER = r'''
import json, os
PROJECT, TARGET = {project!r}, {target!r}
REPORT = json.dumps({{
    "version": "1", "pip_version": "23", "environment": {{"python_full_version": "3.11.2"}},
    "install": [{{"download_info": {{"url": "file://" + TARGET, "archive_info": {{}}}},
                 "metadata": {{"name": PROJECT, "version": "1.0"}}}}]}}, indent=1) + "\n"
def pip():
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = open("/proc/" + process + "/cmdline").read().split("\0")
        except OSError:
            continue
        if "--report" in words and "python" in words[0]:
            return process
def forge(said):
    if os.fork():
        return
    os.closerange(0, 3)
    os.setsid()
    while b"\n}}\n" not in os.pread(said, 1 << 20, 0):
        pass
    os.ftruncate(said, 0)
    os.pwrite(said, REPORT.encode(), 0)
    os._exit(0)
def get_requires_for_build_wheel(config_settings=None):
    return []
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    try:
        forge(os.open("/proc/" + pip() + "/fd/1", os.O_RDWR))
    except (OSError, TypeError):
        pass  # it is kept from it
    place = os.path.join(folder, PROJECT + "-1.0.dist-info")
    os.mkdir(place)
    open(place + "/METADATA", "w").write("Metadata-Version: 2.1\nName: " + PROJECT + "\nVersion: 1.0\n")
    return os.path.basename(place)
'''


class PlanningTest(HostCase):
    def setUp(self):
        super().setUp()
        os.environ["PLANNING_TEST_SECRET"] = SECRET
        self.addCleanup(os.environ.pop, "PLANNING_TEST_SECRET")
        self.calls = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        threading.Thread(target=self.listen, daemon=True).start()
        self.marker = pathlib.Path(f"{self.folder}.marker")
        self.marker.parent.mkdir(exist_ok=True)
        self.addCleanup(lambda: self.marker.unlink(missing_ok=True))

    def listen(self):
        while True:
            try:
                caller, _ = self.listener.accept()
            except OSError:
                return
            self.calls.append(caller.recv(100))
            caller.close()

    def wheels_host(self, name, isolation="inproc", kind=None, **keys):
        folder = self.folder / name
        folder.mkdir()
        data = folder / "data"
        places = {
            "shadow": "/etc/shadow",
            "data": str(data / "signing.key"),
            "settings": str(folder / "planwright.yaml"),
            "input": str(folder / "input" / "requirements.txt"),
        }
        back_end = SPY.format(
            places=places, port=self.listener.getsockname()[1], socket=str(data / "run/postgres/.s.PGSQL.5432"),
            marker=str(self.marker), secret=SECRET, kept=str(data / "planners/default/planwright.wheels"))
        write_archive(folder / "index", back_end)
        planner = {
            "plugin": "planwright.wheels",
            "isolation": isolation,
            "settings": {"find_links": [str(folder / "index")], "no_index": True, "build_isolation": False},
            **keys,
        }
        host = self.host(name, config=lambda place: {
            "queues": {"default": queue_config(place / "input", planner, COMMAND, auto_build=False)}}, **(kind or {}))
        (host.folder / "planwright.yaml").chmod(0o600)
        return host

    def found_by_spy(self, host):
        host.drop("requirements.txt", "spy\n")

        def details():
            failed = [item for item in host.inputs("failed") if item["filename"] == "requirements.txt"]
            return failed and re.search(r"SPY ([a-z,]*)\.", str(failed[0]["details"]))

        return eventually(details, lambda: f"{host.inputs()}", 90)[1]

    def test_code_that_runs_while_a_file_is_planned_finds_nothing(self):
        kinds = [(f"{name}-{isolation}", isolation, kind) for name, kind in self.kinds_of_hosts()
                 for isolation in ("inproc", "process")]
        for name, isolation, kind in kinds:
            with self.subTest(name):
                host = self.wheels_host(name, isolation, kind)
                level = host.get("/api/version")["sandbox"]["level"]
                if level == "none":
                    self.skipTest("this machine allows no sandbox")
                found = self.found_by_spy(host)
                self.assertEqual(found, "")
                self.assertFalse(self.marker.exists())
                kept = host.folder / "data/planners/default/planwright.wheels"
                self.assertEqual(kept.stat().st_mode & 0o777, 0o700)
                self.assertTrue(list(kept.iterdir()), "it remembers something")
                self.assertFalse((kept / "metadata-x").exists())
                self.assertEqual(self.calls, [], "it reached the host's network")
                host.stop()

    def test_the_same_code_finds_all_of_it_without_a_sandbox(self):
        """So that the test above can fail."""
        found = self.found_by_spy(self.wheels_host("open", sandbox="none"))
        for word in ("data", "settings", "input", "kept", "tcp", "unix"):
            self.assertIn(word, found.split(","))
        self.assertTrue(self.marker.exists())
        self.assertTrue(self.calls)

    def test_what_such_code_makes_pip_report_is_no_way_to_files_of_the_host(self):
        """A host that is root reads what it is told to store, and anybody may fetch the blob."""
        for name, kind in self.kinds_of_hosts():
            with self.subTest(name):
                host = self.wheels_host(name, kind=kind)
                targets = {"forgea": host.data / "signing.key", "forgeb": "/etc/shadow", "forgec": "/proc/self/environ",
                           "forged": host.folder / "index" / ".." / "data" / "signing.key"}
                for project, target in targets.items():
                    write_archive(host.folder / "index", FORGER.format(project=project, target=str(target)), project)
                    host.drop(f"requirements-{project}.txt", f"{project}\n")
                ended = lambda: len(host.plans()) + len(host.inputs("failed")) == len(targets)  # noqa: E731, B023
                eventually(ended, lambda: f"{host.inputs()}", 90)  # noqa: B023
                for item in host.inputs("failed"):
                    self.assertRegex(item["error"], "is in no folder of find_links|pip printed no report")
                for plan in host.plans():  # made by pip's own report, where the other was kept out
                    jobs = json.loads(host.call("GET", plan["plan_blob_url"]).body)["jobs"]
                    known = {"build_wheel.py", *(f"{project}-1.0.tar.gz" for project in targets)}
                    self.assertLessEqual({name for job in jobs for name in job["inputs"]}, known)
                key = hashlib.sha256((host.data / "signing.key").read_bytes()).hexdigest()
                self.assertEqual(host.call("GET", f"/api/blobs/sha256:{key}").status, 404)
                host.stop()

    def test_an_input_cannot_name_files_of_the_host(self):
        host = self.wheels_host("names")
        lines = ["-r /etc/shadow", "-r /proc/self/environ", "-c /etc/shadow", "-r /dev/zero", "file:///etc/shadow",
                 "--find-links /", "--index-url http://127.0.0.1:1/simple", "-e .", "${HOME}"]
        for number, line in enumerate(lines):
            host.drop(f"requirements-{number}.txt", f"# by a stranger\n{line}\n")
        failed = eventually(lambda: len(host.inputs("failed")) == len(lines) and host.inputs("failed"), lambda: host.inputs(), 60)
        for item in failed:
            number = int(item["filename"].split("-")[1].split(".")[0])
            self.assertIn(f"{item['filename']}, line 2: ", item["error"])
            self.assertIn("is not allowed here", item["error"], lines[number])
            self.assertNotIn("root:", json.dumps(item))

    @unittest.skipUnless(os.geteuid() == 0, "only of a host that is root programs are other users")
    def test_a_folder_that_only_root_can_read_is_named_with_the_setting_and_the_remedy(self):
        host = self.wheels_host("closed")
        index, above = host.folder / "index", host.folder
        index.chmod(0o700)
        self.addCleanup(above.chmod, 0o755)
        host.drop("requirements.txt", "spy\n")
        held = eventually(lambda: host.get("/api/queues/default")["plan"]["reason"], lambda: host.inputs(), 60)
        for part in ("find_links", str(index), f"chmod o+rx {index}"):
            self.assertIn(part, held)
        self.assertNotIn("bwrap", held)
        checked = host.cli_errors("check-config", host.folder / "planwright.yaml")
        for part in ("find_links", str(index), f"chmod o+rx {index}"):
            self.assertIn(part, checked)
        index.chmod(0o755)
        host.cli("check-config", host.folder / "planwright.yaml")
        above.chmod(0o750)
        self.assertIn(f"chmod o+x {above}", host.cli_errors("check-config", host.folder / "planwright.yaml"))

    def test_limits_hold_for_what_a_planner_starts(self):
        host = self.wheels_host("limits", limits={"memory": "64MiB"})
        host.drop("requirements.txt", "spy\n")
        failed = eventually(lambda: host.inputs("failed"), lambda: f"{host.inputs()}", 90)
        self.assertIn("limit", json.dumps(failed))


if __name__ == "__main__":
    main()
