#!/usr/bin/python3
"""The page in a real browser against a real host: the flow tests of ui/, see ui/README.md."""

import os
import subprocess

from harness import ROOT, HostCase, main, queue_config

UI = ROOT / "ui"


class PageTest(HostCase):
    def test_the_flow_works_in_a_browser(self):
        host = self.host(config=lambda folder: {"queues": {"default": queue_config(folder / "input")}})
        if not (UI / "node_modules" / ".package-lock.json").exists():
            # Not `npm ci`: it refuses a lock file without the optional parts of other platforms.
            subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund"], cwd=UI, check=True, stdout=subprocess.DEVNULL)
        flow = subprocess.run(
            ["npm", "run", "test:flow"],
            cwd=UI,
            env={**os.environ, "PLANWRIGHT_URL": host.url, "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
        )
        self.assertEqual(flow.returncode, 0, flow.stdout[-6000:])


if __name__ == "__main__":
    main()
