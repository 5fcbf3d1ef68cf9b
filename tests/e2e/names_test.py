#!/usr/bin/env python3
"""What strangers write (names of files, logs of jobs) drives no terminal and deceives nobody."""

import os
import pty
import subprocess

from harness import BINARY, HostCase, eventually, main

HOSTILE = r"""
printf '\033]0;a title\007\033]52;c;aGk=\007\033[6n\033[5n\033[2J\033[1;31mred\033[0m\033]8;;http://x\033\\link\n'
i=0; while [ $i -lt 3000 ]; do printf '%s of 3000\r' $i; i=$((i + 1)); done; printf 'finished ok\n'
printf '\033]0;a title that never ends\nERROR: needle\n'
"""


class Names(HostCase):
    def built(self, host, name, recipe):
        host.drop(name, recipe)
        eventually(lambda: host.plans("built"), lambda: (host.inputs(), host.plans(), host.log_tail()))

    def on_a_terminal(self, host, *words):
        """What a command writes to a terminal."""
        ours, theirs = pty.openpty()
        env = {**host.env, "TERM": "xterm"}
        env.pop("NO_COLOR", None)
        command = subprocess.Popen(
            [BINARY, *words], stdout=theirs, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=env)
        os.close(theirs)
        out = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # EIO: the other end is closed
                break
            if not piece:
                break
            out += piece
        os.close(ours)
        self.assertEqual(command.wait(30), 0, out)
        return out.replace(b"\r\n", b"\n")

    def test_a_log_on_a_terminal_has_colours_and_nothing_else(self):
        host = self.recipe_host()
        command = HOSTILE.replace("\n", "\n      ")
        self.built(host, "a.plan.yaml", f"jobs:\n  a:\n    command: |{command}\n")
        job = str(host.jobs(host.plans()[0]["id"])["a"]["id"])
        shown = self.on_a_terminal(host, "logs", job)
        self.assertEqual(shown.replace(b"\x1b[1;31m", b"").replace(b"\x1b[0m", b""),
                         b"redlink\nfinished ok\n\nERROR: needle\n")
        self.assertIn(b"\x1b[1;31mred", shown)
        self.assertNotIn(b"\x1b]", shown)
        self.assertIn(b"\x1b]52;c;aGk=\x07", self.on_a_terminal(host, "logs", job, "--raw"))
        self.assertIn("\x1b[6n", host.cli("logs", job), "a file may have all")
        found = host.get(f"/api/jobs/{job}/log/search?q=needle")
        self.assertEqual(([line["text"] for line in found["lines"]], found["complete"]), (["ERROR: needle"], True))
        self.assertEqual(host.get(f"/api/jobs/{job}/log?from=2&limit=1")["lines"], ["finished ok"])

    def test_one_rule_for_names_whichever_way_they_come(self):
        host = self.recipe_host()
        recipe = "jobs: {a: {command: 'true'}}"
        host.drop("two\nlines\x1b[2J.plan.yaml", recipe)
        refused = eventually(lambda: host.items("/api/events?type=file.refused"), "it is refused")
        data = refused[0]["event"]["data"]
        self.assertEqual(data["filename"], "two\\nlines\\x1b[2J.plan.yaml")
        self.assertIn("control character", data["reason"])
        answer = host.call("POST", "/api/pending-inputs?filename=two%0Alines.plan.yaml", recipe.encode())
        self.assertIn(answer.status, (400, 422))
        self.assertIn("control character", answer.json["detail"])
        self.assertEqual(host.inputs(), [])
        log = host.log.read_text(errors="replace")
        self.assertNotIn("\x1b", log)
        self.assertEqual([line for line in log.splitlines() if "lines" in line and "refused" not in line], [])

    def test_names_that_turn_around_are_shown_as_they_are(self):
        host = self.recipe_host()
        self.built(host, "a\u202eb.plan.yaml", "jobs: {a: {command: 'true'}}")
        self.assertIn("a\\u202eb.plan.yaml", host.cli("inputs", "list"))
        self.assertEqual(host.inputs()[0]["filename"], "a\u202eb.plan.yaml", "the API has the name itself")
        self.assertNotIn("\u202e", host.log.read_text())


if __name__ == "__main__":
    main()
