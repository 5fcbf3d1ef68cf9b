#!/usr/bin/python3
"""Other versions of a plugin in a running queue: install, try, go over, go back, lock.

RELOADS=100 tests/e2e/plugin_switch_test.py is the long one.
"""

import os
import pathlib
import re
import shutil

from commands import SLOWNESS, has_own_memory
from harness import ROOT, HostCase, eventually, main, queue_config
from load import under_load

BUILD = pathlib.Path(os.environ.get("PLANWRIGHT_BINARY", ROOT / "build" / "planwright")).parent
VERSIONS = BUILD / "tests" / "plugins" / "versions"
RELOADS = int(os.environ.get("RELOADS", 12))


class PluginSwitchTest(HostCase):
    def start(self, jobs=1, isolation="auto", **reload):
        def config(folder):
            planner = {"plugin": "planwright.noop-planner", "settings": {"jobs": jobs}, "isolation": isolation}
            builder = {"plugin": "planwright.noop-builder"}
            queue = queue_config(folder / "input", planner=planner, builder=builder, reload={"canary": 2, **reload})
            return {"queues": {"default": queue}}

        return self.host(config=config)

    def install(self, host, name, tail=b""):
        """The plugin, with other bytes behind it for another digest. Gives the digest."""
        folder = host.folder / "new"
        folder.mkdir(exist_ok=True)
        file = folder / "plugin.so"
        file.write_bytes((VERSIONS / f"{name}.so").read_bytes() + tail)
        file.chmod(0o644)
        return re.search("sha256:[0-9a-f]+", host.cli("plugin", "install", file, "--data", host.data))[0]

    def plan(self, host, name):
        host.drop(name, name)
        eventually(lambda: any(p["filename"] == name for p in host.plans()), lambda: host.inputs())
        return next(p for p in host.plans() if p["filename"] == name)["summary"]["planner"]

    def events(self, host, kind):
        return [item["event"]["data"] for item in host.get(f"/api/events?type={kind}")["items"]]

    def test_a_good_version_is_tried_and_stays_also_after_a_restart(self):
        host = self.start()
        self.assertEqual(self.plan(host, "a"), "planwright.noop-planner 1.0.0")
        digest = self.install(host, "next_good")
        self.assertIn(digest, host.cli("plugin", "ls", "--data", host.data))
        self.assertEqual(self.plan(host, "b"), "planwright.noop-planner 1.0.0", "installed is not yet running")
        self.assertIn("the next 2 items try", host.cli("plugin", "reload", "default"))
        for name in ("c", "d", "e"):
            self.assertEqual(self.plan(host, name), "planwright.noop-planner 2.0.0")
        versions = {p["version"]: p["queues"] for p in host.get("/api/plugins")["items"] if p["id"] == "planwright.noop-planner"}
        self.assertEqual(versions, {"1.0.0": [], "2.0.0": ["default"]})
        self.assertEqual(host.get("/api/plugins/planwright.noop-planner")["digest"], digest)
        self.assertEqual(len(self.events(host, "plugin.switched")), 1)
        self.assertIn("it runs what was installed last", host.cli("plugin", "reload", "default"))
        self.assertIn("runs it", host.cli_errors("plugin", "remove", digest, "--data", host.data))
        host.stop()
        host.start()
        self.assertEqual(self.plan(host, "f"), "planwright.noop-planner 2.0.0")
        host.cli("plugin", "rollback", "default")
        self.assertEqual(self.plan(host, "g"), "planwright.noop-planner 1.0.0")

    def test_what_a_version_on_trial_plans_is_compared(self):
        host = self.start(jobs=3, compare=True, rollback_window="2s")
        self.install(host, "next_good")
        host.cli("plugin", "reload", "default")
        for name in ("a", "b", "c"):
            self.plan(host, name)
        compared = self.events(host, "plugin.compared")
        self.assertEqual(sorted(each["filename"] for each in compared), ["a", "b"])
        for each in compared:
            self.assertEqual((each["same"], each["added"], each["removed"], each["changed"]), (False, 1, 3, 0))
        self.assertEqual(self.events(host, "plugin.switched")[0]["why"], "2 of 2 plans came out otherwise.")

    def test_the_version_before_is_kept_for_the_rollback_window(self):
        host = self.start(rollback_window=f"{3 * SLOWNESS}s")
        first = self.install(host, "next_good")
        host.cli("plugin", "reload", "default")
        for name in ("a", "b"):
            self.plan(host, name)
        self.install(host, "next_good", b"2")
        host.cli("plugin", "reload", "default")
        for name in ("c", "d"):
            self.plan(host, name)
        self.assertIn("may go back to it until", host.cli_errors("plugin", "remove", first, "--data", host.data))
        removal = ("plugin", "remove", first, "--data", host.data)
        eventually(lambda: host._run(removal).returncode == 0, lambda: host._run(removal).stderr)
        self.assertIn("ran no other version", host.cli_errors("plugin", "rollback", "default"))

    def test_a_bad_version_is_given_up_and_fails_no_input(self):
        host = self.start()
        self.install(host, "next_bad")
        host.cli("plugin", "reload", "default")
        for name in ("a", "b", "c"):
            self.assertEqual(self.plan(host, name), "planwright.noop-planner 1.0.0")
        self.assertIn("this version cannot plan", self.events(host, "plugin.rolled_back")[0]["why"])
        self.assertEqual([(i["status"], i["attempt"]) for i in host.inputs()], [("planned", 1)] * 3)

    def test_a_bad_builder_is_given_up_and_fails_no_build(self):
        host = self.start(jobs=3)
        self.plan(host, "a")
        self.install(host, "broken_builder")
        self.assertIn("the next 2 items try", host.cli("plugin", "reload", "default"))
        for name in ("b", "c"):
            self.plan(host, name)
        eventually(lambda: len(host.plans("built")) == 3, lambda: host.plans())
        self.assertIn("this version cannot build", self.events(host, "plugin.rolled_back")[0]["why"])
        self.assertEqual(host.sql("select count(*), count(distinct status) from jobs"), [["9", "1"]])

    def test_versions_inside_the_host_are_parked_and_counted(self):
        host = self.start(isolation="inproc", canary=0)

        def parked():
            return re.search("^planwright_plugin_parked_generations (.*)$", host.call("GET", "/metrics").body.decode(), re.M)[1]

        self.plan(host, "a")
        self.install(host, "next_alone")
        refused = host.cli_errors("plugin", "reload", "default")
        for word in ("Version 4.0.0", "beside version 1.0.0", '"reload": "process"', "Write isolation: process"):
            self.assertIn(word, refused)
        self.assertEqual(parked(), "0")
        self.install(host, "next_good")
        host.cli("plugin", "reload", "default")
        self.assertEqual(self.plan(host, "b"), "planwright.noop-planner 2.0.0")
        eventually(lambda: parked() == "1", lambda: f"{parked()} are parked")

    def test_refusals_name_the_cause(self):
        host = self.start()
        missing = host.folder / "none.so"
        host.cli("plugin", "install", missing, "--data", host.data, expect=3)
        text = host.folder / "text.so"
        text.write_text("hello")
        self.assertIn("ELF", host.cli_errors("plugin", "install", text, "--data", host.data))
        for name, reason in (("wrong_major", "plugin ABI 2"), ("liar", "Its manifest says")):
            copy = host.folder / f"{name}.so"
            shutil.copy(BUILD / "tests" / "plugins" / f"{name}.so", copy)
            self.assertIn(reason, host.cli_errors("plugin", "install", copy, "--data", host.data))
        open_to_all = host.folder / "open.so"
        shutil.copy(VERSIONS / "next_good.so", open_to_all)
        open_to_all.chmod(0o666)
        self.assertIn("chmod go-w", host.cli_errors("plugin", "install", open_to_all, "--data", host.data))
        self.assertEqual(host.cli("plugin", "ls", "--data", host.data), "")
        self.assertIn("ran no other version", host.cli_errors("plugin", "rollback", "default"))

    def test_with_a_lock_nothing_else_is_loaded(self):
        host = self.start()
        file = host.folder / "planwright.yaml"
        host.cli("plugin", "lock", "--config", file, "--data", host.data)
        self.assertIn("planwright.noop-planner", (host.folder / "plugins.lock").read_text())
        host.stop()
        file.write_text(file.read_text().replace('"queues"', '"plugins": {"require_lock": true}, "queues"', 1))
        host.start()
        self.assertEqual(self.plan(host, "a"), "planwright.noop-planner 1.0.0")
        self.install(host, "next_good")
        self.assertIn("plugins.lock has another digest", host.cli_errors("plugin", "reload", "default"))
        self.assertEqual(self.plan(host, "b"), "planwright.noop-planner 1.0.0")

    def test_many_versions_under_load_lose_and_double_nothing(self):
        host = self.start()

        def decided():
            return int(host.sql("select count(*) from events where type ~ '^plugin.(switched|rolled_back)$'")[0][0])

        sizes = []
        with under_load(self, host, patience=60 + RELOADS):
            for round in range(RELOADS):
                bad = round == RELOADS // 2
                self.install(host, "next_bad" if bad else "next_good", b"%d" % round)
                host.cli("plugin", "reload", "default")
                eventually(lambda: decided() > round, lambda: f"{decided()} decided of {round + 1}")
                sizes.append(self.resident(host))
        self.assertEqual(len(self.events(host, "plugin.rolled_back")), 1)
        self.assertEqual(len(self.events(host, "plugin.switched")), RELOADS - 1)
        self.assertEqual(self.plan(host, "last"), "planwright.noop-planner 2.0.0")
        tried = host.sql("select split_part(planner, ' ', 2), count(*) from plans group by 1 order by 1")
        # The load begins beside the first reload, so the version before it may plan nothing.
        self.assertLessEqual({"2.0.0"}, {version for version, _ in tried})
        self.assertLessEqual({version for version, _ in tried}, {"1.0.0", "2.0.0"})
        # What was loaded once stays loaded: a library and its instances, 0.1 MiB each time.
        grown = (sizes[-1] - sizes[RELOADS // 3]) / (RELOADS - 1 - RELOADS // 3)
        print(f"{grown / (1 << 20):.2f} MiB a version")
        if has_own_memory():
            self.assertLess(grown, 1 << 20)

    def resident(self, host):
        """Bytes of memory that the host holds."""
        statm = pathlib.Path(f"/proc/{host.process.pid}/statm").read_text().split()
        return int(statm[1]) * os.sysconf("SC_PAGESIZE")


if __name__ == "__main__":
    main()
