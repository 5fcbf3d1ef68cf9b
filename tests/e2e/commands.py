"""Commands that need no server, and tests made of them: `main()` runs them and ends as tests/run wants it."""

import os
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("PLANWRIGHT_BINARY", ROOT / "build" / "planwright"))
BUILD = BINARY.parent


def sanitizer():
    """What the programs under test were built with, such as "thread"; usually nothing."""
    try:
        lines = (BUILD / "CMakeCache.txt").read_text().splitlines()
    except OSError:  # an installed program
        return ""
    return next((line.split("=", 1)[1] for line in lines if line.startswith("PLANWRIGHT_SANITIZE:")), "")


SLOWNESS = 4 if sanitizer() else 1  # how much longer things may take


def has_own_memory():
    """Whether what a host holds is its own, and may be measured: a sanitizer keeps much beside it."""
    if sanitizer():
        print(f"The memory of the host is not compared: {sanitizer()} sanitizers keep much beside it.")
    return not sanitizer()


class Done:
    """How a command ended: its exit code, stdout and stderr."""

    def __init__(self, *words, cwd=None, env=None):
        done = subprocess.run(list(map(str, words)), cwd=cwd, env=env, capture_output=True, text=True,
                              timeout=300 * SLOWNESS)
        self.words, self.code, self.out, self.err = words, done.returncode, done.stdout, done.stderr

    def __str__(self):
        return f"{' '.join(map(str, self.words))} ended with {self.code}:\n{self.out}{self.err}"


def run(*words, cwd=None, env=None, expect=0):
    """The stdout of a command that must end with `expect`."""
    done = Done(*words, cwd=cwd, env=env)
    assert done.code == expect, str(done)
    return done.out


def end(result):
    """Ends the program as tests/run wants it: a line for each skip, then how many passed, failed and were skipped."""
    sys.stderr.flush()
    for test, reason in result.skipped:
        print(f"SKIPPED {test}: {' '.join(reason.split())}")
    bad = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    # A test of subtests may fail several times or skip some of them; it passed if all that it tried did.
    failed = [getattr(test, "test_case", test) for test, _ in result.failures + result.errors]
    failed = {test.id() for test in failed + result.unexpectedSuccesses if isinstance(test, unittest.TestCase)}
    whole = {test.id() for test, _ in result.skipped if not hasattr(test, "test_case")}
    good = result.testsRun - len(failed | whole)
    print(f"{good} passed, {bad} failed, {len(result.skipped)} skipped", flush=True)
    sys.exit(1 if bad else 0)


def main():
    end(unittest.main(exit=False, verbosity=0).result)
