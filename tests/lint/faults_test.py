#!/usr/bin/env python3
"""Each check of tests/lint/run finds a fault of its kind, planted in a copy of the sources; without it, it is content."""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "e2e"))

from commands import main  # noqa: E402

COPY = ROOT / "build-lint" / "copy"


def git(*words, **more):
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True, **more).stdout


def lint(check):
    """Exit code and words of one check in the copy; what is not committed there has changed."""
    done = subprocess.run(
        [COPY / "tests" / "lint" / "run", "-k", check],
        env={**os.environ, "LINT_SINCE": "HEAD"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    return done.returncode, done.stdout + done.stderr


class FaultsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(COPY, ignore_errors=True)
        COPY.mkdir(parents=True)
        files = [name for name in git("ls-files", "-co", "--exclude-standard", cwd=ROOT).splitlines() if (ROOT / name).exists()]
        subprocess.run(["cp", "-p", "--parents", *files, COPY], cwd=ROOT, check=True)
        subprocess.run(["cp", "-al", ROOT / "ui" / "node_modules", COPY / "ui"], check=True)
        git("init", "-q", cwd=COPY)
        git("add", "-A", cwd=COPY)
        git("-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-q", "-m", "copy", cwd=COPY)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(COPY, ignore_errors=True)

    def planted(self, check, said, file, text, before=None):
        """Adds `text` at the end of `file`, or before the first `before` in it."""
        path = COPY / file
        old = path.read_text() if path.exists() else ""
        at = old.index(before) if before else len(old)
        path.write_text(old[:at] + text + old[at:])
        try:
            code, words = lint(check)
        finally:
            path.write_text(old) if old else path.unlink()
        if words.startswith("SKIPPED"):
            self.skipTest(words.splitlines()[0])
        self.assertEqual(code, 1, words)
        self.assertIn(said, words)
        self.assertRegex(words, rf"FAILED {check}\n0 passed, 1 failed, 0 skipped\n$")

    def test_format(self):
        self.planted("format", "host/main.cc", "host/main.cc", "int  badlyFormatted ;\n")

    def test_shell(self):
        self.planted("shell", "SC2034", "config/up", "nobody_reads=1\n", before="exec build")

    def test_shell_in_a_file_that_is_sourced(self):
        self.planted("shell", "SC2164", "tests/runner/counting.sh", "\ncd /nowhere\n")

    def test_python(self):
        self.planted("python", "undefined name 'nobody'", "tests/e2e/load.py", "\nprint(nobody)\n")

    def test_python_without_a_suffix(self):
        self.planted("python", "imported but unused", "tests/bench/run", "import calendar\n", before="import argparse")

    def test_types(self):
        self.planted("types", "fault.ts", "ui/src/lib/fault.ts", "export const fault: string = 1;\n")

    def test_eslint_with_the_rules_of_hooks(self):
        self.planted(
            "eslint",
            "react-hooks/rules-of-hooks",
            "ui/src/ui/fault.tsx",
            "import { useState } from 'preact/hooks';\n"
            "export function Fault({ on }: { on: boolean }) {\n"
            "  if (on) useState(1);\n"
            "  return null;\n"
            "}\n",
        )

    def test_dist(self):
        self.planted("dist", "dist", "ui/src/style/frame.css", ".planted { color: red; }\n")

    def test_tidy(self):
        self.planted("tidy", "readability-identifier-naming", "host/model/fault.cc", "int Badly_Named() { return 1; }\n")

    def test_an_include_that_is_missing(self):
        self.planted("alone", "host/model/fault.h does not compile alone", "host/model/fault.h", "std::vector<int> fault();\n")

    def test_a_warning(self):
        self.planted("alone", "-Werror=unused-variable", "host/model/fault.cc", "void fault() { int unused = 1; }\n")

    def test_nothing_is_said_of_what_is_right(self):
        for check in ("format", "shell", "python"):
            code, words = lint(check)
            if words.startswith("SKIPPED"):
                continue  # as the test of its fault says
            self.assertEqual((code, words.splitlines()[-1]), (0, "1 passed, 0 failed, 0 skipped"), words)


if __name__ == "__main__":
    main()
