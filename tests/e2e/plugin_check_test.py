#!/usr/bin/env python3
"""`planwright plugin check`: the bundled plugins keep their promises, each misfit is caught by the check for it."""

import json
import pathlib
import tempfile
import unittest
import xml.etree.ElementTree

from commands import BINARY, BUILD, Done, main

PLUGINS = BUILD / "plugins"
MISFITS = BUILD / "tests" / "plugins"

# What the setting `how` of misfit.so makes wrong -> the checks that must fail.
CAUGHT_BY = {
    "well": [],
    "refuses-to-live": ["makes-an-instance"],
    "throws": ["works-once"],
    "crashes": ["works-once"],
    "exits": ["works-once"],
    "hangs": ["works-once"],
    "dies-undestroyed": ["destroy-without-start"],
    "dies-drained-twice": ["drain-twice"],
    "shares-state": ["two-instances-do-not-share-state"],
    "leaks-threads": ["no-thread-left-after-stop"],
    "leaks-processes": ["no-process-left-after-stop"],
    "leaks-fds": ["no-fd-leak"],
    "dies-of-nothing": ["empty-input"],
    "dies-of-length": ["4-MiB-line"],
    "dies-of-bytes": ["strange-bytes"],
    "invalid-plan": ["plan-schema-valid"],
    "is-random": ["same-input-same-bytes", "same-in-both-modes"],
    "knows-its-process": ["same-in-both-modes"],
    "breaks-when-stopped": ["host-cancels-at-call-n"],
    "trusts-the-host": ["host-fails-for-now", "host-refuses", "blob-missing"],
}


class PluginCheck(unittest.TestCase):
    def check(self, so, *words, expect=None):
        done = Done(BINARY, "plugin", "check", so, "--json", *words)
        self.assertIn(done.code, (0, 1) if expect is None else (expect,), done)
        report = json.loads(done.out)
        self.assertEqual(report["failed"] > 0, done.code == 1)
        return report

    def failed(self, report):
        return [check["name"] for check in report["checks"] if check["verdict"] == "failed"]

    def test_bundled_plugins_keep_their_promises(self):
        plugins = sorted(PLUGINS.glob("*.so"))
        self.assertGreater(len(plugins), 5)
        for so in plugins:
            with self.subTest(so.name):
                needed = {"source_folder.so": "path=/nowhere", "source_git.so": "url=/nowhere"}.get(so.name)
                report = self.check(so, *(["--set", needed] if needed else []))
                self.assertEqual(report["failed"], 0, json.dumps(report, indent=1))
                self.assertGreater(report["passed"], 15, json.dumps(report, indent=1))

    def test_each_misfit_is_caught_by_the_check_for_it(self):
        for how, checks in CAUGHT_BY.items():
            with self.subTest(how):
                # Only what hangs needs to be cut short: a slow machine takes seconds for 4 MiB.
                limit = ["--timeout", "3s"] if how == "hangs" else []
                report = self.check(MISFITS / "misfit.so", "--set", f"how={how}", *limit)
                self.assertEqual(self.failed(report), checks, json.dumps(report, indent=1))

    def test_who_ignores_a_stop_is_caught(self):
        report = self.check(MISFITS / "misfit.so", "--set", "how=ignores-stop", "--only", "work")
        self.assertEqual(self.failed(report), ["cancel-within-1-s"])

    def test_files_that_are_built_wrong_are_caught(self):
        for name, checks in (("wrong_major", ["speaks-this-abi"]), ("liar", ["manifest-matches-code"]),
                             ("bad_schema", ["settings-schema"]),
                             ("pinned", ["exports-one-symbol", "no-nodelete", "unload-really-unloads"])):
            with self.subTest(name):
                report = self.check(MISFITS / f"{name}.so", expect=1)
                self.assertEqual(self.failed(report), checks, json.dumps(report, indent=1))

    def test_a_schema_is_told_everything_at_once(self):
        report = self.check(MISFITS / "bad_schema.so", "--only", "settings-schema", expect=1)
        message = report["checks"][0]["message"]
        for place in ("/settings: a mistyped name", "/settings/properties/port: nothing fits",
                      "/settings/properties/token: a secret is text",
                      "/settings/properties/anything: it accepts anything"):
            self.assertIn(place, message)

    def test_the_death_of_a_plugin_is_told_with_its_signal(self):
        done = Done(BINARY, "plugin", "check", MISFITS / "misfit.so", "--set", "how=crashes", "--only", "works-once")
        self.assertEqual(done.code, 1, done)
        self.assertIn("It died of signal 11 (Segmentation fault).", done.out)
        self.assertIn("0 passed, 1 failed", done.out)

    def test_the_report_is_read_by_continuous_integration(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "report.xml"
            self.check(MISFITS / "liar.so", "--junit", file, expect=1)
            suite = xml.etree.ElementTree.parse(file).getroot()
            self.assertEqual(suite.get("failures"), "1")
            broken = [case.get("name") for case in suite if case.find("failure") is not None]
            self.assertEqual(broken, ["manifest-matches-code"])

    def test_samples_must_be_taken(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "a.plan.yaml").write_text("jobs: {a: {command: 'true'}}\n")
            recipe = PLUGINS / "planner_recipe.so"
            self.assertEqual(self.check(recipe, "--input", folder)["failed"], 0)
            (pathlib.Path(folder) / "b.plan.yaml").write_text("jobs: 7\n")
            report = self.check(recipe, "--input", folder, expect=1)
            self.assertEqual(self.failed(report), ["takes-its-samples"])

    def test_wrong_usage_is_no_finding(self):
        recipe = PLUGINS / "planner_recipe.so"
        self.assertEqual(Done(BINARY, "plugin", "check", recipe, "--only", "nonsense").code, 2)
        self.assertEqual(Done(BINARY, "plugin", "check", recipe, "--set", "nonsense=1").code, 2)
        self.assertEqual(Done(BINARY, "plugin", "check", "/nowhere.so").code, 3)


if __name__ == "__main__":
    main()
