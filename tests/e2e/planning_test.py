#!/usr/bin/python3
"""What a dropped file can make the planner for pip tell and remember. What the build scripts of its archives get at is
tried in sandbox_test.py."""

import hashlib
import json
import os
import unittest

from harness import COMMAND, HostCase, eventually, main, queue_config
from hostile import write_archive

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


FAILS = "def get_requires_for_build_wheel(config_settings=None):\n    raise SystemExit('error: it ran')\n"


class PlanningTest(HostCase):
    def wheels_host(self, name, kind=None, **keys):
        folder = self.folder / name
        write_archive(folder / "index", FAILS)
        planner = {
            "plugin": "planwright.wheels",
            "settings": {"find_links": [str(folder / "index")], "no_index": True, "build_isolation": False},
            **keys,
        }
        return self.host(name, config=lambda place: {
            "queues": {"default": queue_config(place / "input", planner, COMMAND, auto_build=False)}}, **(kind or {}))

    def test_what_the_planner_remembers_is_closed_to_all_that_it_starts(self):
        """What strangers' code tries there is in hostile.py."""
        for name, kind in self.kinds_of_hosts():
            with self.subTest(name):
                host = self.wheels_host(name, kind=kind)
                host.drop("requirements.txt", "spy\n")
                eventually(lambda: host.inputs("failed"), lambda: f"{host.inputs()}", 90)  # noqa: B023
                kept = host.data / "planners/default/planwright.wheels"
                self.assertEqual(kept.stat().st_mode & 0o777, 0o700)
                self.assertTrue(list(kept.iterdir()), "it remembers something")
                host.stop()

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
