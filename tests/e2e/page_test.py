#!/usr/bin/python3
"""The page in a real browser: the flow tests of ui/ against a real host, and on the stand-in host what needs sizes that
only that one makes. See ui/README.md."""

import os
import re
import subprocess
import tempfile
import unittest

from harness import BINARY, ROOT, HostCase, main, queue_config

UI = ROOT / "ui"


def install():
    if not (UI / "node_modules" / ".package-lock.json").exists():
        # Not `npm ci`: it refuses a lock file without the optional parts of other platforms.
        subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund"], cwd=UI, check=True, stdout=subprocess.DEVNULL)


def flow(case, *files, **env):
    """Runs the flow tests; all must pass, and none may be left out."""
    install()
    run = subprocess.run(
        ["npm", "run", "test:flow", "--", *files],
        cwd=UI,
        env={**os.environ, "NO_COLOR": "1", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
    )
    case.assertEqual(run.returncode, 0, run.stdout[-6000:])
    case.assertRegex(run.stdout, re.compile(r"^[1-9][0-9]* passed, 0 failed, 0 skipped$", re.M), run.stdout[-6000:])


class PageTest(HostCase):
    def test_the_flow_works_in_a_browser(self):
        config = {"watch_roots": [tempfile.gettempdir()]}
        host = self.host(config=lambda folder: {**config, "queues": {"default": queue_config(folder / "input")}})
        flow(self, PLANWRIGHT_URL=host.url, PLANWRIGHT_TOKEN=host.token)


class OwnHostsTest(unittest.TestCase):
    def test_the_page_of_hosts_with_tokens(self):
        flow(self, "tokens", PLANWRIGHT_BINARY=BINARY)


class LargePageTest(unittest.TestCase):
    def test_large_plans_and_logs_are_drawn_in_part(self):
        flow(self, "scale")


if __name__ == "__main__":
    main()
