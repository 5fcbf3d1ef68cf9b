#!/usr/bin/env python3
"""What strangers write (names of files, logs of jobs) drives no terminal and deceives nobody."""

import json
import os
import pty
import subprocess
import urllib.parse

from harness import BINARY, HostCase, eventually, main

HOSTILE = r"""
printf '\033]0;a title\007\033]52;c;aGk=\007\033[6n\033[5n\033[2J\033[1;31mred\033[0m\033]8;;http://x\033\\link\n'
i=0; while [ $i -lt 3000 ]; do printf '%s of 3000\r' $i; i=$((i + 1)); done; printf 'finished ok\n'
printf '\033]0;a title that never ends\nERROR: needle\n'
"""
DECEIVING = "in\u202efdp.\x1b[2J\nexe"
UNSEEN = "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]"


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

    def test_names_of_outputs_deceive_nobody(self):
        """Jobs may call what they leave as they like: it is shown as it is wherever somebody reads it."""
        host = self.recipe_host()
        make = {
            "good": r"""printf x > "$(printf 'in\342\200\256fdp.\033[2J\nexe')" """,
            "bad": r"""ln -s /etc/passwd "$(printf 'a\342\200\256b\033]0;t\007')" """,
        }
        host.drop("a.plan.yaml", json.dumps({"jobs": {
            name: {"command": command, "outputs": ["**"]} for name, command in make.items()}}))
        eventually(lambda: host.plans("failed"), lambda: (host.inputs(), host.plans(), host.log_tail()))
        plan = host.plans()[0]["id"]
        jobs = host.jobs(plan)
        [build] = host.builds()
        self.assertIn("a\\u202eb\\x1b]0;t\\x07 is not a regular file", jobs["bad"]["reason"]["message"])
        self.assertNotRegex(jobs["bad"]["reason"]["message"], UNSEEN)
        answer = host.call("GET", f"/api/builds/{build['id']}/artifacts/{urllib.parse.quote(DECEIVING)}")
        self.assertEqual((answer.status, answer.body), (200, b"x"))
        self.assertNotRegex(answer.headers["Content-Disposition"], UNSEEN)
        answer = host.call("GET", f"/api/builds/{build['id']}/artifacts/{urllib.parse.quote('not' + DECEIVING)}")
        self.assertEqual(answer.status, 404)
        self.assertNotRegex(answer.json["detail"], UNSEEN)
        self.assertNotRegex(host.log.read_text(), UNSEEN)
        for words in (["jobs", "list"], ["builds", "list"], ["why", "job", str(jobs["bad"]["id"])],
                      ["why", "build", str(build["id"])], ["build", str(build["id"]), "manifest"],
                      ["events"], ["dead-letters", "list"], ["watch", "plan", str(plan)]):
            with self.subTest(words):
                said = subprocess.run([BINARY, *words], env=host.env, capture_output=True, text=True, timeout=60)
                self.assertIn(said.returncode, (0, 1), said.stderr)
                self.assertNotRegex(said.stdout + said.stderr, UNSEEN)

    def test_names_in_requests_come_back_as_they_look(self):
        host = self.recipe_host()
        host.drop("a.plan.yaml", 'jobs: {a: {command: "true", inputs: {"x\u202ey": "b/\u202ez"}}}')
        failed = eventually(lambda: host.inputs("failed"), lambda: (host.inputs(), host.log_tail()))
        self.assertNotRegex(failed[0]["reason"]["message"], UNSEEN)
        for path in ("/api/plugins/x%E2%80%AEy", "/simple/default/x%E2%80%AEy/", "/api/queues/x%E2%80%AEy", "/api/x%E2%80%AEy",
                     "/api/plans?x%E2%80%AEy=1", "/api/plans?status=x%E2%80%AEy", "/api/settings/x%0Ay"):
            answer = host.call("GET", path)
            self.assertGreaterEqual(answer.status, 400, path)
            for said in [answer.json, *answer.json.get("errors", [])]:
                self.assertNotRegex(said["detail"], UNSEEN, path)


if __name__ == "__main__":
    main()
