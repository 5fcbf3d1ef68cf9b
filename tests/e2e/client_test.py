#!/usr/bin/python3
"""A person at a terminal and a program on the event stream, in front of one host."""

import json
import signal
import subprocess
import urllib.request

from harness import BINARY, HostCase, eventually, main

RECIPE = 'jobs: {hello: {command: [echo, "hello"]}}'


class ClientTest(HostCase):
    def setUp(self):
        super().setUp()
        self.server = self.recipe_host()

    def file(self, name, content=RECIPE):
        path = self.folder / name
        path.write_text(content)
        return path

    def test_submit_follows_a_file_to_its_end(self):
        self.assertEqual(self.server.cli("submit", self.file("one.plan.yaml"), "--wait").split(), ["1"])
        self.assertEqual(self.server.cli("plans", "list", "--status", "built", "-o", "name").split(), ["1"])
        self.assertEqual(self.server.cli("logs", "1-hello"), "hello\n")
        again = self.server.call("POST", "/api/pending-inputs?filename=one.plan.yaml", RECIPE.encode())
        self.assertEqual((again.status, again.json["id"]), (200, 1), "the same bytes are the same input")
        other = self.server.call("POST", "/api/pending-inputs?filename=one.plan.yaml", RECIPE.encode() + b"\n")
        self.assertEqual((other.status, other.json["generation"]), (201, 2))
        broken = self.file("broken.plan.yaml", "jobs: 3")
        self.server.cli("submit", broken, "--wait", expect=1)

    def test_exit_codes_say_what_went_wrong(self):
        self.server.cli("submit", self.file("one.plan.yaml"), "--wait")
        self.server.cli("plans", "show", "99", expect=3)
        self.server.cli("enqueue-build", "1", expect=5)
        self.server.cli("settings", "set", "auto_plan=5", expect=2)
        self.server.cli("--no-such-option", expect=2)
        self.server.cli("--server", "http://127.0.0.1:9", "status", expect=6)

    def test_every_list_and_status_is_readable(self):
        self.server.cli("submit", self.file("one.plan.yaml"), "--wait")
        for words in (["status"], *([name, "list"] for name in ("inputs", "plans", "builds", "queues", "workers"))):
            self.assertRegex(self.server.cli(*words), r"(?m)default|^\d", words)
        for name, path in [("inputs", "pending-inputs"), ("plans", "plans"), ("builds", "builds")]:
            self.assertEqual(json.loads(self.server.cli(name, "list", "-o", "json")), self.server.get(f"/api/{path}"))
        self.assertIn("planwright_items_finished_total", self.server.call("GET", "/metrics").body.decode())

    def events_until(self, last_type, headers=None):
        """Reads the stream up to an event of that type; gives [(id, type)]."""
        request = urllib.request.Request(self.server.url + "/api/events/stream", headers=headers or {})
        seen, cursor = [], None
        with urllib.request.urlopen(request, timeout=20) as stream:
            yield seen  # connected
            for line in stream:
                if line.startswith(b"id:"):
                    cursor = line[3:].strip().decode()
                elif line.startswith(b"data:"):
                    seen.append((cursor, json.loads(line[5:])["type"]))
                    if seen[-1][1] == last_type:
                        break
        yield seen

    def test_the_event_stream_tells_all_in_order_and_resumes(self):
        stream = self.events_until("plan.built")
        next(stream)
        self.server.drop("one.plan.yaml", RECIPE)
        seen = next(stream)
        types = [kind for _, kind in seen if not kind.startswith("job.")]
        self.assertEqual(
            types, ["input.recorded", "input.planning", "input.planned", "plan.ready_for_build",
                    "plan.building", "plan.built"]
        )  # fmt: skip
        resumed = self.events_until("plan.built", {"Last-Event-ID": seen[2][0]})
        next(resumed)
        self.assertEqual(next(resumed), seen[3:])

    def test_following_events_on_the_command_line(self):
        follow = subprocess.Popen(
            [BINARY, "events", "--follow", "-o", "jsonl"],
            env=self.server.env,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(follow.stdout.close)
        eventually(
            lambda: "planwright_event_clients 1" in self.server.call("GET", "/metrics").body.decode(), "it listens"
        )
        self.server.drop("one.plan.yaml", RECIPE)
        for line in follow.stdout:
            if "plan.built" in line:
                break
        follow.send_signal(signal.SIGINT)
        self.assertEqual(follow.wait(10), 130)


if __name__ == "__main__":
    main()
