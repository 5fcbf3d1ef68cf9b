#!/usr/bin/python3
"""What the README tells a newcomer to type, typed."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness import BINARY, ROOT, eventually, main, processes_of

README = (ROOT / "README.md").read_text()
NAME = "readme-test.plan.yaml"


class ReadmeTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="planwright-readme-"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup((ROOT / "input" / NAME).unlink, missing_ok=True)

    def run_up(self):
        """`config/up`, but with a data folder and port that disturb nobody."""
        options = ["--data", self.folder / "data", "--listen", "127.0.0.1:0"]
        with open(self.folder / "log", "wb") as log:
            up = subprocess.Popen([ROOT / "config" / "up", *options], stdout=subprocess.PIPE, stderr=log, text=True)
        self.addCleanup(up.stdout.close)
        self.addCleanup(lambda: up.poll() is None and up.kill())
        line = up.stdout.readline()
        self.assertRegex(line, r"^planwright ready http://", (self.folder / "log").read_text())
        return up, line.split()[2]

    def test_up_starts_a_host_that_plans_and_builds_the_recipe_of_the_readme(self):
        recipe = re.search(r"```yaml\n(jobs:.*?)```", README, re.S).group(1)
        up, url = self.run_up()

        def planwright(*words):
            done = subprocess.run(
                [BINARY, *words],
                env={**os.environ, "PLANWRIGHT_SERVER": url, "PLANWRIGHT_TOKEN_FILE": str(self.folder / "data" / "token")},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=60,
            )
            self.assertEqual(done.returncode, 0, (words, done.stdout))
            return done.stdout

        self.assertIn("input", (self.folder / "log").read_text())
        planwright("status")
        (ROOT / "input" / NAME).write_text(recipe)
        eventually(lambda: NAME in planwright("plans", "list"), lambda: planwright("inputs", "list"))
        plan = planwright("plans", "list", "-q", NAME, "-o", "name").strip()
        planwright("enqueue-build", plan)
        planwright("watch", "plan", plan)
        self.assertIn("succeeded", planwright("jobs", "list", plan))
        up.send_signal(signal.SIGTERM)
        self.assertEqual(up.wait(30), 0)
        eventually(lambda: not processes_of(self.folder), lambda: processes_of(self.folder), 10)

    def test_every_command_of_the_readme_exists(self):
        blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S))
        commands = sorted(set(re.findall(r"\bplanwright ([a-z][a-z-]*)", blocks)))
        self.assertGreater(len(commands), 8, commands)
        for words in commands:
            done = subprocess.run([BINARY, words, "--help"], capture_output=True, timeout=20)
            self.assertEqual(done.returncode, 0, words)
        for path in ("config/up", "tests/run"):
            self.assertTrue(os.access(ROOT / path, os.X_OK), path)


if __name__ == "__main__":
    main()
