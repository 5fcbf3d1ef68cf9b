"""Commands that need no server, and tests made of them: `main()` ends as tests/run wants it."""

import os
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("PLANWRIGHT_BINARY", ROOT / "build" / "planwright"))
BUILD = BINARY.parent


class Done:
    """How a command ended: its exit code, stdout and stderr."""

    def __init__(self, *words, cwd=None, env=None):
        done = subprocess.run(list(map(str, words)), cwd=cwd, env=env, capture_output=True, text=True, timeout=300)
        self.words, self.code, self.out, self.err = words, done.returncode, done.stdout, done.stderr

    def __str__(self):
        return f"{' '.join(map(str, self.words))} ended with {self.code}:\n{self.out}{self.err}"


def run(*words, cwd=None, env=None, expect=0):
    """The stdout of a command that must end with `expect`."""
    done = Done(*words, cwd=cwd, env=env)
    assert done.code == expect, str(done)
    return done.out


def main():
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    sys.exit(bad > 0)
