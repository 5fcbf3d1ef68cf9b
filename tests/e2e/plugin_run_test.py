#!/usr/bin/env python3
"""`planwright plugin run`: one item through a plugin, without a server."""

import json
import pathlib
import shutil
import tempfile
import unittest

from commands import BINARY, BUILD, Done, main

PLUGINS = BUILD / "plugins"
FAULTY = BUILD / "tests" / "plugins" / "faulty.so"
RECIPE = """\
jobs:
  greet: {command: ["sh", "-c", "echo hello > out.txt; echo said"], outputs: [out.txt]}
  shout: {needs: [greet], command: tr a-z A-Z < in.txt > loud.txt, inputs: {in.txt: greet/out.txt}, outputs: [loud.txt]}
"""


class PluginRun(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="planwright-run."))
        self.addCleanup(shutil.rmtree, self.folder)
        self.recipe = self.file("a.plan.yaml", RECIPE)

    def file(self, name, text):
        (self.folder / name).write_text(text)
        return self.folder / name

    def plugin(self, so, *words):
        return Done(BINARY, "plugin", "run", so, *words)

    def test_a_planner_prints_its_plan(self):
        done = self.plugin(PLUGINS / "planner_recipe.so", self.recipe)
        self.assertEqual(done.code, 0, done)
        self.assertEqual([job["id"] for job in json.loads(done.out)["jobs"]], ["greet", "shout"])
        raw = self.plugin(PLUGINS / "planner_recipe.so", self.recipe, "-o", "json")
        self.assertEqual(json.loads(raw.out), json.loads(done.out))

    def test_a_planner_has_its_input_as_a_blob_too(self):
        """Planners that hand the input on to a program ask for it by its digest."""
        lock = self.file("package-lock.json", json.dumps({"name": "a", "lockfileVersion": 3, "packages": {"": {"name": "a"}}}))
        done = self.plugin(PLUGINS / "planner_npm.so", lock)
        self.assertEqual(done.code, 0, done)
        self.assertEqual([job["id"] for job in json.loads(done.out)["jobs"]], ["install"])

    def test_a_refused_input_is_failed_work_with_the_plugins_words(self):
        done = self.plugin(PLUGINS / "planner_recipe.so", self.file("b.plan.yaml", "jobs: 7\n"))
        self.assertEqual((done.code, done.out), (1, ""), done)
        self.assertIn("planwright: rejected: ", done.err)

    def test_a_job_of_a_plan_runs_in_a_folder_with_its_inputs(self):
        plan = self.file("plan.json", self.plugin(PLUGINS / "planner_recipe.so", self.recipe).out)
        work = self.folder / "work"
        done = self.plugin(PLUGINS / "builder_command.so", plan, "--job", "greet", "--set", "sandbox=none",
                           "--workdir", work)
        self.assertEqual((done.code, done.out), (0, "out.txt  6 bytes\n"), done)
        self.assertIn("said", done.err)
        self.assertEqual((work / "out.txt").read_text(), "hello\n")

        without = self.plugin(PLUGINS / "builder_command.so", plan, "--job", "shout", "--set", "sandbox=none")
        self.assertEqual(without.code, 2, without)
        self.assertIn("--files", without.err)
        self.file("in.txt", "hello\n")
        done = self.plugin(PLUGINS / "builder_command.so", plan, "--job", "shout", "--set", "sandbox=none",
                           "--files", self.folder)
        self.assertEqual((done.code, done.out), (0, "loud.txt  6 bytes\n"), done)

    def test_a_job_that_fails_or_leaves_out_an_output_is_failed_work(self):
        for command, words in (("exit 3", "3"), ("true", "out.txt")):
            job = self.file("job.json", json.dumps({"id": "a", "spec": {"command": command}, "outputs": ["out.txt"]}))
            done = self.plugin(PLUGINS / "builder_command.so", job, "--set", "sandbox=none")
            self.assertEqual(done.code, 1, done)
            self.assertIn(words, done.err)

    def test_a_source_is_polled_once(self):
        done = self.plugin(FAULTY, "--stage", "source", "--cursor", "7")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.out.split()[:2], ["a.txt", "/drop/a.txt"])
        self.assertIn("cursor: 7+", done.err)

    def test_settings_are_checked_and_a_text_needs_no_quotes(self):
        done = self.plugin(FAULTY, self.recipe, "--set", "how=reject")
        self.assertEqual(done.code, 1, done)
        self.assertIn("line 3 is wrong\nthe whole story", done.err)
        self.assertEqual(self.plugin(FAULTY, self.recipe, "--set", "who=7").code, 2)
        self.assertEqual(self.plugin(FAULTY, self.recipe, "--set", "how").code, 2)

    def test_a_secret_comes_from_a_file_and_is_masked(self):
        done = self.plugin(FAULTY, self.recipe, "--set", "how=secret", "--secret", f"token={self.file('t', 'hunter2')}")
        self.assertEqual(done.code, 0, done)
        self.assertIn("info: the token is ***", done.err)

    def test_a_deadline_stops_it(self):
        done = self.plugin(FAULTY, self.recipe, "--set", "how=wait", "--deadline", "100ms")
        self.assertEqual(done.code, 7, done)

    def test_what_is_no_plugin_says_why(self):
        done = self.plugin(self.recipe, self.recipe)
        self.assertEqual(done.code, 2, done)
        self.assertIn("not an ELF file", done.err)
        self.assertEqual(self.plugin(self.folder / "none.so", self.recipe).code, 3)
        self.assertEqual(self.plugin(BUILD / "tests/plugins/liar.so", self.recipe).code, 2)


if __name__ == "__main__":
    main()
